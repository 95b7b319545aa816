/** What samples are taken of, and how often they are told of. */
import type { Bus } from '../../../events/bus.ts';
import type { ClientPort } from '../../net/client-port.ts';
import type { RunningServer } from '../running-server.ts';

/** The moment of a sample. */
export interface SampleMoment {
  /** The server process; it may serve nobody at the moment. */
  readonly running: RunningServer;
  /** Now, monotonic ms, and the time since the moment before. */
  readonly nowMs: number;
  readonly ms: number;
}

/**
 * Takes samples of one kind. `take` is called about once a second while somebody listens to any of them, from
 * the loop: it must be done in a few ms, however large the server is.
 */
export interface SampleTaker {
  take(moment: SampleMoment): void;
  /** Nobody listens any more: whatever is kept up for samples is let go. Harmless when repeated. */
  rest(): void;
}

/** Where samples are told. */
export type SampleEvents = Pick<Bus, 'on' | 'emit' | 'subscribe'>;

/** The client port of a process, which it has whether it serves or not. */
export const portOf = (running: RunningServer): ClientPort | undefined =>
  running.server?.port ?? running.peer?.parts.port;
