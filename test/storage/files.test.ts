import { describe, expect, it } from 'vitest';
import { ZktError } from '../../src/base/errors.ts';
import { Prng } from '../../src/base/prng.ts';
import { SimDisk } from '../../src/sim/disk.ts';
import {
  dataDirs,
  listLogs,
  listSnapshots,
  parseLogName,
  parseSnapshotName,
  prepareDataDirs,
} from '../../src/storage/data-dir.ts';
import { planPurge, purge } from '../../src/storage/purge.ts';
import { readEpoch, writeEpoch } from '../../src/storage/small-files.ts';
import { SnapshotTrigger } from '../../src/storage/snapshot-trigger.ts';

const DIR = '/data/version-2';
const GOOD = Buffer.concat([Buffer.alloc(20), Buffer.from([0, 0, 0, 1, 0x2f])]);

describe('names', () => {
  it.each([
    ['log.1', 1n],
    ['log.1000000ff', 0x1000000ffn],
    ['log.7fffffffffffffff', 0x7fffffffffffffffn],
    ['log.ffffffffffffffff', undefined],
    ['log.', undefined],
    ['log.x', undefined],
    ['log.1.gz', undefined],
    ['tmp.log.1', undefined],
    ['snapshot.1', undefined],
  ])('%s', (name, zxid) => {
    expect(parseLogName(name)).toBe(zxid);
  });

  it.each([
    ['snapshot.0', { zxid: 0n, compression: 'none' }],
    ['snapshot.1f.gz', { zxid: 0x1fn, compression: 'gz' }],
    ['snapshot.1f.snappy', { zxid: 0x1fn, compression: 'snappy' }],
    ['snapshot.1f.bz2', undefined],
    ['snapshot.1f.gz.gz', undefined],
    ['tmp.snapshot.1', undefined],
  ])('%s', (name, parsed) => {
    expect(parseSnapshotName(name)).toEqual(parsed);
  });

  it('are sorted by zxid, not by text', () => {
    const disk = new SimDisk();
    disk.makeDir('/d');
    for (const name of ['log.10', 'log.9', 'log.a', 'snapshot.9', 'snapshot.10', 'snapshot.10.gz'])
      disk.plant(`/d/${name}`, GOOD);
    expect(listLogs(disk, '/d').map((l) => l.name)).toEqual(['log.9', 'log.a', 'log.10']);
    expect(listSnapshots(disk, '/d').map((s) => s.name)).toEqual([
      'snapshot.10',
      'snapshot.10.gz',
      'snapshot.9',
    ]);
  });
});

describe('two directories', () => {
  const at = (disk: SimDisk) => dataDirs(disk, '/data', '/log');

  it('are made, and stay apart', () => {
    const disk = new SimDisk();
    prepareDataDirs(disk, at(disk));
    expect(disk.exists('/data/version-2') && disk.exists('/log/version-2')).toBe(true);
    disk.plant('/log/version-2/log.1', GOOD);
    disk.plant('/data/version-2/snapshot.1', GOOD);
    prepareDataDirs(disk, at(disk));
  });

  it.each([
    ['/data/version-2/log.1', /transaction log log.1, which belongs in dataLogDir/],
    ['/log/version-2/snapshot.1', /snapshot snapshot.1, which belongs in dataDir/],
  ])('%s is refused', (file, message) => {
    const disk = new SimDisk();
    prepareDataDirs(disk, at(disk));
    disk.plant(file, GOOD);
    expect(() => prepareDataDirs(disk, at(disk))).toThrow(message);
  });

  it('that cannot be made are refused with the reason', () => {
    const disk = new SimDisk({ fault: () => ({ code: 'EACCES' }) });
    expect(() => prepareDataDirs(disk, at(disk))).toThrow(
      /cannot use the data directory \/data\/version-2: EACCES/,
    );
  });
});

