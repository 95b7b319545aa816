import { describe, expect, it } from 'vitest';
import { JuteWriter } from '../../../src/jute/writer.ts';
import { FileHistory } from '../../../src/server/node/disk-history.ts';
import { SimDisk } from '../../../src/sim/disk.ts';
import { dataDirs, logName, snapshotName } from '../../../src/storage/data-dir.ts';
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
    expect(read(new FileHistory({ disk }, { dirs }), from)).toBe(expected);
  });

  it('passes over padding, and ends at a damaged record', () => {
    const { disk, dirs } = directory(['5:1-2', '5:3-4'], [], 5000);
    expect(read(new FileHistory({ disk }, { dirs }), z(5, 1))).toBe('5:1 5:2 5:3 5:4');
    const file = disk.open(disk.join(dirs.logDir, logName(z(5, 3))), 'update');
    file.writeAt(Buffer.from([0xff]), 16 + 20);
    expect(read(new FileHistory({ disk }, { dirs }), z(5, 1))).toBe('5:1 5:2');
  });

  it('remembers a hole: nothing is read from before it', () => {
    const { disk, dirs } = directory(['5:1-2', '5:4-5']);
    const history = new FileHistory({ disk }, { dirs });
    expect(read(history, z(5, 1))).toBe('5:1 5:2');
    expect(read(history, z(5, 2))).toBeUndefined();
    expect(read(history, z(5, 4))).toBe('5:4 5:5');
  });

  it('is not worth it when longer than the share of a snapshot, or never', () => {
    const { disk, dirs } = directory(['5:1-2', '5:3-4'], [[z(5, 4), 300]]);
    expect(read(new FileHistory({ disk }, { dirs }), z(5, 2))).toBeUndefined();
    expect(read(new FileHistory({ disk }, { dirs }), z(5, 2), true)).toBe('5:2 5:3 5:4');
    expect(read(new FileHistory({ disk }, { dirs }, 0.9), z(5, 2))).toBe('5:2 5:3 5:4');
    expect(read(new FileHistory({ disk }, { dirs }, -1), z(5, 4))).toBeUndefined();
    // The file it begins in does not count.
    expect(read(new FileHistory({ disk }, { dirs }), z(5, 3))).toBe('5:3 5:4');
  });
});
