import type { Clock } from '../ports/clock.ts';
import {
  EVENT_NAMES,
  EVENTS,
  type EventLevel,
  type EventName,
  type FieldsOf,
  type ZktEvent,
} from './table.ts';

/**
 * What machines emit to. Ask `on[name]` first: with no listener an event costs that branch and builds
 * nothing.
 *
 *     if (events.on['watch.set']) events.emit('watch.set', { session, path, mode });
 */
export interface Emitter {
  readonly on: Readonly<Record<EventName, boolean>>;
  emit<N extends EventName>(name: N, fields: FieldsOf<N>): void;
}

/** A listener: what it wants, and how much may wait for it. */
export interface Subscriber {
  /** Names wanted; see `namesAtLevel`. */
  readonly names: Iterable<EventName>;
  /** Takes an event; must be quick. A throw ends the subscription, never the server. */
  readonly take: (event: ZktEvent) => void;
}

/** A running subscription. */
export interface Subscription {
  /** Stops it; harmless when repeated. */
  close(): void;
}

const LEVELS: readonly EventLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];

/** The names of the events at least that important. */
export const namesAtLevel = (level: EventLevel): EventName[] =>
  EVENT_NAMES.filter((n) => LEVELS.indexOf(EVENTS[n].level) >= LEVELS.indexOf(level));

/** Stamps events with node, sequence and time, and hands them to subscribers. */
export class Bus implements Emitter {
  readonly on: Record<EventName, boolean>;
  private readonly node: string;
  private readonly clock: Clock;
  private readonly takers = new Map<EventName, Subscriber[]>();
  private seq = 0;
  private broken = 0;

  constructor(node: string, clock: Clock) {
    this.node = node;
    this.clock = clock;
    this.on = Object.fromEntries(EVENT_NAMES.map((n) => [n, false])) as Record<EventName, boolean>;
  }

  /** Subscribers that threw and were dropped. */
  get brokenSubscribers(): number {
    return this.broken;
  }

  emit<N extends EventName>(name: N, fields: FieldsOf<N>): void {
    const takers = this.takers.get(name);
    if (takers === undefined) return;
    const event = { name, node: this.node, seq: ++this.seq, time: this.clock.wallMs(), fields } as ZktEvent;
    for (const taker of takers) {
      try {
        taker.take(event);
      } catch {
        this.broken++;
        this.drop(taker);
      }
    }
  }

  /** Begins to listen. */
  subscribe(subscriber: Subscriber): Subscription {
    for (const name of subscriber.names) {
      this.takers.set(name, [...(this.takers.get(name) ?? []), subscriber]);
      this.on[name] = true;
    }
    return { close: () => this.drop(subscriber) };
  }

  private drop(subscriber: Subscriber): void {
    for (const [name, takers] of this.takers) {
      const left = takers.filter((t) => t !== subscriber);
      if (left.length > 0) this.takers.set(name, left);
      else {
        this.takers.delete(name);
        this.on[name] = false;
      }
    }
  }
}

/** Hears nothing: for machines run without a server around them. */
export const SILENT: Emitter = {
  on: Object.fromEntries(EVENT_NAMES.map((n) => [n, false])) as Record<EventName, boolean>,
  emit() {},
};
