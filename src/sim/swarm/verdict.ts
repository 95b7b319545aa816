/**
 * What is judged when a run is over: servers against each other, against their disks, and against what
 * clients saw.
 */

import { SYSTEM_PATHS } from '../../protocol/paths.ts';
import { checkCounter, checkLock } from '../checkers/check-counts.ts';
import { checkHistory } from '../checkers/check-history.ts';
import { checkMoves } from '../checkers/check-moves.ts';
import { checkWatches } from '../checkers/check-watches.ts';
import { compareTrees } from '../checkers/compare-trees.ts';
import type { Violation } from '../checkers/history.ts';
import { treeText } from '../checkers/tree-text.ts';
import { checkLinearizable } from '../checkers/wing-gong.ts';
import type { Cluster } from '../cluster.ts';
import { restored, type SimTools } from '../node-kit.ts';
import type { SimNode } from '../sim-node.ts';
import type { Invariants } from './invariants.ts';
import { SHARED } from './swarm-worker.ts';

/** The verdict, and figures. */
export interface SwarmVerdict {
  readonly violations: readonly Violation[];
  readonly counts: Readonly<Record<string, number>>;
}

/** Judges a run whose servers agree on the last zxid at this moment. */
export function judge(cluster: Cluster, { committed }: Invariants, tools: SimTools): SwarmVerdict {
  const violations: Violation[] = [];
  violations.push(...alike(cluster.nodes));
  for (const node of cluster.nodes) violations.push(...asOnDisk(node, tools));
  const { history } = cluster.tap;
  const log = committed.inOrder();
  const verdict = checkHistory(history, log, { ensemble: true });
  const watches = checkWatches(history, verdict.changes);
  const search = checkLinearizable(history);
  violations.push(
    ...verdict.violations,
    ...watches.violations,
    ...search.violations,
    ...checkMoves(history, log),
  );
  const database = cluster.nodes[0]?.handle?.database;
  if (database !== undefined) violations.push(...compareTrees(database, verdict.tree, verdict.sessions));
  const counter = verdict.tree.node(SHARED.counter)?.data;
  if (counter !== undefined) violations.push(...checkCounter(history, SHARED.counter, Number(counter)));
  violations.push(...checkLock(log, SHARED.guarded));
  const counts = {
    ...verdict.counts,
    transactions: log.length,
    watches: watches.watches,
    events: watches.events,
    searched: search.operations,
  };
  return { violations, counts };
}

/** Equal zxid, equal tree, sessions and ACLs. */
function alike(nodes: readonly SimNode[]): Violation[] {
  const violations: Violation[] = [];
  let first: { readonly node: SimNode; readonly text: string[] } | undefined;
  for (const node of nodes) {
    const database = node.handle?.database;
    if (database === undefined) continue;
    const text = treeText(database);
    if (first === undefined) first = { node, text };
    else violations.push(...differences(first.text, text, `${first.node.name} and ${node.name} differ`));
  }
  return violations;
}

/** What the node knows is what it would find on its disk. */
function asOnDisk(node: SimNode, tools: SimTools): Violation[] {
  const database = node.handle?.database;
  if (database === undefined) return [];
  const rule = 'the disk restores what is in memory';
  try {
    const found = restored(node.configuration(), node.disk.copy('live'), tools);
    // What is logged and not committed yet may be on top.
    if (found.lastZxid > database.lastZxid) return [];
    // An epoch has a zxid of its own before it has a transaction.
    if ((database.lastZxid & 0xffffffffn) === 0n) found.lastZxid = database.lastZxid;
    return differences(treeText(database), treeText(found), `${node.name}: memory and disk differ`, rule);
  } catch (error) {
    return [{ rule, text: `${node.name}: ${(error as Error).message}` }];
  }
}

/** Every server writes the configuration into its own tree when a role begins, with its own time. */
const isShared = (line: string): boolean => !line.startsWith(JSON.stringify(SYSTEM_PATHS.config));

function differences(
  a: readonly string[],
  b: readonly string[],
  what: string,
  rule = 'equal zxids mean equal trees',
): Violation[] {
  const inA = new Set(a);
  const inB = new Set(b);
  const lines = [...a.filter((line) => !inB.has(line)), ...b.filter((line) => !inA.has(line))].filter(
    isShared,
  );
  return lines.length === 0 ? [] : [{ rule, text: `${what}: ${lines.slice(0, 4).join(' | ')}` }];
}
