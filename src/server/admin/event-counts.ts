/**
 * How often each event happened, and how long those with a duration took: the metrics that the table of
 * events promises (`metric` in docs/events.md). Events of `trace` level are left alone: to count them would
 * make each of them.
 */
import { Summary } from '../../base/summary.ts';
import { type Bus, namesAtLevel, type Subscription } from '../../events/bus.ts';
import { EVENTS, type EventName, type ZktEvent } from '../../events/table.ts';

/** See the head of the file. */
export class EventCounts {
  /** By name; only of those that happened. */
  readonly counts = new Map<EventName, number>();
  /** Durations by name, ms. */
  readonly durations = new Map<EventName, Summary>();

  /** Counts from here on. */
  subscribe(bus: Bus): Subscription {
    const names = namesAtLevel('debug').filter((name) => EVENTS[name].metric !== 'none');
    return bus.subscribe({ names, take: (event) => this.take(event) });
  }

  private take({ name, fields }: ZktEvent): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    if (EVENTS[name].metric !== 'summary' || !('ms' in fields)) return;
    let summary = this.durations.get(name);
    if (summary === undefined) {
      summary = new Summary();
      this.durations.set(name, summary);
    }
    summary.add(fields.ms);
  }
}
