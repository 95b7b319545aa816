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
  /** Takes no events of `trace` level until `resume`: then they cost nothing, unless others want them. */
  pause(): void;
  resume(): void;
  /** Stops it; harmless when repeated. */
  close(): void;
}

const LEVELS: readonly EventLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];

/** The names of the events at least that important. */
export const namesAtLevel = (level: EventLevel): EventName[] =>
  EVENT_NAMES.filter((n) => LEVELS.indexOf(EVENTS[n].level) >= LEVELS.indexOf(level));

/**
 * Stamps events with node, sequence and time, and hands them to subscribers. The time is what the clock's
 * `wallMs` says; a clock with fractions makes stamps that tell more.
 */
export class Bus implements Emitter {
  readonly on: Record<EventName, boolean>;
  private readonly node: string;
  private readonly clock: Pick<Clock, 'wallMs'>;
  private readonly takers = new Map<EventName, Subscriber[]>();
  /** Those that threw, or were closed. */
  private readonly gone = new WeakSet<Subscriber>();
  private seq = 0;
  private broken = 0;

  constructor(node: string, clock: Pick<Clock, 'wallMs'>) {
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
        this.gone.add(taker);
        this.drop(taker);
      }
    }
  }

  /** Begins to listen. */
  subscribe(subscriber: Subscriber): Subscription {
    const names = [...new Set(subscriber.names)];
    const traced = names.filter((name) => EVENTS[name].level === 'trace');
    let paused = false;
    this.add(subscriber, names);
    return {
      pause: () => {
        if (paused) return;
        paused = true;
        this.remove(subscriber, traced);
      },
      resume: () => {
        if (!paused) return;
        paused = false;
        if (!this.gone.has(subscriber)) this.add(subscriber, traced);
      },
      close: () => {
        this.gone.add(subscriber);
        this.drop(subscriber);
      },
    };
  }

  private add(subscriber: Subscriber, names: readonly EventName[]): void {
    for (const name of names) {
      this.takers.set(name, [...(this.takers.get(name) ?? []), subscriber]);
      this.on[name] = true;
    }
  }

  private remove(subscriber: Subscriber, names: Iterable<EventName>): void {
    for (const name of names) {
      const left = this.takers.get(name)?.filter((t) => t !== subscriber) ?? [];
      if (left.length > 0) this.takers.set(name, left);
      else {
        this.takers.delete(name);
        this.on[name] = false;
      }
    }
  }

  private drop(subscriber: Subscriber): void {
    this.remove(subscriber, [...this.takers.keys()]);
  }
}

/** Hears nothing: for machines run without a server around them. */
export const SILENT: Emitter = {
  on: Object.fromEntries(EVENT_NAMES.map((n) => [n, false])) as Record<EventName, boolean>,
  emit() {},
};
