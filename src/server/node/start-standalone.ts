/** Starts a standalone server: recover, listen, then keep house. */
import { reasonOf } from '../../base/errors.ts';
import type { Timer } from '../../ports/timers.ts';
import type { DataDirs } from '../../storage/data-dir.ts';
import { purge } from '../../storage/purge.ts';
import type { ServerConfig } from '../config/server-config.ts';
import { ClientPort } from '../net/client-port.ts';
import type { ServerHost } from './server-host.ts';
import { ServiceGate } from './service-gate.ts';
import { StandaloneServer } from './standalone-server.ts';
import { Store } from './store.ts';
import type { ServerWorld } from './world.ts';

/** A server that serves. */
export interface RunningServer {
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
): Promise<RunningServer> {
  const { clock, events } = world;
  const began = clock.monotonicMs();
  const gate = new ServiceGate();
  gate.idle = (word, more) => host.answerIdle?.(word, more);
  const port = new ClientPort(config.client, world, gate);
  const at = await listen(port);
  let store: Store;
  try {
    store = new Store(config, world, host);
  } catch (thrown) {
    await new Promise<void>((done) => port.close('the server cannot start', done));
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

const listen = (port: ClientPort): Promise<{ host: string; port: number }> =>
  new Promise((resolve, reject) => {
    port.listen((result) => ('error' in result ? reject(result.error) : resolve(result)));
  });

const HOUR_MS = 3_600_000;

/** autopurge: at once, and then every so many hours (facts 6). */
function schedulePurge(config: ServerConfig, dirs: DataDirs, world: ServerWorld): Timer | undefined {
  const { purgeIntervalHours, purgeRetainCount } = config.storage;
  if (purgeIntervalHours <= 0) return undefined;
  const { disk, events } = world;
  const run = (): void => {
    try {
      purge(disk, dirs, purgeRetainCount, (file) => {
        if (events.on['purge.removed']) events.emit('purge.removed', { file });
      });
    } catch (thrown) {
      // What is not removed now will be next time; a server does not stop for it.
      const file = dirs.snapDir;
      if (events.on['purge.failed']) events.emit('purge.failed', { file, message: reasonOf(thrown) });
    }
  };
  world.timers.soon(run);
  return world.timers.every(purgeIntervalHours * HOUR_MS, run);
}
