import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeZxid } from '../../src/base/brands.ts';
import { ZktError } from '../../src/base/errors.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import { systemDisk } from '../../src/platform/disk.ts';
import { SimDisk } from '../../src/sim/disk.ts';
import { dataDirs, logName, prepareDataDirs, snapshotName } from '../../src/storage/data-dir.ts';
import { beginRecord, endRecord, writeLogHeader } from '../../src/storage/log-format.ts';
import type { RecoveryOptions } from '../../src/storage/recovery.ts';
import { SnapshotEncoder } from '../../src/storage/snapshot-format.ts';
import { truncate } from '../../src/storage/truncate.ts';
import { entryOf, NodesSource } from './model-store.ts';
import { recoverLog } from './recover-log.ts';

const z = (epoch: number, counter: number): bigint => makeZxid(epoch, counter);
const range = (from: number, to: number): bigint[] =>
  Array.from({ length: to - from + 1 }, (_, i) => BigInt(from + i));

/** The bytes of a log with those transactions. */
function logBytes(zxids: readonly bigint[], padding = 0): Buffer {
  const w = new JuteWriter();
  writeLogHeader(w);
  for (const zxid of zxids) {
    const start = beginRecord(w);
    w.writeRaw(entryOf(zxid));
    endRecord(w, start);
  }
  w.writeRaw(Buffer.alloc(padding));
  return w.copy();
}

function snapshotBytes(zxid: bigint): Buffer {
  const w = new JuteWriter();
  const encoder = new SnapshotEncoder(new NodesSource(zxid, new Map()), { lastProcessedZxid: false });
  while (!encoder.next(w, 1 << 20));
  return w.copy();
}

/** What a directory holds: snapshots and logs by zxid, and other files. */
interface Layout {
  snapshots?: readonly bigint[];
  logs?: readonly (readonly bigint[])[];
  files?: Readonly<Record<string, Buffer>>;
}

const DIR = '/data/version-2';

function lay({ snapshots = [], logs = [], files = {} }: Layout): SimDisk {
  const disk = new SimDisk();
  prepareDataDirs(disk, dataDirs(disk, '/data'));
  for (const zxid of snapshots) disk.plant(`${DIR}/${snapshotName(zxid)}`, snapshotBytes(zxid));
  for (const zxids of logs) disk.plant(`${DIR}/${logName(zxids[0] as bigint)}`, logBytes(zxids, 100));
  for (const [name, bytes] of Object.entries(files)) disk.plant(name, bytes);
  return disk;
}

/** Recovers; the last zxid and how many were replayed, or the error's code. */
function outcome(disk: SimDisk, options: Partial<RecoveryOptions> = {}): string {
  try {
    const { result, zxids } = recoverLog(disk, options);
    return `${result.kind} ${result.lastZxid} from ${result.snapshot?.zxid ?? '-'} +${zxids.length}`;
  } catch (error) {
    if (error instanceof ZktError) return error.code;
    throw error;
  }
}

