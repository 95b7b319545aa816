/** zkt's standalone server inside the test's process, on any free port, with its events kept. */
import { Bus, namesAtLevel } from '../../src/events/bus.ts';
import type { ZktEvent } from '../../src/events/table.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { systemCompression } from '../../src/platform/compression.ts';
import { systemDisk } from '../../src/platform/disk.ts';
import { systemNet } from '../../src/platform/net.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { systemSecrets } from '../../src/platform/secrets.ts';
import { systemTimers } from '../../src/platform/timers.ts';
import { loadConfig } from '../../src/server/config/load-config.ts';
import { type RunningStandalone, startStandalone } from '../../src/server/node/start-standalone.ts';

/** A server and what it told. */
export interface InProcess {
  readonly running: RunningStandalone;
  /** `127.0.0.1:port`. */
  readonly address: string;
  /** Every event of level info and above, since before recovery. */
  readonly events: readonly ZktEvent[];
  stop(): Promise<void>;
}

/**
 * Starts a server on a data directory; `definitions` are `key=value`. Rejects with a `ZktError` where it
 * refuses.
 */
export async function startInProcess(
  dataDir: string,
  definitions: readonly string[] = [],
): Promise<InProcess> {
  const events: ZktEvent[] = [];
  const bus = new Bus('1', systemClock);
  bus.subscribe({ names: namesAtLevel('info'), take: (event) => void events.push(event) });
  const running = await startStandalone(
    loadConfig(systemDisk, { dataDir, port: 0, definitions }),
    {
      clock: systemClock,
      timers: systemTimers,
      random: systemRandom,
      secrets: systemSecrets,
      net: systemNet,
      disk: systemDisk,
      compression: systemCompression,
      events: bus,
    },
    {
      answerWord: () => undefined,
      failed: (error) => {
        throw error;
      },
    },
  );
  return {
    running,
    address: `127.0.0.1:${running.port}`,
    events,
    stop: () => running.stop('the test is over'),
  };
}
