/**
 * Spoilt files through recovery, the tools that look at files, and the configuration. Whatever the bytes, the
 * outcome is a value or a `ZktError`; and a server that starts all the same holds a tree that really was, at
 * the zxid it claims.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ZktError } from '../../src/base/errors.ts';
import { Prng } from '../../src/base/prng.ts';
import { Bus } from '../../src/events/bus.ts';
import { txnJson } from '../../src/formatters/txn-json.ts';
import { txnLine } from '../../src/formatters/txn-text.ts';
import { checkLog } from '../../src/inspect/log-check.ts';
import { logHeader, logItems } from '../../src/inspect/log-items.ts';
import { layersOf } from '../../src/inspect/snapshot-compare.ts';
import { loadSnapshot } from '../../src/inspect/snapshot-tree.ts';
import { wouldStart } from '../../src/inspect/start-check.ts';
import { logsAt, openForReading, snapshotAt } from '../../src/inspect/targets.ts';
import { treeDigest } from '../../src/inspect/tree-digest.ts';
import { systemCompression } from '../../src/platform/compression.ts';
import { systemSecrets } from '../../src/platform/secrets.ts';
import { decodeEntry } from '../../src/protocol/txn.ts';
import { loadConfig } from '../../src/server/config/load-config.ts';
import { Database } from '../../src/server/node/database.ts';
import { openDatabase } from '../../src/server/node/open-database.ts';
import { treeText } from '../../src/sim/checkers/tree-text.ts';
import { SimDisk } from '../../src/sim/disk.ts';
import { listLogs } from '../../src/storage/data-dir.ts';
import { LogScanner } from '../../src/storage/log-format.ts';
import { mutate } from './mutate.ts';
import { SIM_DIR } from './sim-server.ts';

const FIXTURES = path.join(import.meta.dirname, '../../fixtures');
const NO_CLOCK = { monotonicMs: () => 0, wallMs: () => 0 };
const DEFINITIONS = ['zookeeper.extendedTypesEnabled=true'];

type Files = ReadonlyMap<string, Buffer>;

/** A data directory as Apache ZooKeeper wrote it, and the trees it went through. */
interface Original {
  readonly name: string;
  readonly files: Files;
  /** Text of the tree after each transaction. */
  readonly states: ReadonlyMap<bigint, string>;
}

const readFiles = (dir: string): Files =>
  new Map(
    readdirSync(dir)
      .filter((name) => /^(log|snapshot)\.[0-9a-f]+/.test(name))
      .map((name) => [name, readFileSync(path.join(dir, name))]),
  );

function plant(files: Files, spoilt?: { name: string; bytes: Buffer }): SimDisk {
  const disk = new SimDisk();
  disk.makeDir(`${SIM_DIR}/version-2`);
  for (const [name, bytes] of files) disk.plant(`${SIM_DIR}/version-2/${name}`, bytes);
  if (spoilt !== undefined) disk.plant(`${SIM_DIR}/${spoilt.name}`, spoilt.bytes);
  return disk;
}

const open = (disk: SimDisk): Database => {
  const config = loadConfig(disk, { dataDir: SIM_DIR, port: 0, definitions: DEFINITIONS });
  const ports = { disk, clock: NO_CLOCK, compression: systemCompression };
  const world = {
    ...ports,
    events: NO_BUS,
    secrets: systemSecrets,
    timers: NO_TIMERS,
    random: new Prng(1),
    net: NO_NET,
  };
  return openDatabase(config, world).database;
};

const unused = (): never => {
  throw new Error('not while a database is opened');
};
const NO_TIMERS = { after: unused, every: unused, soon: unused };
const NO_BUS = new Bus('1', NO_CLOCK);
const NO_NET = { listen: unused, connect: unused };

/** Replays a whole directory from its beginning, and keeps the tree after each transaction. */
function statesOf(files: Files): ReadonlyMap<bigint, string> {
  const states = new Map<bigint, string>();
  const options = { extended: { enabled: true, emulate353: false }, digest: true, hashSeed: 1 };
  const first = new Map([...files].filter(([name]) => name === 'snapshot.0'));
  states.set(0n, treeText(open(plant(first))).join('\n'));
  const disk = plant(files);
  const logs = listLogs(disk, `${SIM_DIR}/version-2`);
  const entries: Buffer[] = [];
  for (const log of logs) {
    const scan = new LogScanner(disk.open(log.path, 'read'), {});
    while (scan.next()) entries.push(Buffer.from(scan.bytes.subarray(scan.entryStart, scan.entryEnd)));
  }
  for (let upTo = 1; upTo <= entries.length; upTo++) {
    const database = new Database(options, () => {});
    database.tree.ensureSystemNodes();
    for (const bytes of entries.slice(0, upTo)) database.replay(decodeEntry(bytes) as never);
    database.finishLoad('');
    states.set(database.lastZxid, treeText(database).join('\n'));
  }
  return states;
}

