/**
 * The digest of the whole tree (facts 6, version 2): the sum modulo 2^64 of one CRC-32 for each node, over
 * its path (the root's is empty), its data and its stat; nodes below `/zookeeper/` do not count, since each
 * server keeps quota usage there on its own.
 */
import { crc32 } from '../../base/checksum.ts';
import { STAT_AT } from './node-store.ts';

const scratch = Buffer.allocUnsafeSlow(3 * 1024);
const EXCLUDED = '/zookeeper/';

/** False for nodes the digest leaves out. */
export const inDigest = (path: string): boolean => path.charCodeAt(1) !== 0x7a || !path.startsWith(EXCLUDED);

/** One node's share: `stat` holds the 60 bytes of StatPersisted at `statAt`; `dataLength` -1 for null. */
export function nodeDigest(
  path: string,
  data: Uint8Array | null,
  dataAt: number,
  dataLength: number,
  stat: Uint8Array,
  statAt: number,
): number {
  let c = pathCrc(path);
  if (data !== null && dataLength > 0) c = crc32(data, dataAt, dataAt + dataLength, c);
  c = crc32(stat, statAt, statAt + STAT_AT.ctime, c);
  c = crc32(stat, statAt + STAT_AT.pzxid, statAt + STAT_AT.pzxid + 8, c);
  return crc32(stat, statAt + STAT_AT.ctime, statAt + STAT_AT.pzxid, c);
}

function pathCrc(path: string): number {
  const n = path.length;
  if (n === 1) return 0;
  if (n > 1024) return crc32(Buffer.from(path, 'utf8'));
  for (let i = 0; i < n; i++) {
    const c = path.charCodeAt(i);
    if (c > 0x7f) return crc32(scratch, 0, scratch.write(path, 0, 'utf8'));
    scratch[i] = c;
  }
  return crc32(scratch, 0, n);
}

/** A sum modulo 2^64, as two halves: a bigint would be one more object for each change. */
export class DigestSum {
  hi = 0;
  lo = 0;

  /** Adds an unsigned 32-bit number. */
  add(crc: number): void {
    this.lo += crc;
    if (this.lo > 0xffffffff) {
      this.lo -= 0x1_0000_0000;
      this.hi = (this.hi + 1) >>> 0;
    }
  }

  /** Takes an unsigned 32-bit number away. */
  subtract(crc: number): void {
    this.lo -= crc;
    if (this.lo < 0) {
      this.lo += 0x1_0000_0000;
      this.hi = (this.hi - 1) >>> 0;
    }
  }

  copyFrom(other: DigestSum): void {
    this.hi = other.hi;
    this.lo = other.lo;
  }

  /** As the signed 64-bit number files hold. */
  value(): bigint {
    return BigInt.asIntN(64, (BigInt(this.hi) << 32n) | BigInt(this.lo));
  }
}
