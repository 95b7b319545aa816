/** What a server of any kind does around its start. */
import { reasonOf } from '../../base/errors.ts';
import type { Timer } from '../../ports/timers.ts';
import type { DataDirs } from '../../storage/data-dir.ts';
import { purge } from '../../storage/purge.ts';
import type { ServerConfig } from '../config/server-config.ts';
import type { ClientPort } from '../net/client-port.ts';
import type { ServerWorld } from './world.ts';

/** Opens the client port. Rejects with `ZKT_PORT_IN_USE` or `ZKT_LISTEN`. */
export const openClientPort = (port: ClientPort): Promise<{ host: string; port: number }> =>
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
