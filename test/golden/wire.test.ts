import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { connect } from '../../src/client/index.ts';
import { replayWire } from './wire-replay.ts';
import { type InProcess, startInProcess } from './zkt-in-process.ts';

/** The recordings were made with these properties. */
const DEFINITIONS = ['zookeeper.extendedTypesEnabled=true', 'tickTime=2000', 'maxSessionTimeout=600000'];

/** Where zkt answers otherwise, and why. */
const DIFFERENT: Record<string, ReadonlyMap<number, string>> = {
  raw: new Map([
    [235, 'create2 inside a multi answers with its Stat, as in 3.8.2 and later'],
    [245, 'a null sasl token is answered; Apache runs into a null pointer'],
    [268, 'createSession in the middle of a session is refused; Apache sets the session up again'],
    [290, 'a second closeSession has no answer: the connection ends with the first'],
    [314, 'the offending bytes are not in the recording'],
    [322, 'the offending bytes are not in the recording'],
  ]),
  'java-client': new Map([
    [232, 'the network cut the connection, not the server'],
    [247, 'the owner of the ephemeral is the session of another client'],
  ]),
};

let dir: string | undefined;
let server: InProcess | undefined;

afterEach(async () => {
  await server?.stop();
  if (dir !== undefined) rmSync(dir, { recursive: true });
});

const start = async (): Promise<number> => {
  dir = mkdtempSync(path.join(tmpdir(), 'zkt-wire-'));
  server = await startInProcess(dir, DEFINITIONS);
  return server.running.port;
};

/** What another client did while the Java client was recorded (`fixtures/make/java/WireOps.java`). */
const othersOfJavaClient = async (port: number) => {
  const servers = `127.0.0.1:${port}`;
  const other = connect({ servers });
  await other.connected();
  let mortal = other;
  return new Map<number, () => Promise<unknown>>([
    [201, () => other.set('/new', Buffer.from('from another'))],
    [
      233,
      async () => {
        await other.create('/r-created', null);
        await other.set('/r-data', Buffer.from('new'));
        await other.delete('/r-deleted');
        await other.create('/r-children/c', null);
      },
    ],
    [
      245,
      async () => {
        mortal = connect({ servers });
        await mortal.create('/w/mortal', null, { mode: 'ephemeral' });
      },
    ],
    [250, () => mortal.close()],
    [278, () => other.close()],
  ]);
};

/** A second closeSession took a zxid of the recorded server; see DIFFERENT. */
const othersOfRaw = async (port: number) =>
  new Map<number, () => Promise<unknown>>([
    [
      292,
      async () => {
        const one = connect({ servers: `127.0.0.1:${port}` });
        await one.connected();
      },
    ],
  ]);

const OTHERS: Record<string, typeof othersOfRaw> = { 'java-client': othersOfJavaClient, raw: othersOfRaw };

describe('zkt answers as Apache ZooKeeper 3.8.0 did', () => {
  for (const name of ['raw', 'java-client', 'c-client']) {
    it(`in fixtures/wire/${name}.ndjson`, async () => {
      const port = await start();
      const file = path.join(import.meta.dirname, '../../fixtures/wire', `${name}.ndjson`);
      expect(await replayWire(file, port, DIFFERENT[name], await OTHERS[name]?.(port))).toEqual([]);
    }, 60_000);
  }
});
