/**
 * Servers tell what happened before one after the other, each its own past. Whoever wants to see what they
 * did together, an election above all, needs it in the order of time: what comes at the beginning waits for a
 * moment, and is handed on by time.
 */
import type { ZktEvent } from '../../events/table.ts';
import type { Timer, Timers } from '../../ports/timers.ts';
import type { EventSource } from '../source.ts';

/** In that time the servers that answer have been found, and have told their past, ms. */
const WAIT_MS = 1_000;
/** Events that wait at most; then it begins earlier. */
const WAITING_MAX = 100_000;

/** The same events; those of the first second by time, each server's in its own order. */
export const pastInOrder = (source: EventSource, timers: Timers): EventSource =>
  new OrderedStart(source, timers);

class OrderedStart implements EventSource {
  private readonly source: EventSource;
  private readonly timers: Timers;
  private waiting: ZktEvent[] | undefined = [];
  private timer: Timer | undefined;

  constructor(source: EventSource, timers: Timers) {
    this.source = source;
    this.timers = timers;
  }

  start(take: (event: ZktEvent) => void): void {
    this.timer = this.timers.after(WAIT_MS, () => this.handOn(take));
    this.source.start((event) => {
      if (this.waiting === undefined) take(event);
      else if (this.waiting.push(event) >= WAITING_MAX) this.handOn(take);
    });
  }

  stop(): void {
    this.timer?.cancel();
    this.waiting = [];
    this.source.stop();
  }

  private handOn(take: (event: ZktEvent) => void): void {
    const { waiting } = this;
    if (waiting === undefined) return;
    this.timer?.cancel();
    this.waiting = undefined;
    for (const event of byTime(waiting)) take(event);
  }
}

/** By time. A clock that was set back does not put an event of a server before an earlier one of it. */
function byTime(events: readonly ZktEvent[]): ZktEvent[] {
  const newest = new Map<string, number>();
  const timed = events.map((event) => {
    const time = Math.max(event.time, newest.get(event.node) ?? event.time);
    newest.set(event.node, time);
    return { event, time };
  });
  return timed.sort((a, b) => a.time - b.time).map(({ event }) => event);
}
