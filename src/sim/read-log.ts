/**
 * All transactions that the logs of a data directory hold, oldest first; where files overlap, the newer
 * file's.
 */
import type { Disk } from '../ports/disk.ts';
import { decodeEntry, type TxnEntry } from '../protocol/txn.ts';
import { listLogs } from '../storage/data-dir.ts';
import { LogScanner } from '../storage/log-format.ts';

/** Adds to `into`, by zxid, what the logs in `dir` hold. */
export function readLogs(
  disk: Disk,
  dir: string,
  into: Map<bigint, TxnEntry> = new Map(),
): Map<bigint, TxnEntry> {
  for (const log of listLogs(disk, dir)) {
    const file = disk.open(log.path, 'read');
    const scan = new LogScanner(file, {});
    while (scan.next()) {
      const bytes = Buffer.from(scan.bytes.subarray(scan.entryStart, scan.entryEnd));
      const entry = decodeEntry(bytes);
      if (entry !== undefined) into.set(scan.zxid, entry);
    }
    file.close();
  }
  return into;
}

/** In the order of zxids. */
export const inOrder = (entries: ReadonlyMap<bigint, TxnEntry>): TxnEntry[] =>
  [...entries.values()].sort((a, b) => (a.header.zxid < b.header.zxid ? -1 : 1));
