/** Where the events of an observer come from: live servers of any kind, a recording, a simulated run. */
import type { ZktEvent } from '../events/table.ts';

/**
 * A stream of events that goes on by itself. What it knows of the servers it listens to is told by events too
 * (`source.*`, `feed.*`), so that a recording of it is the whole picture. `node` names the server an event is
 * of: its id in the ensemble, or its address where it has none.
 */
export interface EventSource {
  /** Begins; `take` is called from the loop, never from inside a call, and never after `stop`. */
  start(take: (event: ZktEvent) => void): void;
  /** Ends it; harmless when repeated. */
  stop(): void;
}

/** Events that happened: those of a recording, or of a simulated run. */
export interface Recording {
  /** When the first and the last event happened, wall clock ms; equal for an empty one. */
  readonly startMs: number;
  readonly endMs: number;
  /** Events in it. */
  readonly count: number;
  /** What is wrong with it (cut short, damaged), in words; undefined when it is whole. */
  readonly fault: string | undefined;
  /** The events from that time on, in the order of time. */
  events(fromMs?: number): IterableIterator<ZktEvent>;
}
