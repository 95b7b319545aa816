/**
 * When to take a snapshot: after a number of transactions or bytes that varies, so that servers do not stop
 * together.
 */
import type { Random } from '../ports/random.ts';

/** The limits; the names in parentheses are ZooKeeper's. */
export interface SnapshotTriggerOptions {
  /** Transactions (`snapCount`); at least 2. */
  readonly snapCount: number;
  /** Bytes of entries (`snapSizeLimitInKb`, in KiB there); 0 or less for no limit. */
  readonly snapSizeBytes: number;
}

/**
 * Counts what was logged. Each round's limits are half of the configured ones plus a random part of the other
 * half.
 */
export class SnapshotTrigger {
  private readonly options: SnapshotTriggerOptions;
  private readonly random: Random;
  private countLimit = 0;
  private sizeLimit = 0;
  private count = 0;
  private bytes = 0;

  constructor(options: SnapshotTriggerOptions, random: Random) {
    this.options = options;
    this.random = random;
    this.reset();
  }

  /** Counts a logged entry of that many bytes; true when it is time to roll the log and take a snapshot. */
  logged(entryBytes: number): boolean {
    this.count++;
    this.bytes += entryBytes;
    const due =
      this.count > this.countLimit || (this.options.snapSizeBytes > 0 && this.bytes > this.sizeLimit);
    if (due) this.reset();
    return due;
  }

  /** Begins a new round. */
  reset(): void {
    const half = Math.floor(Math.max(this.options.snapCount, 2) / 2);
    this.countLimit = half + this.random.below(half);
    const halfSize = Math.floor(Math.max(this.options.snapSizeBytes, 0) / 2);
    // The port draws 32 bits; sizes are larger, so the random part is drawn in KiB.
    this.sizeLimit = halfSize + 1024 * this.random.below(Math.max(1, Math.floor(halfSize / 1024)));
    this.count = 0;
    this.bytes = 0;
  }
}
