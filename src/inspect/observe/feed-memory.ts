/**
 * What of a server's events was seen already, so that those it repeats after a reconnection are not told
 * twice. A server counts its events from 1 in each life; the past that a stream begins with tells whether it
 * is still the same life: an event with a number that was passed already, but younger than all that were
 * seen, is of a new one.
 */

/** See the head of the file. Pure. */
export class FeedMemory {
  private seq = 0;
  private time = Number.NEGATIVE_INFINITY;
  private replayLeft = 0;

  /** True once any event was seen. */
  get began(): boolean {
    return this.seq > 0;
  }

  /** A stream begins: so many events of the past come first. */
  begin(replayed: number): void {
    this.replayLeft = replayed;
  }

  /** Whether an event is to be told; those of the stream itself have number 0 and always are. */
  isNew({ seq, time }: { readonly seq: number; readonly time: number }): boolean {
    if (seq <= 0) return true;
    const past = this.replayLeft > 0;
    if (past) this.replayLeft--;
    if (past && seq <= this.seq && time <= this.time) return false;
    this.time = seq > this.seq ? Math.max(time, this.time) : time;
    this.seq = seq;
    return true;
  }
}
