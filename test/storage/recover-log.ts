/** Recovers a simulated data directory, keeping only what is needed to look at it. */
import { SILENT } from '../../src/events/bus.ts';
import { systemCompression } from '../../src/platform/compression.ts';
import type { SimDisk } from '../../src/sim/disk.ts';
import { dataDirs } from '../../src/storage/data-dir.ts';
import { type RecoveryOptions, type RecoveryResult, recover } from '../../src/storage/recovery.ts';

const clock = { monotonicMs: () => 0, wallMs: () => 0 };

/** The result, the paths of the snapshot loaded, and the zxids replayed. */
export function recoverLog(
  disk: SimDisk,
  options: Partial<RecoveryOptions> = {},
  [dataDir, logDir]: [string, string?] = ['/data'],
): { result: RecoveryResult; paths: string[]; zxids: bigint[] } {
  let paths: string[] = [];
  const zxids: bigint[] = [];
  const target = {
    begin: () => {
      paths = [];
    },
    session: () => {},
    acl: () => {},
    node: (path: string) => {
      paths.push(path);
      return undefined;
    },
    loaded: () => {},
    replay: (_bytes: Buffer, _start: number, _end: number, zxid: bigint) => {
      zxids.push(zxid);
      return undefined;
    },
  };
  const deps = { disk, clock, events: SILENT, compression: systemCompression };
  const dirs = dataDirs(disk, dataDir, logDir);
  const result = recover(deps, dirs, target, { trustEmpty: false, autoCreate: true, ...options });
  return { result, paths, zxids };
}