const original = (name: string, files: Files): Original => ({ name, files, states: statesOf(files) });

/** Snapshots that stand alone: only the tree at their zxid can come of them. */
function alone(file: string): Original {
  const bytes = readFileSync(path.join(FIXTURES, file));
  const name = path.basename(file);
  const files = new Map([[name, bytes]]);
  const database = open(plant(files));
  return { name: file, files, states: new Map([[database.lastZxid, treeText(database).join('\n')]]) };
}

/** Everything that is spoilt. */
const ORIGINALS: readonly Original[] = [
  original('datadir-basic/clean', readFiles(path.join(FIXTURES, 'datadir-basic/clean/data/version-2'))),
  original('datadir-basic/killed', readFiles(path.join(FIXTURES, 'datadir-basic/killed/data/version-2'))),
  original(
    'log-basic',
    new Map([...readFiles(path.join(FIXTURES, 'log-basic'))].filter(([n]) => !n.includes('chopped'))),
  ),
  alone('snapshot-basic/snapshot.3b'),
  alone('snapshot-basic/snapshot.3b.gz'),
  alone('snapshot-basic/snapshot.3b.snappy'),
  alone('snapshot-basic/changed/snapshot.62'),
];

/** What became of spoilt files. */
export interface FileFigures {
  files: number;
  started: number;
  shorter: number;
  refused: number;
  configs: number;
  slowestMs: number;
}

/**
 * Spoils one file of one directory, and looks at it in every way. Throws when something is not as promised.
 */
export function spoilOne(seed: number, figures: FileFigures): void {
  const prng = new Prng(seed);
  const from = prng.pick(ORIGINALS);
  const names = [...from.files.keys()];
  const name = prng.pick(names);
  const before = from.files.get(name) as Buffer;
  // Logs are mostly padding: what is spoilt is what was written, and a little behind it.
  const used = Math.min(before.length, usedBytes(before) + 64);
  const donor = from.files.get(prng.pick(names)) as Buffer;
  const spoilt = mutate(before.subarray(0, used), prng, donor.subarray(0, 4000));
  const rest = spoilt.length < used && prng.chance(0.5) ? Buffer.alloc(0) : before.subarray(used);
  const bytes = Buffer.concat([spoilt, rest]);
  const files = new Map(from.files).set(name, bytes);
  figures.files++;
  const began = performance.now();
  const what = `${from.name}/${name} spoilt by seed ${seed}`;
  try {
    inspect(plant(files), name);
    start(plant(files), from, bytes.equals(before), figures);
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
  }
  figures.slowestMs = Math.max(figures.slowestMs, performance.now() - began);
}

const usedBytes = (bytes: Buffer): number => {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end;
};

function start(disk: SimDisk, from: Original, unchanged: boolean, figures: FileFigures): void {
  let database: Database | undefined;
  try {
    database = open(disk);
  } catch (error) {
    if (!(error instanceof ZktError)) throw error;
    if (unchanged) throw error;
    figures.refused++;
    return;
  }
  figures.started++;
  const expected = from.states.get(database.lastZxid);
  const actual = treeText(database).join('\n');
  if (expected === undefined) {
    throw new Error(`started at zxid ${database.lastZxid}, where the original never was`);
  }
  if (expected !== actual) throw new Error(`started with another tree\n${difference(expected, actual)}`);
  const last = [...from.states.keys()].reduce((a, b) => (a > b ? a : b));
  if (database.lastZxid < last) figures.shorter++;
  // What recovery mended stays mended.
  const again = treeText(open(disk)).join('\n');
  if (again !== actual) throw new Error(`a second start finds another tree\n${difference(actual, again)}`);
}

function difference(a: string, b: string): string {
  const left = a.split('\n');
  const right = b.split('\n');
  const at = left.findIndex((line, i) => line !== right[i]);
  return `expected ${left[at]}\nactual   ${right[at]}`;
}

