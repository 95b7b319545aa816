/**
 * From a data directory back to a tree: the newest snapshot that loads, then every later transaction, in
 * order.
 *
 * Nothing is guessed. A snapshot that cannot be loaded is passed over and reported; an older one will do if
 * the logs go on from it without a gap. Within an epoch zxids are consecutive, failed requests included, and
 * each epoch begins with counter 1, so a missing transaction is noticed (`ZKT_LOG_GAP`). A damaged place in a
 * log is judged by `tail.ts`: a torn tail was never acknowledged and is cut off; it is no gap either when the
 * next file repeats the zxid that was torn. Anything else is `ZKT_LOG_CORRUPT` with file, offset and the last
 * good zxid, unless the snapshot holds the transaction anyway. Files of no content that a crash left are
 * removed. With `readOnly`, nothing on disk is changed.
 */

import { reasonOf, ZktError } from '../base/errors.ts';
import { InvariantViolation } from '../base/invariant.ts';
import type { Emitter } from '../events/bus.ts';
import type { Clock } from '../ports/clock.ts';
import type { Compression } from '../ports/compression.ts';
import type { Disk } from '../ports/disk.ts';
import {
  type DataDirs,
  type LogName,
  listLogs,
  listSnapshots,
  removeTemporaries,
  type SnapshotName,
} from './data-dir.ts';
import { LogReplay, type LogReport } from './log-replay.ts';
import { secureLog } from './secure-log.ts';
import { openSnapshot, quickDamage } from './snapshot-bytes.ts';
import { decodeSnapshot, type SnapshotSink, type SnapshotSummary } from './snapshot-decoder.ts';

/** What is rebuilt: a tree with its sessions. */
export interface RecoveryTarget extends SnapshotSink {
  /** A snapshot follows: forget everything. Called again when the one before turned out to be damaged. */
  begin(): void;
  /** The snapshot is complete; its zxid is that of the file's name. Not called when there is none. */
  loaded(zxid: bigint, summary: SnapshotSummary): void;
  /**
   * A transaction newer than the snapshot, in order: the entry is `bytes[start, end)` (header, record,
   * digest), good for this call only. A text answered is an objection, which ends recovery.
   */
  replay(bytes: Buffer, start: number, end: number, zxid: bigint): string | undefined;
}

/** The world recovery needs. */
export interface RecoveryDeps {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly events: Emitter;
  readonly compression: Compression;
}

/** How to recover; the names in parentheses are ZooKeeper's. */
export interface RecoveryOptions {
  /** Logs without a snapshot are believed to be complete (`snapshot.trust.empty`). */
  readonly trustEmpty: boolean;
  /**
   * An empty directory is a new server; otherwise only if the file `initialize` says so (`db.autocreate`).
   */
  readonly autoCreate: boolean;
  /**
   * False when logs are written without padding (`preAllocSize=0`): then its absence does not tell that a log
   * was closed in good order.
   */
  readonly padded?: boolean;
  /** Change nothing on disk, for tools. */
  readonly readOnly?: boolean;
  /** Stop after this zxid, and use no later snapshot: the tree as it was. */
  readonly upTo?: bigint;
}

/** A snapshot that was passed over. */
export interface SkippedSnapshot {
  readonly file: string;
  readonly why: string;
}

/** What was found. */
export interface RecoveryResult {
  /**
   * `recovered`: from a snapshot, or from trusted logs alone. `empty`: a new server, whose owner must write
   * snapshot.0 before serving. `untrusted`: nothing is there though something should be: such a server may
   * not vote.
   */
  readonly kind: 'recovered' | 'empty' | 'untrusted';
  /** The last transaction: of the log, else of the snapshot; 0 when empty, -1 when untrusted. */
  readonly lastZxid: bigint;
  readonly snapshot: SnapshotName | undefined;
  readonly skipped: readonly SkippedSnapshot[];
  /** The logs that were read, oldest first. */
  readonly logs: readonly LogReport[];
  /** Transactions replayed. */
  readonly replayed: number;
  /** How long all of it took, and the replay alone, ms. */
  readonly ms: number;
  readonly replayMs: number;
}

/** Apache looks at no more candidates. */
const MAX_CANDIDATES = 100;

/**
 * Rebuilds `target`. Throws `ZKT_*` where the files do not hold what they should; see the head of the file.
 */