describe('recovery', () => {
  const cases: [string, Layout, string, Partial<RecoveryOptions>?][] = [
    ['an empty directory is a new server', {}, 'empty 0 from - +0'],
    ['unless that is forbidden', {}, 'untrusted -1 from - +0', { autoCreate: false }],
    [
      'or allowed once',
      { files: { '/data/initialize': Buffer.alloc(0) } },
      'empty 0 from - +0',
      { autoCreate: false },
    ],
    ['a snapshot alone', { snapshots: [5n] }, 'recovered 5 from 5 +0'],
    ['a snapshot and a log', { snapshots: [0n], logs: [range(1, 9)] }, 'recovered 9 from 0 +9'],
    [
      'a snapshot in the middle of a log',
      { snapshots: [0n, 4n], logs: [range(1, 9)] },
      'recovered 9 from 4 +5',
    ],
    [
      'several logs',
      { snapshots: [3n], logs: [range(1, 3), range(4, 6), range(7, 8)] },
      'recovered 8 from 3 +5',
    ],
    ['a snapshot beyond all logs', { snapshots: [20n], logs: [range(1, 9)] }, 'recovered 20 from 20 +0'],
    ['logs without a snapshot', { logs: [range(1, 3)] }, 'ZKT_SNAPSHOT_MISSING'],
    [
      'logs without a snapshot, trusted',
      { logs: [range(7, 9)] },
      'recovered 9 from - +3',
      { trustEmpty: true },
    ],
    ['a gap between files', { snapshots: [0n], logs: [range(1, 3), range(5, 6)] }, 'ZKT_LOG_GAP'],
    ['a gap inside a file', { snapshots: [0n], logs: [[1n, 2n, 4n]] }, 'ZKT_LOG_GAP'],
    ['a gap behind the snapshot', { snapshots: [3n], logs: [range(5, 6)] }, 'ZKT_LOG_GAP'],
    [
      'a gap the snapshot covers',
      { snapshots: [0n, 5n], logs: [range(1, 3), range(5, 8)] },
      'recovered 8 from 5 +3',
    ],
    [
      'a new epoch',
      { snapshots: [0n], logs: [[1n, 2n, z(1, 1), z(1, 2), z(4, 1)]] },
      `recovered ${z(4, 1)} from 0 +5`,
    ],
    ['a new epoch without its first', { snapshots: [0n], logs: [[1n, z(1, 2)]] }, 'ZKT_LOG_GAP'],
    [
      'a leader that began with a snapshot',
      { snapshots: [z(2, 0)], logs: [[z(2, 1)]] },
      `recovered ${z(2, 1)} from ${z(2, 0)} +1`,
    ],
    ['an epoch that goes back', { snapshots: [0n], logs: [[z(2, 1), z(1, 1)]] }, 'ZKT_LOG_CORRUPT'],
    [
      'the same transaction twice',
      { snapshots: [0n], logs: [[1n, 2n, 2n, 1n, 3n]] },
      'recovered 3 from 0 +3',
    ],
    [
      'a snapshot that is cut off',
      {
        snapshots: [0n],
        logs: [range(1, 5)],
        files: { [`${DIR}/snapshot.4`]: snapshotBytes(4n).subarray(0, 100) },
      },
      'recovered 5 from 0 +5',
    ],
    [
      'a snapshot with a wrong seal',
      { snapshots: [2n], logs: [range(1, 5)], files: { [`${DIR}/snapshot.4`]: wrongSeal() } },
      'recovered 5 from 2 +3',
    ],
    [
      'only damaged snapshots',
      { logs: [range(1, 5)], files: { [`${DIR}/snapshot.4`]: wrongSeal() } },
      'ZKT_NO_VALID_SNAPSHOT',
    ],
    [
      'a server that died as it was set up',
      { files: { [`${DIR}/snapshot.0`]: snapshotBytes(0n).subarray(0, 50) } },
      'empty 0 from - +0',
    ],
    [
      'an empty file in the middle',
      { snapshots: [0n], logs: [range(1, 3), range(4, 6)], files: { [`${DIR}/log.2`]: Buffer.alloc(0) } },
      'recovered 6 from 0 +6',
    ],
    [
      'files of other names',
      {
        snapshots: [1n],
        files: {
          [`${DIR}/log.x`]: Buffer.from('?'),
          [`${DIR}/snapshot.1.bak`]: Buffer.from('?'),
          [`${DIR}/acceptedEpoch`]: Buffer.from('1'),
        },
      },
      'recovered 1 from 1 +0',
    ],
    [
      'as it was at a zxid',
      { snapshots: [0n, 6n], logs: [range(1, 9)] },
      'recovered 4 from 0 +4',
      { upTo: 4n },
    ],
    [
      'as it was at a snapshot',
      { snapshots: [0n, 6n], logs: [range(1, 9)] },
      'recovered 6 from 6 +0',
      { upTo: 6n },
    ],
  ];

  function wrongSeal(): Buffer {
    const bytes = snapshotBytes(4n);
    bytes[20] = 9;
    return bytes;
  }

  it.each(cases)('%s', (_name, layout, expected, options) => {
    expect(outcome(lay(layout), options)).toBe(expected);
  });

  it.each(cases)('%s: a rehearsal says the same and changes nothing', (_name, layout, expected, options) => {
    const disk = lay(layout);
    const before = disk
      .list(DIR)
      .map((name) => [name, disk.inode(`${DIR}/${name}`).content().toString('base64')]);
    expect(outcome(disk, { ...options, readOnly: true })).toBe(expected);
    const after = disk
      .list(DIR)
      .map((name) => [name, disk.inode(`${DIR}/${name}`).content().toString('base64')]);
    expect(after).toEqual(before);
    expect(disk.exists('/data/initialize')).toBe(layout.files?.['/data/initialize'] !== undefined);
  });

  it('passes over damage that the snapshot covers, and not damage behind it', () => {
    const damage = (record: number): string => {
      const bytes = logBytes(range(1, 9));
      const starts = range(1, 9).map((n) => logBytes(range(1, Number(n)).slice(0, -1)).length);
      const at = (starts[record - 1] as number) + 30;
      bytes[at] = (bytes[at] as number) ^ 4;
      return outcome(lay({ snapshots: [5n], files: { [`${DIR}/log.1`]: bytes } }));
    };
    for (let record = 1; record <= 5; record++)
      expect(damage(record), `record ${record}`).toBe('recovered 9 from 5 +4');
    for (let record = 6; record <= 9; record++)
      expect(damage(record), `record ${record}`).toBe('ZKT_LOG_CORRUPT');
  });

  it('takes a torn tail in an older file for what it is when the next file goes on', () => {
    const torn = logBytes(range(1, 5)).subarray(0, -3);
    expect(outcome(lay({ snapshots: [0n], logs: [range(5, 7)], files: { [`${DIR}/log.1`]: torn } }))).toBe(
      'recovered 7 from 0 +7',
    );
    expect(outcome(lay({ snapshots: [0n], logs: [range(6, 7)], files: { [`${DIR}/log.1`]: torn } }))).toBe(
      'ZKT_LOG_GAP',
    );
  });

  it('removes unfinished files', () => {
    const disk = lay({
      snapshots: [0n],
      files: { [`${DIR}/tmp.log.5`]: Buffer.from('x'), [`${DIR}/tmp.snapshot.5`]: Buffer.from('x') },
    });
    outcome(disk);
    expect(disk.list(DIR)).toEqual(['snapshot.0']);
  });

  it('asks the target what it thinks of each transaction', () => {
    const disk = lay({ snapshots: [0n], logs: [range(1, 3)] });
    const bad = lay({ snapshots: [0n], logs: [range(1, 3)] });
    expect(outcome(disk)).toBe('recovered 3 from 0 +3');
    bad.inode(`${DIR}/log.1`).flipBit(60, 1);
    expect(outcome(bad)).toBe('ZKT_LOG_CORRUPT');
  });

  it('names file, place and last good zxid', () => {
    const disk = lay({ snapshots: [0n], logs: [range(1, 5)] });
    const at = logBytes(range(1, 3)).length + 40;
    disk.inode(`${DIR}/log.1`).flipBit(at, 3);
    expect(() => recoverLog(disk)).toThrow(
      `${DIR}/log.1 is corrupt at byte ${at - 40}: the checksum does not match`,
    );
    expect(() => recoverLog(disk)).toThrow('(last good zxid 0x3)');
  });
});

