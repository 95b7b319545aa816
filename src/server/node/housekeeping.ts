/** What a server of any kind does around its start. */
import { reasonOf } from '../../base/errors.ts';
import type { Timer } from '../../ports/timers.ts';
import type { DataDirs } from '../../storage/data-dir.ts';
import { purge } from '../../storage/purge.ts';
import type { ServerConfig } from '../config/server-config.ts';
import { ClientPort } from '../net/client-port.ts';
import type { ServerHost } from './server-host.ts';
import { ServiceGate } from './service-gate.ts';
import type { ServerWorld } from './world.ts';

/** A client port that is open, and the gate between it and whichever server is to stand behind it. */
export interface Entrance {
  readonly port: ClientPort;
  readonly gate: ServiceGate;
  /** Where it listens. */
  readonly at: { readonly host: string; readonly port: number };
}

/** Opens the client port, with nobody behind it yet. Rejects with `ZKT_PORT_IN_USE` or `ZKT_LISTEN`. */
export async function openEntrance(
  config: ServerConfig,
  world: ServerWorld,
  host: ServerHost,
): Promise<Entrance> {
  const gate = new ServiceGate();
  gate.idle = (word, more, link) => host.answerIdle?.(word, more, link);
  const port = new ClientPort(config.client, world, gate);
  return { port, gate, at: await listen(port) };
}

/** Closes a client port, its connections after their output has left. */
export const closePort = (port: ClientPort, why: string): Promise<void> =>
  new Promise((done) => port.close(why, done));

const listen = (port: ClientPort): Promise<{ host: string; port: number }> =>
  new Promise((resolve, reject) => {
    port.listen((result) => ('error' in result ? reject(result.error) : resolve(result)));
  });

const HOUR_MS = 3_600_000;

/** autopurge: at once, and then every so many hours (facts 6). */
export function schedulePurge(config: ServerConfig, dirs: DataDirs, world: ServerWorld): Timer | undefined {
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