export function recover(
  deps: RecoveryDeps,
  dirs: DataDirs,
  target: RecoveryTarget,
  options: RecoveryOptions,
): RecoveryResult {
  const { disk, clock } = deps;
  const since = clock.monotonicMs();
  const readOnly = options.readOnly ?? false;
  if (!readOnly) for (const dir of new Set([dirs.snapDir, dirs.logDir])) removeTemporaries(disk, dir);
  const skipped: SkippedSnapshot[] = [];
  const snapshot = loadSnapshot(deps, dirs, target, options, skipped);
  const logs = listLogs(disk, dirs.logDir);
  if (snapshot === undefined) {
    const result = withoutSnapshot(deps, dirs, logs, options);
    if (result !== undefined) return { ...result, skipped, ms: clock.monotonicMs() - since, replayMs: 0 };
    target.begin();
  }
  const base = snapshot?.zxid ?? 0n;
  const replayedSince = clock.monotonicMs();
  const replay = new LogReplay(deps, target, { base, trusted: snapshot !== undefined, upTo: options.upTo });
  for (const log of logsFrom(logs, base)) {
    if (options.upTo !== undefined && log.zxid > options.upTo) break;
    replay.read(log);
  }
  const leaveDisk = readOnly || options.upTo !== undefined;
  const { lastZxid, replayed } = replay.finish(leaveDisk);
  if (!leaveDisk) secureLog(disk, dirs, replay.reports, options.padded ?? true);
  const now = clock.monotonicMs();
  const took = { ms: now - since, replayMs: now - replayedSince };
  return { kind: 'recovered', lastZxid, snapshot, skipped, logs: replay.reports, replayed, ...took };
}

/** The newest file that starts at or before `zxid` may hold the next one; all later ones do. */
export function logsFrom(logs: readonly LogName[], zxid: bigint): LogName[] {
  const first = logs.findLastIndex((log) => log.zxid <= zxid);
  return logs.slice(Math.max(first, 0));
}

function loadSnapshot(
  deps: RecoveryDeps,
  dirs: DataDirs,
  target: RecoveryTarget,
  options: RecoveryOptions,
  skipped: SkippedSnapshot[],
): SnapshotName | undefined {
  const { upTo } = options;
  const all = listSnapshots(deps.disk, dirs.snapDir);
  const candidates = upTo === undefined ? all : all.filter((name) => name.zxid <= upTo);
  let unread: unknown;
  for (const name of candidates.slice(0, MAX_CANDIDATES)) {
    const failure = tryLoad(deps, name, target);
    if (failure === undefined) return name;
    const why = typeof failure === 'string' ? failure : reasonOf(failure);
    if (isDiskError(failure)) unread ??= failure;
    skipped.push({ file: name.path, why });
    const { events } = deps;
    if (events.on['snapshot.skipped']) events.emit('snapshot.skipped', { file: name.path, why });
  }
  // One that the disk did not give may be as good as any: nobody should be told to do without it.
  if (unread !== undefined) throw unread;
  // A damaged snapshot.0 says no more than an empty directory: a server that died while it was set up.
  const lost = skipped.find((_, i) => (candidates[i] as SnapshotName).zxid !== 0n);
  if (lost === undefined) return undefined;
  const context = { dir: dirs.snapDir, tried: skipped.length, why: `${lost.file}: ${lost.why}` };
  throw new ZktError('ZKT_NO_VALID_SNAPSHOT', context);
}

/** A call of the disk that failed has an errno, which what decoders throw has not. */
const isDiskError = (thrown: unknown): boolean =>
  /^E(?!RR_)[A-Z0-9]+$/.test(String((thrown as { readonly code?: unknown } | null)?.code));

/** Loads a snapshot; answers why that is not possible: in words, or what was thrown. */
function tryLoad(deps: RecoveryDeps, name: SnapshotName, target: RecoveryTarget): unknown {
  const { disk, clock, events } = deps;
  const since = clock.monotonicMs();
  let summary: SnapshotSummary;
  try {
    const why = quickDamage(disk, name);
    if (why !== undefined) return why;
    target.begin();
    const source = openSnapshot(disk, name, deps.compression);
    try {
      summary = decodeSnapshot(name.path, source, target);
    } finally {
      source.close();
    }
  } catch (error) {
    if (error instanceof InvariantViolation) throw error;
    return error;
  }
  target.loaded(name.zxid, summary);
  if (events.on['snapshot.loaded']) {
    const ms = clock.monotonicMs() - since;
    events.emit('snapshot.loaded', { file: name.path, zxid: name.zxid, nodes: summary.nodes, ms });
  }
  return undefined;
}

/** What a directory without a snapshot means; undefined when its logs are to be replayed on an empty tree. */
function withoutSnapshot(
  deps: RecoveryDeps,
  dirs: DataDirs,
  logs: readonly LogName[],
  options: RecoveryOptions,
): Omit<RecoveryResult, 'skipped' | 'ms' | 'replayMs'> | undefined {
  const { disk } = deps;
  const marker = [dirs.dataLogDir, dirs.dataDir]
    .map((dir) => disk.join(dir, 'initialize'))
    .find((path) => disk.exists(path));
  if (marker !== undefined && options.readOnly !== true) disk.remove(marker);
  if (logs.some((log) => !LogReplay.isBlank(disk, log))) {
    if (!options.trustEmpty) throw new ZktError('ZKT_SNAPSHOT_MISSING', { dir: dirs.snapDir });
    return undefined;
  }
  if (options.readOnly !== true) for (const log of logs) disk.remove(log.path);
  const fresh = marker !== undefined || options.autoCreate;
  return {
    kind: fresh ? 'empty' : 'untrusted',
    lastZxid: fresh ? 0n : -1n,
    snapshot: undefined,
    logs: [],
    replayed: 0,
  };
}