describe('truncation', () => {
  it.each([
    [6n, [0n, 4n], 6n, 'recovered 6 from 4 +2'],
    [5n, [0n, 4n], 5n, 'recovered 5 from 4 +1'],
    [3n, [0n], 3n, 'recovered 3 from 0 +3'],
    [9n, [0n, 4n, 8n], 9n, 'recovered 9 from 8 +1'],
    [0n, [0n], undefined, 'recovered 0 from 0 +0'],
  ] as [bigint, bigint[], bigint | undefined, string][])('to %s', (zxid, snapshots, last, after) => {
    const disk = lay({ snapshots: [0n, 4n, 8n], logs: [range(1, 3), range(4, 6), range(7, 9)] });
    const result = truncate(disk, dataDirs(disk, '/data'), zxid);
    expect(result.lastLogged).toBe(last);
    const left = disk.list(DIR).filter((name) => name.startsWith('snapshot.'));
    expect(left.sort()).toEqual(snapshots.map((s) => snapshotName(s)));
    expect(outcome(disk)).toBe(after);
  });

  it('to a zxid that is not there keeps nothing larger', () => {
    const disk = lay({ snapshots: [0n], logs: [[1n, 2n, z(1, 1), z(1, 2)]] });
    expect(truncate(disk, dataDirs(disk, '/data'), 7n).lastLogged).toBe(2n);
    expect(outcome(disk)).toBe('recovered 2 from 0 +2');
  });

  it('changes nothing when no snapshot would be left, or the log cannot be read', () => {
    const disk = lay({ snapshots: [5n], logs: [range(1, 9)] });
    expect(() => truncate(disk, dataDirs(disk, '/data'), 3n)).toThrow(ZktError);
    expect(outcome(disk)).toBe('recovered 9 from 5 +4');
    disk.inode(`${DIR}/log.1`).flipBit(100, 1);
    expect(() => truncate(disk, dataDirs(disk, '/data'), 7n)).toThrow(/checksum/);
  });
});

it('a snapshot that the disk does not give is no missing one: nobody is told to do without it', () => {
  const disk = lay({ snapshots: [0n], logs: [range(1, 9)] });
  const failing = new SimDisk({
    fault: (call, file) => (call === 'open' && file.includes('snapshot.') ? { code: 'EIO' } : undefined),
  });
  for (const file of disk.files()) failing.makeDir(path.dirname(file));
  for (const file of disk.files()) failing.plant(file, disk.inode(file).content());
  expect(outcome(disk)).toBe('recovered 9 from 0 +9');
  expect(() => recoverLog(failing as never)).toThrow(/EIO: open/);
});

describe('Apache’s data directories', () => {
  it.each([
    ['clean', 0x3d, 24],
    ['killed', 0x2f, 2],
  ])('%s', (name, snapshot, minimum) => {
    const dir = mkdtempSync(path.join(tmpdir(), 'zkt-recovery-'));
    try {
      cpSync(`fixtures/datadir-basic/${name}/data`, dir, { recursive: true });
      const files = readdirSync(path.join(dir, 'version-2'));
      const { result, paths, zxids } = recoverLog(systemDisk as never, {}, [dir]);
      expect(result.snapshot?.zxid).toBe(BigInt(snapshot));
      expect(zxids.length).toBeGreaterThanOrEqual(minimum);
      expect(zxids.at(-1)).toBe(result.lastZxid);
      expect(paths[0]).toBe('');
      expect(result.logs.every((log) => log.end === 'padding')).toBe(true);
      expect(readdirSync(path.join(dir, 'version-2'))).toEqual(files);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
