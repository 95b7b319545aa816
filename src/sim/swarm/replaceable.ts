/**
 * When may a disk be lost? ZAB promises nothing once a voter forgets what it has acknowledged, unless the
 * others make up for it. So an operator asks first: has a quorum of the voters, without this one, all that it
 * has: its transactions on their disks, and an epoch no older than the newest it promised to hear?
 */

import { listSnapshots } from '../../storage/data-dir.ts';
import type { Cluster } from '../cluster.ts';
import type { Held } from '../damage.ts';
import type { SimNode } from '../sim-node.ts';
import { NODE_DIR } from '../sim-node.ts';
import { eachEntry } from './committed.ts';
import { readEpoch } from './read-epoch.ts';

const SNAP_DIR = `${NODE_DIR}/version-2`;

/** As programs would find it now (`live`), or after a loss of power (`durable`). */
export function heldBy(node: SimNode, layer: 'live' | 'durable'): Held {
  const disk = node.disk.look(layer);
  let end = 0n;
  if (disk.exists(SNAP_DIR)) {
    for (const { zxid } of listSnapshots(disk, SNAP_DIR)) if (zxid > end) end = zxid;
    eachEntry(disk, end, (1n << 63n) - 1n, (zxid) => {
      if (zxid > end) end = zxid;
    });
  }
  const last = Number(end >> 32n);
  const current = readEpoch(node, 'currentEpoch', layer) ?? last;
  return { current, accepted: readEpoch(node, 'acceptedEpoch', layer) ?? current, end };
}

/** Whether one voter has all that the other one may have vouched for. */
const covers = (it: Held, other: Held): boolean =>
  it.current >= other.accepted && (it.current > other.current || it.end >= other.end);

/** See the head of the file. `held` is what the voter has, or had before it was damaged. */
export function mayBeLost(cluster: Cluster, node: SimNode, held: Held): boolean {
  const { voters } = cluster;
  // An observer vouches for nothing.
  if (!voters.includes(node)) return true;
  const others = voters.filter((n) => n !== node && !cluster.damaged.has(n));
  const able = others.filter((other) => covers(heldBy(other, 'durable'), held));
  return able.length * 2 > voters.length;
}
