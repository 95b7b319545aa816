import { describe, expect, it } from 'vitest';
import { JuteWriter } from '../../../src/jute/writer.ts';
import { FileHistory } from '../../../src/server/node/disk-history.ts';
import { SimDisk } from '../../../src/sim/disk.ts';
import { type DataDirs, dataDirs, logName, snapshotName } from '../../../src/storage/data-dir.ts';
import { beginRecord, endRecord, writeLogHeader } from '../../../src/storage/log-format.ts';

const z = (epoch: number, counter: number): bigint => (BigInt(epoch) << 32n) | BigInt(counter);
const show = (zxid: bigint): string => `${zxid >> 32n}:${zxid & 0xffffffffn}`;

/** A disk with these logs (zxids as `5:1-3 6:1`) and snapshots (zxid and size). */
function directory(logs: readonly string[], snapshots: readonly [bigint, number][] = [], padding = 0) {
  const disk = new SimDisk();
  const dirs = dataDirs(disk, '/data');
  disk.makeDir(dirs.snapDir);
  const write = (name: string, bytes: Buffer): void => {
    const file = disk.open(disk.join(dirs.logDir, name), 'create');
    file.writeAt(bytes, 0);
    file.close();
  };
  for (const text of logs) {
    const w = new JuteWriter(1024);
    writeLogHeader(w);
    let first: bigint | undefined;
    for (const word of text.split(' ')) {
      const [epoch, range] = word.split(':') as [string, string];
      const [from, to] = range.split('-').map(Number) as [number, number | undefined];
      for (let n = from; n <= (to ?? from); n++) {
        const zxid = z(Number(epoch), n);
        first ??= zxid;
        const at = beginRecord(w);
        w.writeLong(1n);
        w.writeInt(1);
        w.writeLong(zxid);
        w.writeLong(0n);
        w.writeInt(1);
        endRecord(w, at);
      }
    }
    write(logName(first as bigint), Buffer.concat([w.bytes(), Buffer.alloc(padding)]));
  }
  for (const [zxid, size] of snapshots) write(snapshotName(zxid), Buffer.alloc(size));
  return { disk, dirs };
}

/** A clock that goes on by 1 ms whenever it is asked, and the turns of a loop to come. */
function slowWorld(disk: SimDisk) {
  let now = 0;
  const turns: (() => void)[] = [];
  const never = { cancel() {} };
  const world = {
    disk,
    clock: { monotonicMs: () => now++, wallMs: () => 0 },
    timers: { after: () => never, every: () => never, soon: (fn: () => void) => void turns.push(fn) },
  };
  return { world, turns };
}

const history = (disk: SimDisk, dirs: DataDirs, sizeFactor?: number): FileHistory =>
  new FileHistory(slowWorld(disk).world, { dirs }, sizeFactor === undefined ? {} : { sizeFactor });

/** What is read from there on, or undefined. */
function read(history: FileHistory, from: bigint, anyLength = false): string | undefined {
  const entries = history.readFrom(from, anyLength);
  if (entries === undefined) return undefined;
  return [...entries]
    .map(({ zxid, bytes }) => {
      expect(bytes.readBigInt64BE(12)).toBe(zxid);
      return show(zxid);
    })
    .join(' ');
}

