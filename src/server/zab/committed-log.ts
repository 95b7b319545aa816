/**
 * The last committed transactions, for learners that missed a few (`commitLogCount`): whoever is no further
 * behind gets them from here instead of from disk or as a snapshot.
 */
import { invariant } from '../../base/invariant.ts';

/** Transactions kept; Apache's figure. */
const ENTRIES_MAX = 500;
/** Bytes kept, in entries; one entry at least stays. */
const BYTES_MAX = 32 * 1024 * 1024;

/** A bounded list of committed entries, ascending by zxid. */
export class CommittedLog {
  readonly capacity: number;
  readonly bytesMax: number;
  private readonly zxids: bigint[] = [];
  private readonly entries: (Buffer | undefined)[] = [];
  private head = 0;
  private count = 0;
  private held = 0;
  private before: bigint | undefined;

  constructor(capacity = ENTRIES_MAX, bytesMax = BYTES_MAX) {
    invariant(capacity >= 1, 'a committed log keeps one entry at least');
    this.capacity = capacity;
    this.bytesMax = bytesMax;
  }

  /** Entries held. */
  get length(): number {
    return this.count;
  }

  /** Bytes of the entries held. */
  get bytes(): number {
    return this.held;
  }

  /** The oldest zxid held. */
  get min(): bigint | undefined {
    return this.count === 0 ? undefined : this.zxids[this.head];
  }

  /** The newest zxid held. */
  get max(): bigint | undefined {
    return this.count === 0 ? undefined : this.zxidAt(this.count - 1);
  }

  /** The committed zxid right before the oldest that is held, where it is known: it was held once. */
  get floor(): bigint | undefined {
    return this.before;
  }

  /**
   * Adds the next committed entry; `bytes` must not change any more. The oldest go where there is no more
   * room.
   */
  add(zxid: bigint, bytes: Buffer): void {
    const { max } = this;
    invariant(max === undefined || zxid > max, 'committed transactions come in order');
    if (this.count === this.capacity) this.dropOldest();
    const at = (this.head + this.count) % this.capacity;
    this.zxids[at] = zxid;
    this.entries[at] = bytes;
    this.count++;
    this.held += bytes.length;
    while (this.held > this.bytesMax && this.count > 1) this.dropOldest();
  }

  /** Forgets everything: the history is another one. */
  clear(): void {
    while (this.count > 0) this.dropOldest();
    this.before = undefined;
  }

  /** The zxid at place `i`, 0 for the oldest. */
  zxidAt(i: number): bigint {
    return this.zxids[(this.head + i) % this.capacity] as bigint;
  }

  /** The log entry at place `i`, 0 for the oldest. */
  bytesAt(i: number): Buffer {
    return this.entries[(this.head + i) % this.capacity] as Buffer;
  }

  /** The place of the first entry whose zxid is that one or greater; `length` when there is none. */
  placeOf(zxid: bigint): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.zxidAt(middle) < zxid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private dropOldest(): void {
    const { head } = this;
    this.before = this.zxids[head];
    this.held -= (this.entries[head] as Buffer).length;
    this.entries[head] = undefined;
    this.head = (head + 1) % this.capacity;
    this.count--;
  }
}
