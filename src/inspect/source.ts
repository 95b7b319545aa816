/** Where the events of an observer come from, live; those of a recording are in `storage/recording`. */
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
