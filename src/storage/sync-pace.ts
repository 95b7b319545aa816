/** When a sync is done without leaving the loop; a slow one then holds the loop, once. */
export interface InlineSync {
  /** Most entries of such a sync. With more, there is other work to do meanwhile. */
  readonly entriesMax: number;
  /** So fast, ms, the last syncs must have been, */
  readonly fasterThanMs: number;
  /** and so many of them. */
  readonly inARow: number;
}

/**
 * Whether the disk is fast enough to wait for on the spot: the way through the thread pool takes half as long
 * as the sync itself, so that a client that waits for each answer gains most.
 */
export class SyncPace {
  private readonly inline: InlineSync | undefined;
  private fast = 0;

  /** Undefined: never on the spot. */
  constructor(inline: InlineSync | undefined) {
    this.inline = inline;
  }

  /** A sync took so long, ms. */
  note(ms: number): void {
    this.fast = this.inline !== undefined && ms < this.inline.fasterThanMs ? this.fast + 1 : 0;
  }

  /** Whether the next sync, of so many entries, may be done on the spot. */
  mayInline(entries: number): boolean {
    return this.inline !== undefined && entries <= this.inline.entriesMax && this.fast >= this.inline.inARow;
  }
}
