/**
 * Writes a snapshot in slices, so that the loop serves clients in between: each step encodes for a few
 * milliseconds and hands the bytes to the page cache. The file has a temporary name until all of it is forced
 * to disk; then it is renamed and its directory forced. What is written is forced every few MiB on the way,
 * one sync at a time: a single one at the end would keep the disk from the log for as long as it takes.
 */
import { reasonOf, ZktError } from '../base/errors.ts';
import { invariant } from '../base/invariant.ts';
import type { Emitter } from '../events/bus.ts';
import { JuteWriter } from '../jute/writer.ts';
import type { Clock } from '../ports/clock.ts';
import type { ByteTransform, Compression } from '../ports/compression.ts';
import type { Disk, DiskError, DiskFile } from '../ports/disk.ts';
import type { Timers } from '../ports/timers.ts';
import { type SnapshotCompression, snapshotName, TEMP_PREFIX } from './data-dir.ts';
import { compressor } from './snapshot-bytes.ts';
import { SnapshotEncoder, type SnapshotSource } from './snapshot-format.ts';

/** How snapshots are written; the names in parentheses are ZooKeeper's. */
export interface SnapshotWriterOptions {
  /** Where (`DataDirs.snapDir`). */
  readonly dir: string;
  /** (`snapshot.compression.method`) */
  readonly compression: SnapshotCompression;
  /** Adds 3.9's section (`serializeLastProcessedZxid.enabled`); off for files like those of 3.8. */
  readonly lastProcessedZxid: boolean;
  /** How long a step may take, ms. */
  readonly sliceMs: number;
}

/** The world a snapshot writer needs. */
export interface SnapshotWriterDeps {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly events: Emitter;
  readonly compression: Compression;
}

/** What became of a snapshot. */
export type SnapshotOutcome =
  | {
      readonly kind: 'written';
      readonly file: string;
      readonly zxid: bigint;
      readonly bytes: number;
      readonly ms: number;
    }
  /** Nothing is left of it on disk; the log still holds everything, so the server goes on. */
  | { readonly kind: 'failed'; readonly error: ZktError }
  | { readonly kind: 'cancelled' };

/** First guess of what a slice can encode; corrected by measuring. */
const FIRST_BUDGET = 128 * 1024;
/** Memory for a slice to begin with: most trees are small. It grows to what a slice takes. */
const SLICE_BYTES = 16 * 1024;
const BUDGET_MIN = 16 * 1024;
const BUDGET_MAX = 4 * 1024 * 1024;
/** Bytes between two syncs. */
const SYNC_EVERY_BYTES = 16 * 1024 * 1024;

/** Writes one snapshot at a time. */
export class SnapshotWriter {
  private readonly deps: SnapshotWriterDeps;
  private readonly options: SnapshotWriterOptions;
  private job: Job | undefined;

  constructor(deps: SnapshotWriterDeps, options: SnapshotWriterOptions) {
    this.deps = deps;
    this.options = options;
  }

  /** Whether a snapshot is being written. */
  get running(): boolean {
    return this.job !== undefined;
  }

  /** Begins; `done` is called once, never from inside. Only when not `running`. */
  start(source: SnapshotSource, done: (outcome: SnapshotOutcome) => void): void {
    invariant(this.job === undefined, 'one snapshot at a time');
    this.job = new Job(this.deps, this.options, source, (outcome) => {
      this.job = undefined;
      done(outcome);
    });
    this.job.begin();
  }

  /** Gives up the snapshot being written, if there is one, and removes what there is of it. */
  cancel(): void {
    this.job?.cancel();
  }
}

/** One snapshot on its way to the disk. */
class Job {
  private readonly deps: SnapshotWriterDeps;
  private readonly options: SnapshotWriterOptions;
  private readonly source: SnapshotSource;
  private readonly done: (outcome: SnapshotOutcome) => void;
  private readonly encoder: SnapshotEncoder;
  private readonly transform: ByteTransform | undefined;
  private readonly slice = new JuteWriter(SLICE_BYTES);
  private readonly path: string;
  private readonly tempPath: string;
  private readonly since: number;
  private file: DiskFile | undefined;
  private budget = FIRST_BUDGET;
  private position = 0;
  private syncedTo = 0;
  private syncing = false;
  private waiting = false;
  private encoded = false;
  private over = false;

  constructor(
    deps: SnapshotWriterDeps,
    options: SnapshotWriterOptions,
    source: SnapshotSource,
    done: (outcome: SnapshotOutcome) => void,
  ) {
    this.deps = deps;
    this.options = options;
    this.source = source;
    this.done = done;
    this.encoder = new SnapshotEncoder(source, options);
    this.transform = compressor(options.compression, deps.compression);
    const name = snapshotName(source.zxid, options.compression);
    this.path = deps.disk.join(options.dir, name);
    this.tempPath = deps.disk.join(options.dir, TEMP_PREFIX + name);
    this.since = deps.clock.monotonicMs();
  }

  begin(): void {
    const { events } = this.deps;
    if (events.on['snapshot.started']) {
      events.emit('snapshot.started', { file: this.path, zxid: this.source.zxid });
    }
    this.later();
  }

  cancel(): void {
    if (this.over) return;
    this.cleanUp();
    this.finish({ kind: 'cancelled' });
  }

  private later(): void {
    this.deps.timers.after(0, () => this.step());
  }

  /** One slice; a throw of the disk ends the snapshot and nothing else. */
  private step(): void {
    if (this.over) return;
    try {
      this.file ??= this.open();
      if (this.encoded) this.forceAll();
      else this.writeSlice(this.file);
    } catch (error) {
      this.fail('write', error);
    }
  }

