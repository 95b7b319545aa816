/** zkt's client against zkt's server, as against Apache's in the interoperability tests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe } from 'vitest';
import { Bus } from '../../src/events/bus.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { systemCompression } from '../../src/platform/compression.ts';
import { systemDisk } from '../../src/platform/disk.ts';
import { systemNet } from '../../src/platform/net.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { systemSecrets } from '../../src/platform/secrets.ts';
import { systemTimers } from '../../src/platform/timers.ts';
import { loadConfig } from '../../src/server/config/load-config.ts';
import { startStandalone } from '../../src/server/node/start-standalone.ts';
import { operationsSuite } from '../client/operations-suite.ts';

describe("the client against zkt's server", () => {
  operationsSuite(async () => {
    const dir = mkdtempSync(path.join(tmpdir(), 'zkt-client-'));
    const definitions = ['zookeeper.extendedTypesEnabled=true', 'tickTime=500'];
    const running = await startStandalone(
      loadConfig(systemDisk, { dataDir: dir, port: 0, definitions }),
      {
        clock: systemClock,
        timers: systemTimers,
        random: systemRandom,
        secrets: systemSecrets,
        net: systemNet,
        disk: systemDisk,
        compression: systemCompression,
        events: new Bus('1', systemClock),
      },
      {
        answerWord: () => undefined,
        failed: (error) => {
          throw error;
        },
      },
    );
    return {
      address: `127.0.0.1:${running.port}`,
      stop: async () => {
        await running.stop('the test is over');
        rmSync(dir, { recursive: true });
      },
    };
  });
});
