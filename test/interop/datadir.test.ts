/**
 * Data directories handed from Apache's server to zkt's and back: whole trees, node by node, with every field
 * of the stat and the ACL, after a clean end and after kill -9, through plain, gzip and snappy snapshots.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adler32 } from '../../src/base/checksum.ts';
import { type Client, connect, OPEN_ACL } from '../../src/client/index.ts';
import { until } from '../client/clients.ts';
import { type SeenTree, seeTree, treeDifferences } from '../golden/tree-walk.ts';
import { AckWriter } from './acknowledged.ts';
import { findApache, fourLetterWord } from './apache.ts';
import { type Kind, killAll, other, SUPER, start, type TestServer } from './servers.ts';
import { sequential, writeMany, writeVariety } from './variety.ts';

const NODES = 50_000;
const SESSION_MS = 600_000;
const COMPRESSIONS = ['', 'gz', 'snappy'] as const;
type Compression = (typeof COMPRESSIONS)[number];

const properties = (compression: Compression, snapCount: number) => ({
  'zookeeper.snapshot.compression.method': compression,
  'zookeeper.snapCount': String(snapCount),
});

let dataDir = '';
const clients: Client[] = [];
beforeEach(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'zkt-handover-'));
});
afterEach(async () => {
  await killAll();
  await Promise.all(clients.splice(0).map((client) => client.close()));
  rmSync(dataDir, { recursive: true, force: true });
});
afterAll(killAll);

async function client(server: TestServer, auth: string): Promise<Client> {
  const made = connect({
    servers: server.address,
    sessionTimeoutMs: SESSION_MS,
    auth: [{ scheme: 'digest', auth }],
  });
  clients.push(made);
  await made.connected(20_000);
  return made;
}

/** The tree, by one who may see everything, and whose session leaves no trace in it. */
async function treeOf(server: TestServer): Promise<SeenTree> {
  const eye = await client(server, SUPER.auth);
  const tree = await seeTree(eye);
  await eye.close();
  return tree;
}

/** Sessions with their ephemerals, sorted, as `dump` tells. */
async function ephemeralsOf(server: TestServer): Promise<string[]> {
  const dump = (await fourLetterWord(server.port, 'dump')).split(/^ephemeral nodes dump:$/m)[1] ?? '';
  const found = [...dump.matchAll(/^(0x\w+):\n((?:\t.*\n?)+)/gm)];
  return found.map(([, id, paths]) => `${id} ${(paths as string).trim().split(/\s+/).sort()}`).sort();
}

const files = (prefix: string): string[] =>
  readdirSync(path.join(dataDir, 'version-2')).filter((name) => name.startsWith(`${prefix}.`));

/** Two sessions that go on living when the server ends. */
const writers = async (server: TestServer) => ({
  a: await client(server, 'u:p'),
  b: await client(server, 'v:q'),
  passing: () => client(server, 'w:r'),
});

/**
 * Nothing was wrong with what a server found, or made: in its log, and in its count of digests that differ.
 */
async function expectSound(server: TestServer, allowed = /^$/): Promise<void> {
  const mntr = await fourLetterWord(server.port, 'mntr');
  expect(/^zk_digest_mismatches_count\t(\d+)$/m.exec(mntr)?.[1]).toBe('0');
  expect(server.complaints().filter((line) => !allowed.test(line))).toEqual([]);
}

const both: readonly Kind[] = ['Apache', 'zkt'];
const pairs = both.flatMap((from) => COMPRESSIONS.map((compression) => ({ from, compression })));

describe.skipIf(findApache() === undefined)('handed over after a clean end', () => {
  it.each(pairs)('from $from, with "$compression" snapshots', async ({ from, compression }) => {
    const writing = await start(from, { dataDir, properties: properties(compression, 5000) });
    const { a, b, passing } = await writers(writing);
    await writeVariety('/app', { a, b, passing });
    await writeMany('/many', NODES, a);
    await writeVariety('/later', { a, b, passing });
    const [before, ephemerals] = [await treeOf(writing), await ephemeralsOf(writing)];
    await expectSound(writing);
    await writing.stop();
    expect(before.size).toBeGreaterThan(NODES);
    expect(ephemerals).toHaveLength(2);
    const [snapshots, logs] = [files('snapshot'), files('log')];
    const name = compression === '' ? /^snapshot\.\w+$/ : new RegExp(`^snapshot\\.\\w+\\.${compression}$`);
    for (const snapshot of snapshots) expect(snapshot).toMatch(name);
    expect(snapshots.length).toBeGreaterThan(3);
    expect(logs.length).toBeGreaterThan(3);

    const began = performance.now();
    const reading = await start(other(from), { dataDir, properties: properties('', 100_000) });
    const openedMs = Math.round(performance.now() - began);
    const after = await treeOf(reading);
    expect(treeDifferences(before, after)).toEqual([]);
    expect(await ephemeralsOf(reading)).toEqual(ephemerals);
    await expectSound(reading);
    await reading.stop();
    const how = `${snapshots.length} ${compression || 'plain'} snapshots, ${logs.length} logs`;
    console.log(
      `${from} to ${other(from)}: ${after.size} nodes, ${how}; ${other(from)} serves after ${openedMs} ms`,
    );
  });
});

/** What a server may say of files whose writer was killed. */
const CUT_SHORT = /log\.tail-cut|snapshot\.skipped|Last transaction was partial/;

