/** A whole tree as text, to compare two of them and see where they differ. */
import { childPath } from '../../protocol/paths.ts';
import { STAT_BYTES } from '../../protocol/stat.ts';
import type { Database } from '../../server/node/database.ts';

/** A line a node, in the order of paths: data, stat and ACL; then sessions, the last zxid and the digest. */
export function treeText({ tree, sessions, lastZxid }: Database): string[] {
  const lines: string[] = [];
  const stat = Buffer.alloc(STAT_BYTES);
  const visit = (path: string): void => {
    const node = tree.find(path);
    tree.writeStat(node, stat, 0);
    const { store } = tree;
    const length = store.dataLength(node);
    const at = length > 0 ? store.dataOffset(node) : 0;
    const data =
      length < 0 ? 'null' : length === 0 ? '' : store.dataSlab(node).toString('hex', at, at + length);
    const acl = JSON.stringify(tree.aclOf(node));
    lines.push(`${JSON.stringify(path)} ${data} ${stat.toString('hex')} ${acl}`);
    for (const name of tree.childNames(node).sort()) visit(childPath(path, name));
  };
  visit('/');
  const known = [...sessions].map(([id, timeout]) => `session ${id} ${timeout}`).sort();
  return [...lines, ...known, `zxid ${lastZxid}`, `digest ${tree.digest.value()}`];
}
