/** zkt's client against zkt's server, as against Apache's in the interoperability tests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe } from 'vitest';
import { operationsSuite } from '../client/operations-suite.ts';
import { startInProcess } from '../golden/zkt-in-process.ts';

describe("the client against zkt's server", () => {
  operationsSuite(async () => {
    const dir = mkdtempSync(path.join(tmpdir(), 'zkt-client-'));
    const server = await startInProcess(dir, ['zookeeper.extendedTypesEnabled=true', 'tickTime=500']);
    return {
      address: server.address,
      stop: async () => {
        await server.stop();
        rmSync(dir, { recursive: true });
      },
    };
  });
});
