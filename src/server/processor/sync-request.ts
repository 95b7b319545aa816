/**
 * SyncRequestProcessor: prepared requests wait here until the log says that they are on disk.
 *
 * The log groups: entries that arrive while a sync is under way share the next one. When enough has been
 * logged since the last snapshot, at a point chosen by chance so that servers do not all write theirs at
 * once, one is asked for.
 */
import { Fifo } from '../../base/ring.ts';
import type { JuteWriter } from '../../jute/writer.ts';
import type { Random } from '../../ports/random.ts';
import { SnapshotTrigger, type SnapshotTriggerOptions } from '../../storage/snapshot-trigger.ts';
import { encodeEntry } from './entry-encoder.ts';
import type { Request } from './request.ts';

/** The log, as this processor needs it (`storage/txn-log.ts`). */
export interface EntryLog {
  beginEntry(): JuteWriter;
  endEntry(): number;
  flush(): void;
}

/** What becomes of requests, and how often snapshots are asked for. */
export interface SyncOptions extends SnapshotTriggerOptions {
  /** Whether entries carry the tree's digest. */
  readonly digest: boolean;
  /** Takes requests whose transaction is on disk, in order. */
  readonly next: (request: Request) => void;
  /**
   * Told of each entry as it is appended, `entry[start, end)`, which is good for this call only. For whoever
   * else must have it.
   */
  readonly appended?: (request: Request, entry: Buffer, start: number, end: number) => void;
  /** Enough was logged since the last snapshot: roll the log and write one. */
  readonly snapshotDue: () => void;
}

/** The processor between prep and final: on a leader also the one that waits for the quorum. */
export class SyncRequestProcessor {
  private readonly log: EntryLog;
  private readonly options: SyncOptions;
  private readonly trigger: SnapshotTrigger;
  private readonly waiting = new Fifo<Request>();

  constructor(log: EntryLog, random: Random, options: SyncOptions) {
    this.log = log;
    this.options = options;
    this.trigger = new SnapshotTrigger(options, random);
  }

  /** Requests whose transaction is not on disk yet. */
  get length(): number {
    return this.waiting.length;
  }

  /** Appends a prepared request to the log; it goes on when `synced` covers it. */
  submit(request: Request): void {
    const writer = this.log.beginEntry();
    encodeEntry(writer, request, this.options.digest);
    const length = this.log.endEntry();
    this.waiting.push(request);
    // A record ends with one byte of its own.
    const end = writer.pos - 1;
    this.options.appended?.(request, writer.buf, end - length, end);
    if (this.trigger.logged(length)) this.options.snapshotDue();
  }

  /** The end of a turn: what was submitted may go to disk. */
  flush(): void {
    this.log.flush();
  }

  /** What was submitted with a zxid in (`after`, `upTo`] and waits still, oldest first. */
  *submitted(after: bigint, upTo: bigint): IterableIterator<Request> {
    for (const request of this.waiting) {
      const zxid = request.header?.zxid ?? 0n;
      if (zxid > upTo) return;
      if (zxid > after) yield request;
    }
  }

  /** Everything up to that zxid is on disk, and where there is a quorum, on its disks. */
  synced(upTo: bigint): void {
    for (let head = this.waiting.peek(); head !== undefined; head = this.waiting.peek()) {
      if (head.header === undefined || head.header.zxid > upTo) return;
      this.waiting.shift();
      this.options.next(head);
    }
  }
}
