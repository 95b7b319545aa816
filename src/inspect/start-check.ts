/** Would a server start on these files? A recovery that keeps nothing and changes nothing. */
import { ZktError } from '../base/errors.ts';
import { SILENT } from '../events/bus.ts';
import type { Compression } from '../ports/compression.ts';
import type { Disk } from '../ports/disk.ts';
import { versionDirOf } from '../storage/data-dir.ts';
import { type RecoveryResult, type RecoveryTarget, recover } from '../storage/recovery.ts';

/** What would happen. */
export type StartVerdict =
  | { readonly error: undefined; readonly result: RecoveryResult }
  | { readonly error: ZktError; readonly result: undefined };

const NOTHING: RecoveryTarget = {
  begin() {},
  session() {},
  acl() {},
  node: () => undefined,
  loaded() {},
  replay: () => undefined,
};

/** Nobody measures a rehearsal. */
const NO_CLOCK = { monotonicMs: () => 0, wallMs: () => 0 };

/**
 * Rehearses recovery of the logs in `logs` with the snapshots in `snapshots` (default: the same directory).
 */
export function wouldStart(
  ports: { readonly disk: Disk; readonly compression: Compression },
  logs: string,
  snapshots: string = logs,
): StartVerdict {
  const { disk, compression } = ports;
  const logDir = versionDirOf(disk, logs);
  const snapDir = versionDirOf(disk, snapshots);
  const dirs = { dataDir: snapshots, dataLogDir: logs, snapDir, logDir };
  const deps = { disk, compression, clock: NO_CLOCK, events: SILENT };
  try {
    const result = recover(deps, dirs, NOTHING, { trustEmpty: false, autoCreate: true, readOnly: true });
    return { error: undefined, result };
  } catch (error) {
    if (error instanceof ZktError) return { error, result: undefined };
    throw error;
  }
}
