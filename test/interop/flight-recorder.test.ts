/**
 * The flight recorder's files lie beside the transaction logs: Apache's server takes the directory over and
 * back, before and behind them, and neither reads, counts, purges nor changes them.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Client, connect } from '../../src/client/index.ts';
import { systemDisk } from '../../src/platform/disk.ts';
import { openRecording } from '../../src/storage/recording/open-recording.ts';
import { findApache } from './apache.ts';
import { killAll, start, type TestServer } from './servers.ts';

let dataDir = '';
beforeEach(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'zkt-flight-'));
});
afterEach(async () => {
  await killAll();
  rmSync(dataDir, { recursive: true, force: true });
});
afterAll(killAll);

async function work(server: TestServer, what: (client: Client) => Promise<unknown>): Promise<void> {
  const client = connect({ servers: server.address });
  await client.connected(20_000);
  await what(client);
  await client.close();
}

const logDir = (): string => path.join(dataDir, 'version-2');
const flights = (): string[] => readdirSync(logDir()).filter((name) => name.startsWith('flight.'));
const bytes = (): Buffer[] => flights().map((name) => readFileSync(path.join(logDir(), name)));
const create = (from: number) => async (client: Client) => {
  for (let i = from; i < from + 50; i++) await client.create(`/n${i}`, 'x');
};

/** Snapshots often, and purges: what could touch a file that is none of its own. */
const OPTIONS = {
  properties: { 'zookeeper.snapCount': '10' },
  config: ['autopurge.snapRetainCount=3', 'autopurge.purgeInterval=1'],
};

/** What Apache says of a purge. */
const PURGED = /^Removing file: .*\/version-2\/(log|snapshot)\.[0-9a-f]+$/;

describe.skipIf(findApache() === undefined)('flight recordings in a data directory', () => {
  it.each(['stop', 'kill'] as const)('zkt, %s, Apache, and zkt again', async (end) => {
    const zkt = await start('zkt', { dataDir, ...OPTIONS });
    await work(zkt, create(0));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await zkt[end]();
    expect(flights()).toEqual(['flight.1.zktrec']);
    const before = bytes();

    const apache = await start('Apache', { dataDir, ...OPTIONS });
    await work(apache, create(50));
    await apache.stop();
    const [purged, complaints] = [true, false].map((is) =>
      apache.complaints().filter((it) => PURGED.test(it) === is),
    );
    expect(complaints).toEqual([]);
    expect(purged?.length).toBeGreaterThan(3);
    expect(bytes()).toEqual(before);

    const again = await start('zkt', { dataDir, ...OPTIONS });
    await work(again, async (client) => {
      const { children } = await client.getChildren('/');
      expect(children.filter((it) => it.startsWith('n'))).toHaveLength(100);
    });
    await again.stop();
    expect(again.complaints()).toEqual([]);
    expect(flights().sort()).toEqual(['flight.1.zktrec', 'flight.2.zktrec']);
    expect(bytes()[0]).toEqual(before[0]);
    expect(openRecording(systemDisk, logDir()).damaged).toBe(false);
  });

  it("Apache's server starts where nothing but a recording is", async () => {
    const zkt = await start('zkt', { dataDir });
    await zkt.stop();
    const bare = mkdtempSync(path.join(tmpdir(), 'zkt-flight-'));
    try {
      const from = path.join(logDir(), 'flight.1.zktrec');
      cpSync(from, path.join(bare, 'version-2', 'flight.1.zktrec'), { recursive: true });
      const apache = await start('Apache', { dataDir: bare });
      await work(apache, create(0));
      await apache.stop();
      expect(apache.complaints()).toEqual([]);
    } finally {
      rmSync(bare, { recursive: true, force: true });
    }
  });
});
