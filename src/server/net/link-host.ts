/** What a connection asks of the port it came in by. `L` is the connection's own type. */
import type { Emitter } from '../../events/bus.ts';
import type { ClientPortOptions, ClientService } from './client-service.ts';
import type { OutputPool } from './output-pool.ts';
import type { PortStats } from './traffic-stats.ts';

/** Has output to send when its turn comes. */
export interface Flushable {
  flush(): void;
}

/** What the writing half needs. */
export interface OutputHost {
  readonly options: ClientPortOptions;
  readonly events: Emitter;
  readonly stats: PortStats;
  readonly pool: OutputPool;
  /** Monotonic ms, sampled at least once a turn in which bytes arrive. */
  readonly nowMs: number;
  /** Monotonic ms at this very moment. */
  now(): number;
  /** The link has output for the end of this turn. */
  flushSoon(link: Flushable): void;
  /** A request was taken in. */
  began(bytes: number): void;
  /** Requests were answered, or dropped; `idle` when their link has no other left. */
  answered(requests: number, bytes: number, idle: boolean): void;
}

/** What a whole link needs. */
export interface LinkHost<L> extends OutputHost {
  readonly service: ClientService<L>;
  /** True while more requests, or bytes of requests, are in flight than allowed. */
  readonly overloaded: boolean;
  /** Samples the clock: `nowMs` from here on. */
  beginTurn(): void;
  /** The link may go on reading when there is room. */
  readSoon(link: L): void;
  /** The link's socket is gone. */
  gone(link: L): void;
}
