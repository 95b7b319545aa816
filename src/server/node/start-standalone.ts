/** Starts a standalone server: recover, listen, then keep house. */
import type { ServerConfig } from '../config/server-config.ts';
import { closePort, openEntrance, schedulePurge } from './housekeeping.ts';
import type { ServerHost } from './server-host.ts';
import { StandaloneServer } from './standalone-server.ts';
import { Store } from './store.ts';
import type { ServerWorld } from './world.ts';

/** A server that serves. */
export interface RunningStandalone {
  readonly server: StandaloneServer;
  /** Where it listens. */
  readonly host: string;
  readonly port: number;
  /** Stops in good order. */
  stop(reason: string): Promise<void>;
}

/** Starts a standalone server. Rejects with a `ZktError`; nothing is left running or half written then. */
export async function startStandalone(
  config: ServerConfig,
  world: ServerWorld,
  host: ServerHost,
): Promise<RunningStandalone> {
  const { clock, events } = world;
  const began = clock.monotonicMs();
  const { port, gate, at } = await openEntrance(config, world, host);
  let store: Store;
  try {
    store = new Store(config, world, host);
  } catch (thrown) {
    await closePort(port, 'the server cannot start');
    throw thrown;
  }
  const { database, dirs, recovery, passwords } = store;
  const server = new StandaloneServer({ world, store, port, passwords, host });
  gate.behind = server;
  server.start();
  if (events.on['server.serving']) {
    events.emit('server.serving', {
      host: at.host,
      port: at.port,
      zxid: database.lastZxid,
      nodes: database.tree.nodeCount,
      sessions: database.sessions.size,
      ms: clock.monotonicMs() - began,
    });
  }
  // What was replayed need not be replayed again: as Apache does, but behind the clients' backs and only if
  // it helps.
  if (recovery.replayed > 0) store.snapshot();
  const purging = schedulePurge(config, dirs, world);
  return {
    server,
    ...at,
    stop: (reason) => {
      purging?.cancel();
      return server.stop(reason);
    },
  };
}
