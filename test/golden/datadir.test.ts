/**
 * Data directories of Apache ZooKeeper 3.8.0 under zkt, without Java: the whole ones hold the tree a client
 * of Apache saw; the damaged ones either give all that Apache's server had from them, or are refused with
 * file and place.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ZktError } from '../../src/base/errors.ts';
import { connect } from '../../src/client/index.ts';
import { Bus } from '../../src/events/bus.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { systemCompression } from '../../src/platform/compression.ts';
import { systemDisk } from '../../src/platform/disk.ts';
import { systemNet } from '../../src/platform/net.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { systemSecrets } from '../../src/platform/secrets.ts';
import { systemTimers } from '../../src/platform/timers.ts';
import { loadConfig } from '../../src/server/config/load-config.ts';
import { openDatabase } from '../../src/server/node/open-database.ts';
import { seeTree } from './tree-walk.ts';
import { startInProcess } from './zkt-in-process.ts';

const FIXTURES = path.join(import.meta.dirname, '../../fixtures');
const DEFINITIONS = [
  'zookeeper.extendedTypesEnabled=true',
  'maxSessionTimeout=600000',
  'znode.container.checkIntervalMs=3600000',
];

let dataDir = '';
const version2 = (): string => path.join(dataDir, 'version-2');
beforeEach(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'zkt-datadir-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

describe('a data directory written by Apache', () => {
  it.each(['clean', 'killed'])('and left %s holds the tree its clients saw', async (name) => {
    const folder = path.join(FIXTURES, 'datadir-basic', name);
    cpSync(path.join(folder, 'data'), dataDir, { recursive: true });
    const rows = readFileSync(path.join(folder, 'tree.json'), 'utf8').split('\n').slice(1, -2);
    const expected = new Map(
      rows.map((row) => [JSON.parse(row.replace(/,$/, '')).path, row.replace(/,$/, '')]),
    );
    const server = await startInProcess(dataDir, DEFINITIONS);
    const client = connect({ servers: server.address, auth: [{ scheme: 'digest', auth: 'u:p' }] });
    try {
      const seen = await seeTree(client);
      expect([...seen.keys()].sort()).toEqual([...expected.keys()].sort());
      for (const [at, row] of expected) expect(seen.get(at)).toBe(row);
      const srvr = readFileSync(path.join(folder, 'srvr'), 'utf8');
      expect(server.running.server.database.tree.nodeCount + 1).toBe(
        Number(/Node count: (\d+)/.exec(srvr)?.[1]),
      );
      expect(server.events.filter((e) => /mismatch|skipped|damage|cut|failed/.test(e.name))).toEqual([]);
    } finally {
      await client.close();
      await server.stop();
    }
  });

  it('and killed keeps the sessions and their ephemerals', async () => {
    const folder = path.join(FIXTURES, 'datadir-basic/killed');
    cpSync(path.join(folder, 'data'), dataDir, { recursive: true });
    const { database } = openDatabaseHere();
    const dump = readFileSync(path.join(folder, 'dump'), 'utf8').split('ephemeral nodes dump:')[1] as string;
    const expected = [...dump.matchAll(/^(0x\w+):\n((?:\t.*\n)+)/gm)].map(([, id, paths]) => [
      BigInt(id as string),
      (paths as string).trim().split(/\s+/).sort(),
    ]);
    const { owned } = database.tree;
    const ours = [...owned.ephemerals.keys()].map((id) => [id, [...owned.ephemeralsOf(id)].sort()]);
    expect(ours.sort()).toEqual(expected.sort());
    expect([...database.sessions]).toEqual(
      expect.arrayContaining(expected.map(([id], i) => [id, i === 0 ? 600_000 : 500_000])),
    );
  });
});

const openDatabaseHere = () =>
  openDatabase(loadConfig(systemDisk, { dataDir, port: 0, definitions: DEFINITIONS }), {
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    secrets: systemSecrets,
    net: systemNet,
    disk: systemDisk,
    compression: systemCompression,
    events: new Bus('1', systemClock),
  });

/** How an error says where: an offset, or which end of the file. */
const PLACE = / at byte (\d+)|it has only \d+ bytes|it does not (?:begin|end) as|it begins with/;

/**
 * `serves 0x3d 49` (last zxid, node count as Apache counts), or the code of the error, whose words are
 * checked.
 */
function outcome(damaged: string): string {
  const file = path.join(version2(), damaged);
  const size = readFileSync(file).length;
  try {
    const { database } = openDatabaseHere();
    return `serves 0x${database.lastZxid.toString(16)} ${database.tree.nodeCount + 1}`;
  } catch (error) {
    if (!(error instanceof ZktError)) throw error;
    expect(error.message).toContain(file);
    expect(error.message).toMatch(PLACE);
    // Behind gzip and snappy, damage to the content is told by its place in the uncompressed bytes.
    const offset = PLACE.exec(error.message)?.[1] ?? '0';
    if (!/\.(gz|snappy)$/.test(file)) expect(Number(offset)).toBeLessThanOrEqual(size);
    return error.code;
  }
}

