/**
 * Apache's file tools on the data directory of a zkt server that has seen everything: they read all of it,
 * and print what zkt's own tools print. (`files.test.ts` does so with files of chance.)
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as log from '../../src/cli/commands/log.ts';
import * as snapshot from '../../src/cli/commands/snapshot.ts';
import { type Client, connect } from '../../src/client/index.ts';
import { systemDisk } from '../../src/platform/disk.ts';
import { dataDirs } from '../../src/storage/data-dir.ts';
import { planPurge } from '../../src/storage/purge.ts';
import { runTool } from '../cli/commands/file-tool.ts';
import { type SeenTree, seeTree, treeDifferences } from '../golden/tree-walk.ts';
import {
  findApache,
  purgeTxnLog,
  type RunResult,
  snapshotComparer,
  snapshotFormatter,
  txnLogToolkit,
} from './apache.ts';
import { killAll, SUPER, start, type TestServer } from './servers.ts';
import { writeMany, writeVariety } from './variety.ts';

process.env.TZ = 'UTC';

const COMPRESSIONS = ['', 'gz', 'snappy'] as const;
const NODES = 2000;

let dataDir = '';
let tree: SeenTree;
const clients: Client[] = [];

const files = (prefix: string): string[] => {
  const zxid = (name: string): number => Number.parseInt(name.split('.')[1] as string, 16);
  const names = readdirSync(path.join(dataDir, 'version-2')).filter((name) => name.startsWith(`${prefix}.`));
  return names.sort((a, b) => zxid(a) - zxid(b)).map((name) => path.join(dataDir, 'version-2', name));
};

const serve = (compression: string): Promise<TestServer> =>
  start('zkt', {
    dataDir,
    properties: { 'zookeeper.snapCount': '600', 'zookeeper.snapshot.compression.method': compression },
  });

async function client(server: TestServer, auth: string): Promise<Client> {
  const made = connect({
    servers: server.address,
    sessionTimeoutMs: 600_000,
    auth: [{ scheme: 'digest', auth }],
  });
  clients.push(made);
  await made.connected(20_000);
  return made;
}

/** One directory, written by three runs, each with another compression. */
async function fill(): Promise<void> {
  for (const compression of COMPRESSIONS) {
    const server = await serve(compression);
    const [a, b] = [await client(server, 'u:p'), await client(server, 'v:q')];
    const name = compression === '' ? 'plain' : compression;
    await writeVariety(`/${name}`, { a, b, passing: () => client(server, 'w:r') });
    await writeMany(`/many-${name}`, NODES, a);
    tree = await seeTree(await client(server, SUPER.auth));
    await server.stop();
  }
}

/** The newest snapshot of each kind: plain, gzip, snappy. */
const newest = (): string[] =>
  [/\.\w+$/, /\.gz$/, /\.snappy$/].map((ending, i) => {
    const found = files('snapshot').filter(
      (name) => ending.test(name) && (i > 0 || !/\.(gz|snappy)$/.test(name)),
    );
    return found.at(-1) as string;
  });

/** The tool had nothing to say on stderr, and stdout is the same but for what `changes` matches. */
function expectSame(ours: { code: number; out: string }, theirs: RunResult, changes = /(?!)/g): void {
  expect([theirs.code, theirs.stderr]).toEqual([0, '']);
  expect(ours.code).toBe(0);
  const [left, right] = [ours.out.replace(changes, ''), theirs.stdout.replace(changes, '')];
  // Not `toBe`: a difference of megabytes takes minutes to be shown.
  let at = 0;
  while (at < left.length && left[at] === right[at]) at++;
  if (left !== right) expect(left.slice(at - 80, at + 80)).toBe(right.slice(at - 80, at + 80));
}

describe.skipIf(findApache() === undefined)("Apache's tools on a server's directory", () => {
  beforeAll(async () => {
    dataDir = mkdtempSync(path.join(tmpdir(), 'zkt-tools-'));
    await fill();
  });
  afterAll(async () => {
    await killAll();
    await Promise.all(clients.map((it) => it.close()));
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('TxnLogToolkit prints every log as zkt log dump does', async () => {
    let transactions = 0;
    for (const file of files('log')) {
      const theirs = await txnLogToolkit([file]);
      expectSame(await runTool(log, ['dump', file]), theirs);
      transactions += Number(/EOF reached after (\d+) txns/.exec(theirs.stdout)?.[1]);
    }
    expect(transactions).toBeGreaterThan(NODES);
    console.log(`${files('log').length} logs, ${transactions} transactions`);
  });

  it.each([
    ['', []],
    ['-d', ['-d']],
    ['-json', ['--ncdu']],
  ])(
    'SnapshotFormatter %s prints plain, gzip and snappy snapshots as zkt snapshot dump does',
    async (flag, words) => {
      for (const file of newest()) {
        const theirs = await snapshotFormatter([...(flag === '' ? [] : [flag]), file]);
        expectSame(await runTool(snapshot, ['dump', ...words, file]), theirs, /(?<="timestamp":)\d+/g);
      }
    },
  );

  it('SnapshotComparer compares them as zkt snapshot compare does', async () => {
    const [plain, gz, snappy] = newest() as [string, string, string];
    for (const [left, right] of [
      [plain, gz],
      [snappy, gz],
    ] as const) {
      const words = ['-l', left, '-r', right, '-b', '1', '-n', '1', '-d'];
      expectSame(
        await runTool(snapshot, ['compare', ...words]),
        await snapshotComparer(words),
        /(?<= in )[\d.]+(?= seconds)/g,
      );
    }
  });

  it('PurgeTxnLog removes what a purge of zkt would, and what is left is the whole tree', async () => {
    const plan = planPurge(systemDisk, dataDirs(systemDisk, dataDir), 3);
    const before = [...files('snapshot'), ...files('log')];
    expect(await purgeTxnLog([dataDir, dataDir, '-n', '3'])).toMatchObject({ code: 0, stderr: '' });
    const left = new Set([...files('snapshot'), ...files('log')]);
    expect([...plan].sort()).toEqual(before.filter((file) => !left.has(file)).sort());
    expect(plan.length).toBeGreaterThan(3);
    const server = await serve('');
    expect(server.complaints()).toEqual([]);
    expect(treeDifferences(tree, await seeTree(await client(server, SUPER.auth)))).toEqual([]);
    await server.stop();
  });
});