describe('history from disk', () => {
  const cases: [string, string[], [bigint, number][], bigint, string | undefined][] = [
    ['from the middle of a file', ['5:1-4'], [], z(5, 3), '5:3 5:4'],
    ['over several files and epochs', ['5:1-2', '5:3 6:1', '6:2'], [], z(5, 2), '5:2 5:3 6:1 6:2'],
    ['from one that is not there', ['5:1-2 6:1'], [], z(5, 9), '6:1'],
    ['from before the first file', ['5:2-4'], [], z(5, 1), undefined],
    ['without a log', [], [], z(5, 1), undefined],
    ['up to a gap within an epoch', ['5:1-2', '5:4-5'], [], z(5, 1), '5:1 5:2'],
    ['up to an epoch whose beginning is missing', ['5:1-2', '6:2'], [], z(5, 1), '5:1 5:2'],
    [
      'up to a snapshot that the log has nothing of (2099)',
      ['5:1-2', '6:1'],
      [[z(5, 7), 1000]],
      z(5, 1),
      '5:1 5:2',
    ],
    ['up to a mark that a leader may have sent', ['5:1-2', '6:1'], [[z(6, 0), 1000]], z(5, 1), '5:1 5:2'],
    [
      'past snapshots the log has the transactions of',
      ['5:1-2', '6:1'],
      [[z(5, 2), 1000]],
      z(5, 1),
      '5:1 5:2 6:1',
    ],
  ];
  it.each(cases)('%s', (_, logs, snapshots, from, expected) => {
    const { disk, dirs } = directory(logs, snapshots);
    expect(read(history(disk, dirs), from)).toBe(expected);
  });

  it('passes over padding, and ends at a damaged record', () => {
    const { disk, dirs } = directory(['5:1-2', '5:3-4'], [], 5000);
    expect(read(history(disk, dirs), z(5, 1))).toBe('5:1 5:2 5:3 5:4');
    const file = disk.open(disk.join(dirs.logDir, logName(z(5, 3))), 'update');
    file.writeAt(Buffer.from([0xff]), 16 + 20);
    expect(read(history(disk, dirs), z(5, 1))).toBe('5:1 5:2');
  });

  it('remembers a hole: nothing is read from before it', () => {
    const { disk, dirs } = directory(['5:1-2', '5:4-5']);
    const sameHistory = history(disk, dirs);
    expect(read(sameHistory, z(5, 1))).toBe('5:1 5:2');
    expect(read(sameHistory, z(5, 2))).toBeUndefined();
    expect(read(sameHistory, z(5, 4))).toBe('5:4 5:5');
  });

  it('is not worth it when longer than the share of a snapshot, or never', () => {
    const { disk, dirs } = directory(['5:1-2', '5:3-4'], [[z(5, 4), 300]]);
    expect(read(history(disk, dirs), z(5, 2))).toBeUndefined();
    expect(read(history(disk, dirs), z(5, 2), true)).toBe('5:2 5:3 5:4');
    expect(read(history(disk, dirs, 0.9), z(5, 2))).toBe('5:2 5:3 5:4');
    expect(read(history(disk, dirs, -1), z(5, 4))).toBeUndefined();
    // The file it begins in does not count.
    expect(read(history(disk, dirs), z(5, 3))).toBe('5:3 5:4');
  });
});

describe('where a transaction is in a long log', () => {
  /** Finds it slice by slice, and reads from there; how many slices it took. */
  function find(logs: string[], from: bigint) {
    const { disk, dirs } = directory(logs);
    const { world, turns } = slowWorld(disk);
    const sought = new FileHistory(world, { dirs }, { markBytes: 100 });
    let slices = 1;
    let done = 0;
    sought.locate(from, () => void done++);
    for (let next = turns.shift(); next !== undefined; next = turns.shift()) {
      expect(done).toBe(0);
      slices++;
      next();
    }
    expect(done).toBe(1);
    return { slices, text: read(sought, from), again: read(sought, from), sought, turns };
  }

  it.each([
    ['the first', z(5, 1), 1, /^5:1 5:2 .* 6:1$/],
    ['one far behind', z(5, 990), 50, /^5:990 5:991 .* 5:1000 6:1$/],
    ['the last of its file', z(5, 1000), 50, /^5:1000 6:1$/],
    ['one that is not there', z(5, 1001), 50, /^6:1$/],
    ['one before the log', z(4, 1), 1, undefined],
  ])('is found in slices: %s', (_, from, slices, expected) => {
    const { text, again, slices: taken, sought, turns } = find(['5:1-1000', '6:1'], from);
    if (expected === undefined) expect(text).toBeUndefined();
    else expect(text).toMatch(expected);
    expect(again).toBe(text);
    expect(taken).toBeGreaterThanOrEqual(slices);
    // What was found once is found at once.
    let done = false;
    sought.locate(from, () => {
      done = true;
    });
    expect([done, turns.length]).toEqual([true, 0]);
  });

  it('a hole behind the place is seen as from the beginning of the file', () => {
    const { text, sought } = find(['5:1-500', '5:502-600'], z(5, 400));
    expect(text).toMatch(/^5:400 .* 5:500$/);
    expect(read(sought, z(5, 450))).toBeUndefined();
  });

  it('nobody waits any more: nothing is looked through', () => {
    const { disk, dirs } = directory(['5:1-1000']);
    const { world, turns } = slowWorld(disk);
    const sought = new FileHistory(world, { dirs }, { markBytes: 100, later: () => {} });
    sought.locate(z(5, 990), () => expect.unreachable());
    turns.shift()?.();
    expect(turns).toEqual([]);
  });
});
