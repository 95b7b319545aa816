/**
 * Puts events in the order of time that come in portions which overlap; those of one time in the order in
 * which they were recorded.
 */
import type { ZktEvent } from '../../events/table.ts';

/** See the head of the file. */
export class TimeOrder {
  /** In order, each with the place of its portion in the recording. */
  private events: ZktEvent[] = [];
  private places: number[] = [];

  /** Events held. */
  get length(): number {
    return this.events.length;
  }

  /** Adds a portion; `place` grows with its place in the recording. */
  add(portion: readonly ZktEvent[], place: number): void {
    const more = [...portion].sort((a, b) => a.time - b.time);
    const { events, places } = this;
    if (events.length === 0) {
      this.events = more;
      this.places = more.map(() => place);
      return;
    }
    this.events = [];
    this.places = [];
    for (let i = 0, j = 0; i < events.length || j < more.length; ) {
      const [a, b] = [events[i], more[j]];
      const first =
        b === undefined ||
        (a !== undefined && (a.time < b.time || (a.time === b.time && (places[i] as number) < place)));
      this.events.push((first ? a : b) as ZktEvent);
      this.places.push(first ? (places[i++] as number) : place);
      if (!first) j++;
    }
  }

  /** Takes out the events before that time. */
  before(ms: number): ZktEvent[] {
    const { events } = this;
    let lo = 0;
    let hi = events.length;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if ((events[mid] as ZktEvent).time < ms) lo = mid + 1;
      else hi = mid;
    }
    if (lo === events.length) return this.all();
    this.events = events.slice(lo);
    this.places = this.places.slice(lo);
    return events.slice(0, lo);
  }

  /** Takes out all. */
  all(): ZktEvent[] {
    const { events } = this;
    this.events = [];
    this.places = [];
    return events;
  }
}
