/**
 * The way of events into the model: they are put down as they come, and taken in by portions, so that keys
 * and frames have their turn however many there are. Stopped, they wait. What is too much is dropped and
 * counted.
 */
import { Fifo } from '../../base/ring.ts';
import type { ZktEvent } from '../../events/table.ts';

/** Events that wait for their turn, or for the end of a pause. */
const WAITING_MAX = 200_000;
/** Events taken in between two looks at the clock. */
const PORTION = 256;

/** See the head of the file. */
export class Inlet {
  private waitingEvents = new Fifo<ZktEvent>();
  private lost = 0;

  /** Events that wait. */
  get waiting(): number {
    return this.waitingEvents.length;
  }

  /** Puts an event down; the oldest that waits is dropped when there are too many. */
  put(event: ZktEvent): void {
    this.waitingEvents.push(event);
    if (this.waitingEvents.length > WAITING_MAX) {
      this.waitingEvents.shift();
      this.lost++;
    }
  }

  /** Events dropped since this was asked last. */
  takeLost(): number {
    const { lost } = this;
    this.lost = 0;
    return lost;
  }

  /** Hands over what waits until `until` says that time is up; answers how many. */
  drain(take: (event: ZktEvent) => void, until: () => boolean): number {
    let count = 0;
    while (this.waitingEvents.length > 0) {
      for (let i = 0; i < PORTION; i++) {
        const event = this.waitingEvents.shift();
        if (event === undefined) return count;
        take(event);
        count++;
      }
      if (until()) break;
    }
    return count;
  }

  /** Hands over one event; false when none waits. */
  step(take: (event: ZktEvent) => void): boolean {
    const event = this.waitingEvents.shift();
    if (event === undefined) return false;
    take(event);
    return true;
  }

  /** Forgets what waits. */
  clear(): void {
    this.waitingEvents = new Fifo();
  }
}
