/** The server behind the client port as others see it: the gate, and whoever answers four-letter words. */
import type { ServerConfig } from '../config/server-config.ts';
import type { ClientLink } from '../net/client-link.ts';
import type { ClientPort } from '../net/client-port.ts';
import type { ClientService } from '../net/client-service.ts';
import type { SessionTracker } from '../session/session-tracker.ts';
import type { WatchRegistry } from '../watch/watch-registry.ts';
import type { Database } from './database.ts';
import type { HotTables } from './hot-tables.ts';
import type { ServerMode } from './roles.ts';
import type { Store } from './store.ts';

/** A server of any role. */
export interface ServingServer extends ClientService<ClientLink> {
  readonly mode: ServerMode;
  readonly config: ServerConfig;
  readonly port: ClientPort;
  readonly store: Store;
  readonly database: Database;
  readonly registry: WatchRegistry<ClientLink>;
  /** The sessions this server expires: all of them on a leader, on a learner only the local ones. */
  readonly tracker: SessionTracker;
  /** Local sessions, of this server alone; 0 where there are none. */
  readonly localSessions: number;
  /** When it began to serve, monotonic ms. */
  readonly startedMs: number;
  /** Counts what clients ask for most, while somebody wants to know. */
  hot: HotTables | undefined;
}
