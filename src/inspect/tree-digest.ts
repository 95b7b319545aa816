/**
 * The digest of a tree, version 2: the sum, modulo 2^64, over all nodes but those below /zookeeper of the
 * CRC-32 of path, data and stat. Here over a snapshot, for comparison with what it says itself.
 */
import { crc32 } from '../base/checksum.ts';
import type { SnapshotTree } from './snapshot-tree.ts';

/**
 * Offsets in `StatPersisted` of czxid and mzxid, ctime to ephemeralOwner, and pzxid, in the order the digest
 * takes.
 */
const PIECES: readonly (readonly [number, number])[] = [
  [0, 16],
  [52, 60],
  [16, 52],
];

/** The digest of a tree that was loaded with its data. */
export function treeDigest(tree: SnapshotTree): bigint {
  let sum = 0n;
  for (const { path, data, stat } of tree.nodes) {
    if (path.startsWith('/zookeeper/')) continue;
    let crc = crc32(Buffer.from(path));
    if (data !== null && data !== undefined) crc = crc32(data, 0, data.length, crc);
    for (const [from, to] of PIECES) crc = crc32(stat, from, to, crc);
    sum += BigInt(crc);
  }
  return BigInt.asIntN(64, sum);
}