const UNDER_LOAD = properties('', 1500);
const ACKNOWLEDGED = 6000;

/** Starts a server, lets four clients write for a while, and kills it under them. */
async function killUnderLoad(kind: Kind, given = UNDER_LOAD): Promise<AckWriter[]> {
  const server = await start(kind, { dataDir, properties: given });
  await writeVariety('/app', await writers(server));
  const load = ['/load0', '/load1', '/load2', '/load3'].map((root) => new AckWriter(root));
  const loading = await Promise.all(load.map(() => client(server, 'u:p')));
  const runs = load.map((writer, i) => writer.run(loading[i] as Client));
  await until(() => acknowledged(load) >= ACKNOWLEDGED, 'the load');
  await server.kill();
  await Promise.all(loading.map((it) => it.close()));
  await Promise.all(runs);
  return load;
}

const acknowledged = (load: readonly AckWriter[]): number => load.reduce((sum, it) => sum + it.count, 0);

describe.skipIf(findApache() === undefined)('handed over after kill -9 under load', () => {
  it.each(both)('of %s', async (from) => {
    const load = await killUnderLoad(from);
    const twin = `${dataDir}-twin`;
    cpSync(dataDir, twin, { recursive: true });
    try {
      const trees: SeenTree[] = [];
      for (const [kind, dir] of [
        [other(from), dataDir],
        [from, twin],
      ] as const) {
        const server = await start(kind, { dataDir: dir, properties: UNDER_LOAD });
        trees.push(await treeOf(server));
        const eye = await client(server, SUPER.auth);
        for (const writer of load) expect(await writer.missing(eye), kind).toEqual([]);
        await expectSound(server, CUT_SHORT);
        await server.kill();
      }
      const [theirs, own] = trees as [SeenTree, SeenTree];
      expect(treeDifferences(own, theirs)).toEqual([]);
      console.log(
        `${from} killed after ${acknowledged(load)} acknowledged writes: ${own.size} nodes in both`,
      );
    } finally {
      rmSync(twin, { recursive: true, force: true });
    }
  });

  it('loses what it should not when acknowledged transactions are cut off, so the test would see it', async () => {
    const load = await killUnderLoad('zkt', properties('', 1_000_000));
    const log = path.join(dataDir, 'version-2/log.1');
    const bytes = readFileSync(log);
    truncateSync(log, bytes.findLastIndex((byte) => byte !== 0) - 20_000);
    const server = await start('zkt', { dataDir, properties: UNDER_LOAD });
    const eye = await client(server, SUPER.auth);
    const missing = await Promise.all(load.map((writer) => writer.missing(eye)));
    expect(missing.flat().length).toBeGreaterThan(20);
  });
});

describe.skipIf(findApache() === undefined)('handed back and forth', () => {
  it('with writes in each stint, ended by SIGTERM and kill -9 in turn', async () => {
    const QUEUE = '/stint0/queue/item-';
    let queued = 13; // by writeVariety
    let before: SeenTree | undefined;
    for (const [stint, kind] of (['Apache', 'zkt', 'Apache', 'zkt', 'Apache'] as const).entries()) {
      const compression = COMPRESSIONS[stint % COMPRESSIONS.length] as Compression;
      const server = await start(kind, { dataDir, properties: properties(compression, 100) });
      if (before !== undefined) expect(treeDifferences(before, await treeOf(server))).toEqual([]);
      const { a, b, passing } = await writers(server);
      await writeVariety(`/stint${stint}`, { a, b, passing });
      // What earlier stints left is changed, too: counters and versions go on where they stood.
      expect(await sequential(QUEUE, a)).toBe(`${QUEUE}${String(queued++).padStart(10, '0')}`);
      expect((await b.set('/stint0', `of stint ${stint}`, stint)).version).toBe(stint + 1);
      expect((await a.setAcl('/stint0/queue', OPEN_ACL, stint)).aversion).toBe(stint + 1);
      if (stint > 0) await a.delete(`/stint${stint - 1}/null`);
      before = await treeOf(server);
      await expectSound(server, CUT_SHORT);
      await (stint % 2 === 0 ? server.stop() : server.kill());
    }
    console.log(`five stints: ${before?.size} nodes`);
  });
});

describe.skipIf(findApache() === undefined)('a digest that is wrong', () => {
  it.each(both)('is noticed by %s, so the silence above means something', async (kind) => {
    cpSync(path.join(import.meta.dirname, '../../fixtures/datadir-basic/killed/data'), dataDir, {
      recursive: true,
    });
    spoilLastDigest(path.join(dataDir, 'version-2/log.31'));
    const server = await start(kind, { dataDir });
    expect(server.complaints().join('\n')).toMatch(/Digests are not matching|tree\.digest-mismatch/);
    expect(await fourLetterWord(server.port, 'mntr')).toMatch(/^zk_digest_mismatches_count\t1$/m);
    await server.stop();
  });
});

/** Changes the tree digest behind the last transaction of a log, and the checksum with it. */
function spoilLastDigest(file: string): void {
  const log = readFileSync(file);
  let [at, last] = [16, 16];
  for (let length = log.readInt32BE(at + 8); length > 0; length = log.readInt32BE(at + 8)) {
    last = at;
    at += 8 + 4 + length + 1;
  }
  const [from, to] = [last + 12, at - 1];
  log[to - 1] = (log[to - 1] as number) ^ 1;
  log.writeUInt32BE(adler32(log, from, to), last + 4);
  writeFileSync(file, log);
}
