/**
 * Proposals of this epoch that the leader has not applied itself yet: under way, or committed and not on its
 * own disk. Their zxids follow each other without a gap, so a zxid says where it is. How many may be under
 * way is limited where requests come in (`globalOutstandingLimit`); how many may wait for the own disk, in
 * `Proposals`, by their bytes.
 */
import { invariant } from '../../base/invariant.ts';

/** See the head of the file. */
export class ProposalWindow {
  private entries: (Buffer | undefined)[] = [];
  private head = 0;
  /** The zxid before the first entry held, and that of the last. */
  private base = 0n;
  private tail = 0n;
  private held = 0;

  /** Begins anew: the first proposal is the one after `zxid`. */
  start(zxid: bigint): void {
    this.entries = [];
    this.head = 0;
    this.base = zxid;
    this.tail = zxid;
    this.held = 0;
  }

  /** Bytes of the proposals held. */
  get bytes(): number {
    return this.held;
  }

  /** Proposals held. */
  get length(): number {
    return this.entries.length - this.head;
  }

  /** The last proposal; the zxid it began with when there was none. */
  get last(): bigint {
    return this.tail;
  }

  /** Adds the next proposal; `bytes` must not change any more. */
  push(zxid: bigint, bytes: Buffer): void {
    invariant(zxid === this.tail + 1n, 'proposals follow each other without a gap');
    this.tail = zxid;
    this.entries.push(bytes);
    this.held += bytes.length;
  }

  has(zxid: bigint): boolean {
    return zxid > this.base && zxid <= this.last;
  }

  /** The log entry of a proposal held. */
  get(zxid: bigint): Buffer {
    const bytes = this.has(zxid) ? this.entries[this.head + Number(zxid - this.base) - 1] : undefined;
    invariant(bytes !== undefined, 'a proposal under way is held');
    return bytes;
  }

  /** Lets go of everything up to that zxid: it is in the committed log now. */
  trim(upTo: bigint): void {
    while (this.length > 0 && this.base < upTo) {
      this.held -= this.entries[this.head]?.length ?? 0;
      this.entries[this.head++] = undefined;
      this.base += 1n;
    }
    if (this.head === this.entries.length) {
      this.entries = [];
      this.head = 0;
    } else if (this.head > 1024 && this.head * 2 > this.entries.length) {
      this.entries = this.entries.slice(this.head);
      this.head = 0;
    }
  }
}