const tolerated = <T>(run: () => T): T | undefined => {
  try {
    return run();
  } catch (error) {
    if (error instanceof ZktError) return undefined;
    throw error;
  }
};

function inspect(disk: SimDisk, name: string): void {
  const dir = `${SIM_DIR}/version-2`;
  const file = `${dir}/${name}`;
  const calls = disk.inode(file).content();
  if (name.startsWith('log.')) inspectLog(disk, file);
  else inspectSnapshot(disk, dir, name);
  const verdict = tolerated(() => wouldStart({ disk, compression: systemCompression }, SIM_DIR));
  if (verdict === undefined) throw new Error('wouldStart threw');
  if (!disk.inode(file).content().equals(calls)) throw new Error('looking at a file changed it');
}

function inspectLog(disk: SimDisk, file: string): void {
  for (const log of tolerated(() => logsAt(disk, `${SIM_DIR}/version-2`)) ?? []) {
    if (log.path === file) tolerated(() => checkLog(disk, log, undefined, () => true));
  }
  const reader = openForReading(disk, file);
  if (logHeader(reader).kind !== 'ok') return;
  let offset = 0;
  let last = '';
  for (const item of logItems(reader)) {
    if (item.offset < offset) throw new Error(`items go back from ${offset} to ${item.offset}`);
    offset = item.offset;
    last = item.kind;
    if (item.kind !== 'record' || item.entry === undefined) continue;
    const { entry } = item;
    tolerated(() => txnLine(entry));
    tolerated(() => JSON.stringify(txnJson(entry, 'text')));
    tolerated(() => JSON.stringify(txnJson(entry, 'base64')));
  }
  if (last !== 'end') throw new Error(`the last item is ${last}, not the end`);
}

function inspectSnapshot(disk: SimDisk, dir: string, name: string): void {
  const target = snapshotAt(disk, dir);
  const ports = { disk, compression: systemCompression };
  for (const at of [target, { ...target, name, path: `${dir}/${name}` }]) {
    const tree = tolerated(() => loadSnapshot(ports, at, { data: true }));
    if (tree === undefined) continue;
    layersOf(tree);
    if (tree.error === undefined) treeDigest(tree);
  }
}

const ZOO_CFG = `# The number of milliseconds of each tick
tickTime=2000
initLimit=10
syncLimit=5
dataDir=/data
dataLogDir=/logs
clientPort=2181
clientPortAddress=127.0.0.1
maxClientCnxns=60
autopurge.snapRetainCount=3
autopurge.purgeInterval=1
4lw.commands.whitelist=stat, ruok, conf
snapCount=1000
preAllocSize=64
forceSync=yes
snapshot.compression.method=gz
jute.maxbuffer=0xfffff
DigestAuthenticationProvider.superDigest=super\\:hash
server.1=127.0.0.1:2888:3888:participant;127.0.0.1:2181
server.2=[::1]:2889:3889|localhost:2890:3890:observer;2182
group.1=1:2
weight.1=3
dynamicConfigFile=/zoo.cfg.dynamic.100000000
some.other.key = a \\
  continued line \\u0041
`;

/** Spoils a configuration, or one of the small files in a data directory. */
export function spoilConfig(seed: number, figures: FileFigures): void {
  const prng = new Prng(seed);
  figures.configs++;
  const lines = ZOO_CFG.split('\n').filter((line) => prng.chance(0.8) || line === '');
  const text = Buffer.from(lines.join('\n'));
  const disk = new SimDisk();
  disk.makeDir('/data');
  const spoil = (bytes: Buffer): Buffer => (prng.chance(0.5) ? mutate(bytes, prng, text) : bytes);
  disk.plant('/zoo.cfg', mutate(text, prng));
  disk.plant('/zoo.cfg.dynamic.100000000', spoil(Buffer.from('server.1=127.0.0.1:2888:3888;2181\n')));
  disk.plant('/data/myid', spoil(Buffer.from('1\n')));
  tolerated(() =>
    loadConfig(disk, {
      file: '/zoo.cfg',
      definitions: [spoil(Buffer.from('zookeeper.snapCount=5')).toString('latin1')],
    }),
  );
  const secret = new SimDisk();
  secret.makeDir(SIM_DIR);
  secret.plant(`${SIM_DIR}/zkt.secret`, mutate(Buffer.alloc(32, 5), prng));
  if (prng.chance(0.5)) secret.plant(`${SIM_DIR}/initialize`, mutate(Buffer.from('x'), prng));
  tolerated(() => open(secret));
}
