/**
 * The transactions a learner has been sent and not applied, in order: proposed, then committed; logged
 * whenever the disk is done. One is due when it is committed *and* on this server's disk, so that memory is
 * never ahead of the disk (2845, 2355).
 */
import { counterOf } from '../../base/brands.ts';
import { hi32 } from '../../base/halves.ts';
import { Fifo } from '../../base/ring.ts';
import type { LearnerEntry } from './learner-entry.ts';

/** See the head of the file. */
export class LearnerBacklog {
  /** The last transaction of this server's history, proposed ones included. */
  lastReceived: bigint;
  /** Everything up to here is on this server's disk. */
  loggedUpTo: bigint;
  /** The last transaction known to be committed. */
  committedUpTo: bigint;
  /** Bytes of the transactions held. */
  bytes = 0;
  private readonly base: bigint;
  private readonly proposed = new Fifo<LearnerEntry>();
  private readonly committed = new Fifo<LearnerEntry>();

  /** The history up to `base` is on disk and applied. */
  constructor(base: bigint) {
    this.base = base;
    this.lastReceived = base;
    this.loggedUpTo = base;
    this.committedUpTo = base;
  }

  /**
   * True when a transaction may follow what was received: the next of its epoch, or one of a later epoch
   * (facts 14.4).
   */
  follows(zxid: bigint): boolean {
    const last = this.lastReceived;
    if (zxid <= last || counterOf(zxid) === 0) return false;
    return hi32(zxid) !== hi32(last) || zxid === last + 1n;
  }

  /** Takes a proposal that follows. */
  propose(entry: LearnerEntry): void {
    this.lastReceived = entry.zxid;
    this.bytes += entry.bytes.length;
    this.proposed.push(entry);
  }

  /**
   * The oldest proposal is committed. False when it is another one, or there is none. What lies before this
   * connection was dealt with, so a word about it is none too many.
   */
  commit(zxid: bigint, designated: bigint | undefined): boolean {
    if (zxid <= this.base) return true;
    const entry = this.proposed.peek();
    if (entry?.zxid !== zxid) return false;
    this.proposed.shift();
    entry.designated = designated;
    this.committed.push(entry);
    this.committedUpTo = zxid;
    return true;
  }

  /** Takes the next transaction that is due. */
  takeDue(): LearnerEntry | undefined {
    const entry = this.committed.peek();
    if (entry === undefined || (entry.logs && entry.zxid > this.loggedUpTo)) return undefined;
    return this.takeCommitted();
  }

  /** Takes the next committed transaction, on disk or not. */
  takeCommitted(): LearnerEntry | undefined {
    const entry = this.committed.shift();
    if (entry !== undefined) this.bytes -= entry.bytes.length;
    return entry;
  }

  /** True when everything committed up to `zxid` has been applied. */
  appliedUpTo(zxid: bigint): boolean {
    const next = this.committed.peek();
    return this.committedUpTo >= zxid && (next === undefined || next.zxid > zxid);
  }

  /** The oldest proposal that is not committed. */
  get oldestProposed(): bigint | undefined {
    return this.proposed.peek()?.zxid;
  }

  /** What was not applied, oldest first. */
  *[Symbol.iterator](): IterableIterator<LearnerEntry> {
    yield* this.committed;
    yield* this.proposed;
  }
}
