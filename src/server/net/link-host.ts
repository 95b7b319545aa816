/** What a connection asks of the port it came in by. */
import type { Emitter } from '../../events/bus.ts';
import type { ClientLink } from './client-link.ts';
import type { ClientPortOptions, ClientService } from './client-service.ts';
import type { OutputPool } from './output-pool.ts';
import type { PortStats } from './traffic-stats.ts';

/** What a link needs of the port it belongs to. */
export interface LinkHost {
  readonly options: ClientPortOptions;
  readonly service: ClientService;
  readonly events: Emitter;
  readonly stats: PortStats;
  readonly pool: OutputPool;
  /** Monotonic ms, sampled at least once a turn in which bytes arrive. */
  readonly nowMs: number;
  /** True while more requests, or bytes of requests, are in flight than allowed. */
  readonly overloaded: boolean;
  /** Samples the clock: `nowMs` from here on. */
  beginTurn(): void;
  /** The link has output for the end of this turn. */
  flushSoon(link: ClientLink): void;
  /** The link may go on reading when there is room. */
  readSoon(link: ClientLink): void;
  /** A request was taken in. */
  began(bytes: number): void;
  /** Requests were answered, or dropped; `idle` when their link has no other left. */
  answered(requests: number, bytes: number, idle: boolean): void;
  /** The link's socket is gone. */
  gone(link: ClientLink): void;
}