describe('purge', () => {
  function lay(names: readonly string[]): SimDisk {
    const disk = new SimDisk();
    prepareDataDirs(disk, dataDirs(disk, '/data'));
    for (const name of names)
      disk.plant(`${DIR}/${name.replace('!', '')}`, name.endsWith('!') ? Buffer.alloc(30) : GOOD);
    return disk;
  }
  const plan = (names: readonly string[], keep: number): string[] => {
    const disk = lay(names);
    return planPurge(disk, dataDirs(disk, '/data'), keep)
      .map((p) => p.slice(DIR.length + 1))
      .sort();
  };

  it.each([
    [
      'keeps the newest, and the log the oldest kept begins in',
      ['snapshot.1', 'snapshot.5', 'snapshot.9', 'snapshot.c', 'log.1', 'log.4', 'log.7', 'log.b'],
      3,
      ['log.1', 'snapshot.1'],
    ],
    ['removes nothing when there are few', ['snapshot.1', 'snapshot.5', 'log.1'], 3, []],
    [
      'does not count damaged ones',
      ['snapshot.1', 'snapshot.2', 'snapshot.5', 'snapshot.9!', 'snapshot.c', 'log.1', 'log.2', 'log.3'],
      3,
      ['log.1', 'snapshot.1'],
    ],
    [
      'removes damaged ones that are old',
      ['snapshot.1!', 'snapshot.2', 'snapshot.5', 'snapshot.9', 'log.1', 'log.2'],
      3,
      ['log.1', 'snapshot.1'],
    ],
    ['removes nothing without a valid snapshot', ['snapshot.1!', 'log.1', 'log.2'], 3, []],
    [
      'keeps a log that begins just at the snapshot',
      ['snapshot.3', 'snapshot.5', 'snapshot.9', 'log.1', 'log.3', 'log.4'],
      3,
      ['log.1'],
    ],
  ])('%s', (_name, names, keep, expected) => {
    expect(plan(names, keep)).toEqual(expected);
  });

  it('refuses to keep fewer than three', () => {
    expect(() => plan([], 2)).toThrow('count should be greater than or equal to 3');
    expect(() => plan([], Number.NaN)).toThrow(ZktError);
  });

  it('tells of each file before it goes', () => {
    const disk = lay(['snapshot.1', 'snapshot.5', 'snapshot.9', 'snapshot.c', 'log.1', 'log.4']);
    const told: string[] = [];
    purge(disk, dataDirs(disk, '/data'), 3, (file) => {
      expect(disk.exists(file)).toBe(true);
      told.push(file);
    });
    expect(told).toEqual([`${DIR}/log.1`, `${DIR}/snapshot.1`]);
    expect(told.some((file) => disk.exists(file))).toBe(false);
  });
});

describe('epoch files', () => {
  it('are decimal without a line break, and missing ones are undefined', () => {
    const disk = new SimDisk();
    disk.makeDir(DIR);
    expect(readEpoch(disk, DIR, 'currentEpoch')).toBeUndefined();
    writeEpoch(disk, DIR, 'currentEpoch', 12n);
    expect(disk.inode(`${DIR}/currentEpoch`).content().toString()).toBe('12');
    writeEpoch(disk, DIR, 'currentEpoch', 13n);
    expect(readEpoch(disk, DIR, 'currentEpoch')).toBe(13n);
    disk.restart(new Prng(1));
    expect(readEpoch(disk, DIR, 'currentEpoch')).toBe(13n);
  });

  it.each(['', 'x', '-1', '1 ', '99999999999999999999'])('%j is no epoch', (text) => {
    const disk = new SimDisk();
    disk.makeDir(DIR);
    disk.plant(`${DIR}/acceptedEpoch`, Buffer.from(text));
    expect(() => readEpoch(disk, DIR, 'acceptedEpoch')).toThrow(/^the epoch files in .*acceptedEpoch holds/);
  });

  it('survive a power cut at any call with the old or the new content', () => {
    for (let at = 1; at < 12; at++) {
      for (let seed = 1; seed <= 8; seed++) {
        let armed = false;
        let calls = 0;
        const disk: SimDisk = new SimDisk({
          fault: () => {
            if (armed && ++calls === at) disk.powerCut();
            return undefined;
          },
        });
        disk.makeDir(DIR);
        writeEpoch(disk, DIR, 'currentEpoch', 12n);
        armed = true;
        let done = false;
        try {
          writeEpoch(disk, DIR, 'currentEpoch', 13n);
          done = true;
        } catch {
          expect(disk.dead).toBe(true);
        }
        armed = false;
        disk.restart(new Prng(seed));
        const epoch = readEpoch(disk, DIR, 'currentEpoch');
        expect(done ? [13n] : [12n, 13n], `cut at call ${at}, seed ${seed}`).toContain(epoch);
      }
    }
  });
});

describe('the snapshot trigger', () => {
  const firesAt = (
    draw: (limit: number) => number,
    options: { snapCount: number; snapSizeBytes: number },
    bytes = 10,
  ): number => {
    const trigger = new SnapshotTrigger(options, { below: draw });
    let n = 1;
    while (!trigger.logged(bytes)) n++;
    return n;
  };

  it('fires between half of the count and all of it', () => {
    expect(firesAt(() => 0, { snapCount: 100, snapSizeBytes: 0 })).toBe(51);
    expect(firesAt((limit) => limit - 1, { snapCount: 100, snapSizeBytes: 0 })).toBe(100);
    expect(firesAt(() => 0, { snapCount: 0, snapSizeBytes: 0 })).toBe(2);
  });

  it('or between half of the bytes and all of them', () => {
    expect(firesAt(() => 0, { snapCount: 1e6, snapSizeBytes: 100 * 1024 }, 1024)).toBe(51);
    expect(
      firesAt((limit) => limit - 1, { snapCount: 1e6, snapSizeBytes: 100 * 1024 }, 1024),
    ).toBeLessThanOrEqual(101);
  });
});