  private open(): DiskFile {
    const { disk } = this.deps;
    // A leftover of a snapshot of the same zxid that was given up.
    if (disk.exists(this.tempPath)) disk.remove(this.tempPath);
    return disk.open(this.tempPath, 'create');
  }

  private writeSlice(file: DiskFile): void {
    const { clock } = this.deps;
    const started = clock.monotonicMs();
    const w = this.slice.reset();
    this.encoded = this.encoder.next(w, this.budget);
    for (const bytes of this.transformed(w.bytes())) {
      file.writeAt(bytes, this.position);
      this.position += bytes.length;
    }
    this.adjust(clock.monotonicMs() - started, w.pos);
    if (this.position - this.syncedTo < SYNC_EVERY_BYTES || this.encoded) this.later();
    else if (this.syncing) this.waiting = true;
    else {
      this.force(file, this.position);
      this.later();
    }
  }

  private transformed(bytes: Buffer): Buffer[] {
    if (this.transform === undefined) return [bytes];
    const out = this.transform.push(bytes);
    return this.encoded ? [...out, ...this.transform.finish()] : out;
  }

  /** Steers the next slice towards `sliceMs`, at most twice or half of this one. */
  private adjust(ms: number, bytes: number): void {
    const fits = ms > 0 ? (bytes * this.options.sliceMs) / ms : BUDGET_MAX;
    const next = Math.min(Math.max(fits, this.budget / 2), this.budget * 2);
    this.budget = Math.floor(Math.min(Math.max(next, BUDGET_MIN), BUDGET_MAX));
  }

  private force(file: DiskFile, upTo: number): void {
    this.syncing = true;
    this.syncedTo = upTo;
    file.syncSoon((error) => {
      this.syncing = false;
      if (this.over) file.close();
      else if (error !== undefined) this.fail('sync', error);
      else if (this.waiting) {
        this.waiting = false;
        this.step();
      }
    });
  }

  /** All is written: forces the rest, gives the file its name, forces the name. */
  private forceAll(): void {
    const file = this.file;
    invariant(file !== undefined, 'the file is open once all is written');
    if (this.syncing) {
      this.waiting = true;
      return;
    }
    this.syncing = true;
    file.syncSoon((error) => {
      this.syncing = false;
      if (this.over) file.close();
      else if (error !== undefined) this.fail('sync', error);
      else this.publish(file);
    });
  }

  private publish(file: DiskFile): void {
    const { disk } = this.deps;
    try {
      file.close();
      this.file = undefined;
      disk.rename(this.tempPath, this.path);
    } catch (error) {
      this.fail('rename', error);
      return;
    }
    disk.syncDirSoon(this.options.dir, (error) => this.published(error));
  }

  private published(error: DiskError | undefined): void {
    if (this.over) return;
    if (error !== undefined) {
      this.fail('sync of the directory', error);
      return;
    }
    const { events, clock } = this.deps;
    const { zxid } = this.source;
    const outcome = {
      kind: 'written' as const,
      file: this.path,
      zxid,
      bytes: this.position,
      ms: clock.monotonicMs() - this.since,
    };
    if (events.on['snapshot.finished']) {
      const { file, bytes, ms } = outcome;
      events.emit('snapshot.finished', { file, zxid, nodes: this.source.nodesWritten, bytes, ms });
    }
    this.finish(outcome);
  }

  private fail(what: string, cause: unknown): void {
    if (this.over) return;
    const why = `${what} failed: ${reasonOf(cause)}`;
    const error = new ZktError('ZKT_FILE', { file: this.path, what: 'write the snapshot', why }, { cause });
    this.cleanUp();
    const { events } = this.deps;
    if (events.on['snapshot.failed']) {
      events.emit('snapshot.failed', { file: this.path, message: error.message });
    }
    this.finish({ kind: 'failed', error });
  }

  /** Removes the temporary file; a failure to do so is harmless, since the next start removes it as well. */
  private cleanUp(): void {
    this.over = true;
    try {
      if (!this.syncing) this.file?.close();
      this.file = undefined;
      if (this.deps.disk.exists(this.tempPath)) this.deps.disk.remove(this.tempPath);
    } catch {
      // The name says that it is no snapshot.
    }
  }

  private finish(outcome: SnapshotOutcome): void {
    this.over = true;
    this.done(outcome);
  }
}

/**
 * Writes a snapshot at once, waiting for the disk: for the empty tree of a new server, and for tools. Throws.
 */
export function writeSnapshotNow(
  deps: Pick<SnapshotWriterDeps, 'disk' | 'compression'>,
  options: Pick<SnapshotWriterOptions, 'dir' | 'compression' | 'lastProcessedZxid'>,
  source: SnapshotSource,
): string {
  const { disk } = deps;
  const name = snapshotName(source.zxid, options.compression);
  const path = disk.join(options.dir, name);
  const tempPath = disk.join(options.dir, TEMP_PREFIX + name);
  if (disk.exists(tempPath)) disk.remove(tempPath);
  const encoder = new SnapshotEncoder(source, options);
  const transform = compressor(options.compression, deps.compression);
  const w = new JuteWriter(FIRST_BUDGET);
  const file = disk.open(tempPath, 'create');
  try {
    let position = 0;
    for (let last = false; !last; ) {
      last = encoder.next(w.reset(), FIRST_BUDGET);
      const out = transform === undefined ? [w.bytes()] : transform.push(w.bytes());
      if (last && transform !== undefined) out.push(...transform.finish());
      for (const bytes of out) {
        file.writeAt(bytes, position);
        position += bytes.length;
      }
    }
    file.sync();
  } finally {
    file.close();
  }
  disk.rename(tempPath, path);
  disk.syncDir(options.dir);
  return path;
}
