/** A server's tree against the model's. */
import { decode } from '../../jute/schema.ts';
import { SYSTEM_PATHS } from '../../protocol/paths.ts';
import { STAT_BYTES, Stat } from '../../protocol/stat.ts';
import type { Database } from '../../server/node/database.ts';
import { NO_NODE } from '../../server/tree/node-store.ts';
import { canonical, type Violation } from './history.ts';
import type { ModelTree } from './model-tree.ts';

/** Where they differ: nodes, data, stats, sessions. */
export function compareTrees(
  { tree, sessions }: Database,
  model: ModelTree,
  expectedSessions: ReadonlyMap<bigint, number>,
): Violation[] {
  const violations: Violation[] = [];
  const say = (text: string): void => void violations.push({ rule: 'the tree is the model’s', text });
  const paths = model.paths();
  if (paths.length !== tree.nodeCount) say(`${tree.nodeCount} nodes, expected ${paths.length}`);
  for (const path of paths) {
    // An ensemble writes its configuration there, each server for itself.
    if (path === SYSTEM_PATHS.config) continue;
    const node = tree.find(path);
    if (node === NO_NODE) {
      say(`${path} is missing`);
      continue;
    }
    const bytes = Buffer.alloc(STAT_BYTES);
    tree.writeStat(node, bytes, 0);
    const stat = decode(Stat, bytes);
    if (canonical(stat) !== canonical(model.stat(path))) {
      say(`${path}: ${canonical(stat)}, expected ${canonical(model.stat(path))}`);
    }
    const length = tree.store.dataLength(node);
    const at = length > 0 ? tree.store.dataOffset(node) : 0;
    const data =
      length < 0
        ? null
        : Buffer.from(length === 0 ? [] : tree.store.dataSlab(node).subarray(at, at + length));
    if (canonical(data) !== canonical(model.node(path)?.data)) say(`${path} has other data`);
  }
  const sort = (map: ReadonlyMap<bigint, number>): string =>
    canonical([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
  if (sort(sessions) !== sort(expectedSessions)) {
    say(`sessions ${sort(sessions)}, expected ${sort(expectedSessions)}`);
  }
  return violations;
}