/** Where zkt is stricter or laxer than Apache, and why. */
type Otherwise = Readonly<Record<string, { readonly zkt: string; readonly why: string }>>;

const tsv = (file: string): string[][] =>
  readFileSync(path.join(FIXTURES, file), 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((row) => row.split('\t'));

/**
 * What is expected: Apache's outcome, where it serves; its exit is any typed error of ours; unless listed.
 */
function check(name: string, ours: string, apache: string, otherwise: Otherwise): void {
  const listed = otherwise[name];
  if (listed !== undefined) {
    expect(ours, listed.why).toBe(listed.zkt);
    expect(apache, 'listed as different and is not').not.toBe(ours);
  } else if (apache === 'exit 1')
    expect(ours).toMatch(/^ZKT_(LOG|SNAPSHOT)_CORRUPT$|^ZKT_NO_VALID_SNAPSHOT$/);
  else expect(ours).toBe(apache);
}

const UNFINISHED = 'laxer: no record was ever in it; a crash while a log is created leaves such a file';
const IN_DOUBT =
  'stricter: whole records follow the damaged one; Apache takes it for the end of the log and forgets them silently';
const LOG_OTHERWISE: Otherwise = {
  'empty.log': { zkt: 'serves 0x0 5', why: UNFINISHED },
  'header-torn.log': { zkt: 'serves 0x0 5', why: UNFINISHED },
  'zeros.log': { zkt: 'serves 0x0 5', why: UNFINISHED },
  'length-past-end.log': { zkt: 'ZKT_LOG_CORRUPT', why: IN_DOUBT },
  'no-eor.log': { zkt: 'ZKT_LOG_CORRUPT', why: IN_DOUBT },
};

describe('a damaged log of Apache, beside its snapshot.0', () => {
  it.each(tsv('log-basic/server-start.tsv'))('%s', (name, apache, zxid, nodes) => {
    mkdirSync(version2());
    cpSync(path.join(FIXTURES, 'log-basic/snapshot.0'), path.join(version2(), 'snapshot.0'));
    cpSync(path.join(FIXTURES, 'log-basic/damaged', name as string), path.join(version2(), 'log.1'));
    check(
      name as string,
      outcome('log.1'),
      zxid === '' ? (apache as string) : `${apache} ${zxid} ${nodes}`,
      LOG_OTHERWISE,
    );
  });
});

const SNAPSHOT_ZXID = readFileSync(path.join(FIXTURES, 'snapshot-damaged/zxid'), 'utf8').trim();
const LOST =
  'stricter: a file named for 0x2f says that there was a tree; Apache passes it over and serves an empty one';
const refusedAsLost = (...names: string[]) =>
  Object.fromEntries(names.map((name) => [name, { zkt: 'ZKT_NO_VALID_SNAPSHOT', why: LOST }]));
const ALONE_OTHERWISE: Otherwise = {
  ...refusedAsLost('empty', 'nine-bytes', 'torn-half', 'torn-one-byte', 'torn-digest-seal', 'plain.gz'),
  ...refusedAsLost('bytes-after'),
  'bytes-after-ending': {
    zkt: 'ZKT_NO_VALID_SNAPSHOT',
    why: 'stricter: what follows might be the third section of 3.9, and its seal is wrong; 3.8 does not look',
  },
};
const BESIDE_OTHERWISE: Otherwise = {
  'flip.gz': {
    zkt: 'serves 0x3d 49',
    why: 'right: snapshot.0 and the logs hold 49, beside whatever other snapshot; Apache 3.8 loses one here',
  },
};

function plantSnapshot(name: string): string {
  const file = `snapshot.${SNAPSHOT_ZXID}${/\.(gz|snappy)$/.exec(name)?.[0] ?? ''}`;
  cpSync(path.join(FIXTURES, 'snapshot-damaged/files', name), path.join(version2(), file));
  return file;
}

describe('a damaged snapshot of Apache', () => {
  const rows = tsv('snapshot-damaged/server-start.tsv');

  it.each(rows)('%s, alone', (name, _formatter, apache, zxid, nodes) => {
    mkdirSync(version2());
    const file = plantSnapshot(name as string);
    check(
      name as string,
      outcome(file),
      zxid === '' ? (apache as string) : `${apache} ${zxid} ${nodes}`,
      ALONE_OTHERWISE,
    );
  });

  it.each(rows)('%s, beside snapshot.0 and the logs', (name, ...cells) => {
    const [apache, zxid, nodes] = cells.slice(5);
    cpSync(path.join(FIXTURES, 'datadir-basic/killed/data/version-2'), version2(), { recursive: true });
    rmSync(path.join(version2(), `snapshot.${SNAPSHOT_ZXID}`));
    const file = plantSnapshot(name as string);
    check(name as string, outcome(file), `${apache} ${zxid} ${nodes}`, BESIDE_OTHERWISE);
  });
});
