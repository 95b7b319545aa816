/**
 * What the leader has applied, as one sequence: the committed log, and before it what the log on disk still
 * has.
 */
import { lo32 } from '../../base/halves.ts';
import type { CommittedLog } from './committed-log.ts';
import type { DiskHistory } from './leader-effects.ts';
import type { ZabEntry } from './learner-effects.ts';

/** Entries from disk, the first of them read already. */
export interface DiskReading {
  readonly first: ZabEntry;
  readonly rest: IterableIterator<ZabEntry>;
}

/** See the head of the file. */
export class LeaderHistory {
  readonly cache: CommittedLog;
  readonly disk: DiskHistory | undefined;
  /** The last transaction applied when this server began to lead. */
  private readonly start: bigint;
  /** Nothing was in the cache then, so what comes first into it follows `start`. */
  private readonly fromStart: boolean;

  constructor(cache: CommittedLog, disk: DiskHistory | undefined, start: bigint) {
    this.cache = cache;
    this.disk = disk;
    this.start = start;
    this.fromStart = cache.length === 0;
  }

  /** The last transaction in it; the tree is at that one. */
  get applied(): bigint {
    return this.cache.max ?? this.start;
  }

  /** The cache has everything after this zxid, and it is one of ours. */
  get floor(): bigint {
    return this.cache.floor ?? (this.fromStart ? this.start : (this.cache.min ?? this.start));
  }

  /**
   * Reads what comes after `position`, which must be in the history; `reading` goes on with a reading begun.
   */
  after(position: bigint, reading?: DiskReading): HistoryCursor {
    return new HistoryCursor(this, position, reading);
  }

  /**
   * Begins to read from disk: entries with zxid >= `from`. `anyLength` also where a snapshot would be
   * shorter.
   */
  readDisk(from: bigint, anyLength: boolean): DiskReading | undefined {
    const rest = this.disk?.readFrom(from, anyLength);
    const first = rest?.next();
    if (rest === undefined || first === undefined || first.done === true) return undefined;
    return { first: first.value, rest };
  }
}

/**
 * A place in the history that moves on while the history grows.
 *
 *     while (cursor.next()) use(cursor.position, cursor.bytes);
 *     cursor.lost   // or is it the end?
 */
export class HistoryCursor {
  /** The zxid it stands at. */
  position: bigint;
  /** The log entry it stands at, good until the next is asked for. */
  bytes: Buffer = NOTHING;
  /** What comes next is in neither cache nor log: a hole, or removed meanwhile. */
  lost = false;
  private readonly history: LeaderHistory;
  private held: ZabEntry | undefined;
  private rest: IterableIterator<ZabEntry> | undefined;

  constructor(history: LeaderHistory, position: bigint, reading: DiskReading | undefined) {
    this.history = history;
    this.position = position;
    this.held = reading?.first;
    this.rest = reading?.rest;
  }

  /** Moves to the next entry; false when there is none. */
  next(): boolean {
    const { cache, floor, applied } = this.history;
    if (this.lost || this.position >= applied) return false;
    if (this.position < floor) return this.nextFromDisk();
    this.close();
    const place = cache.placeOf(this.position + 1n);
    this.position = cache.zxidAt(place);
    this.bytes = cache.bytesAt(place);
    return true;
  }

  /** Lets go of what it reads from. */
  close(): void {
    this.rest?.return?.();
    this.rest = undefined;
    this.held = undefined;
  }

  private nextFromDisk(): boolean {
    let entry = this.read();
    if (entry === undefined) {
      // The log has grown, or the reading has only begun.
      const reading = this.history.readDisk(this.position, true);
      if (reading !== undefined && (reading.first.zxid === this.position || lo32(this.position) === 0)) {
        this.held = reading.first;
        this.rest = reading.rest;
        entry = this.read();
      }
    }
    if (entry === undefined) {
      this.lost = true;
      this.close();
      return false;
    }
    this.position = entry.zxid;
    this.bytes = entry.bytes;
    return true;
  }

  /** The next entry behind the position that the reading has. */
  private read(): ZabEntry | undefined {
    const { held } = this;
    this.held = undefined;
    if (held !== undefined && held.zxid > this.position) return held;
    for (let next = this.rest?.next(); next !== undefined && next.done !== true; next = this.rest?.next()) {
      if (next.value.zxid > this.position) return next.value;
    }
    return undefined;
  }
}

const NOTHING = Buffer.alloc(0);
