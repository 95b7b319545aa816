import { describe, expect, it } from 'vitest';
import { crc32 } from '../../../src/base/checksum.ts';
import { SimDisk } from '../../../src/sim/disk.ts';
import { ByteSink, zigzag } from '../../../src/storage/recording/byte-sink.ts';
import { BLOCK, blockBytes, FILE_MAGIC, PACKING } from '../../../src/storage/recording/format.ts';
import { openRecording } from '../../../src/storage/recording/open-recording.ts';
import { RecordingWriter } from '../../../src/storage/recording/recording-writer.ts';
import { bytesOf, diskWith, reply } from './events.ts';

const [TEXT, NUMBER, , ZXID] = [0, 1, 2, 3];
type Table = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** A release that had some events we know, with other fields, and one that we do not. */
const OTHER: Table = {
  'zab.committed': { zxid: ZXID as number, quorum: TEXT as number },
  'tea.brewed': { cups: NUMBER as number, kind: TEXT as number },
  // `ms` was a text once; there was no `file`.
  'log.slow-sync': { ms: TEXT as number },
  'server.starting': { version: TEXT as number },
};

function tableOf(table: Table): Buffer {
  const out = new ByteSink();
  out.varint(Object.keys(table).length);
  for (const [name, fields] of Object.entries(table)) {
    out.text(name);
    out.varint(Object.keys(fields).length);
    for (const [key, kind] of Object.entries(fields)) {
      out.text(key);
      out.byte(kind);
    }
  }
  return Buffer.from(out.bytes());
}

/** The body of a block: an event of each of `numbers`, by the table above. */
function bodyOf(numbers: readonly number[]): Buffer {
  const out = new ByteSink();
  const text = (value: string): void => {
    out.varint(0);
    out.text(value);
  };
  for (const [i, number] of numbers.entries()) {
    out.varint(number);
    if (i === 0) text('1');
    else out.varint(1);
    out.varint(zigzag(0) + 1);
    // The time: a float64 of microseconds first, then a millisecond more each.
    if (i === 0) {
      out.byte(0);
      out.float64(1_700_000_000_000_000);
    } else out.varint(zigzag(1000) + 1);
    if (number === 0) {
      out.varint(zigzag(5) + 1);
      text(`q${i}`);
    } else if (number === 1) {
      out.varint(zigzag(3) * 2 + 1);
      text(`green${i}`);
    } else text(`x${i}`);
  }
  return Buffer.from(out.bytes());
}

const START = 1_700_000_000_000;

function block(kind: number, body: Buffer, tableCrc: number, events = 0): Buffer {
  const times = events === 0 ? { startMs: 0, endMs: 0 } : { startMs: START, endMs: START + events - 1 };
  return blockBytes({ kind, packing: PACKING.none, tableCrc, events, ...times }, body);
}

const table = tableOf(OTHER);
const crc = crc32(table);
const NUMBERS = [0, 1, 1, 2, 3, 0];
const events = block(BLOCK.events, bodyOf(NUMBERS), crc, NUMBERS.length);

function read(...parts: readonly Buffer[]) {
  const recording = openRecording(diskWith(Buffer.concat(parts)), '/a.zktrec');
  return { recording, events: [...recording.events()] };
}

describe('a recording of another release', () => {
  const { recording, events: found } = read(FILE_MAGIC, block(BLOCK.table, table, crc), events);

  it('is read as far as names and fields are known', () => {
    expect(found).toEqual([
      { name: 'zab.committed', node: '1', seq: 1, time: START, fields: { zxid: 5n } },
      { name: 'log.slow-sync', node: '1', seq: 4, time: START + 3, fields: { file: '', ms: -1 } },
      { name: 'server.starting', node: '1', seq: 5, time: START + 4, fields: { version: 'x4', dataDir: '' } },
      { name: 'zab.committed', node: '1', seq: 6, time: START + 5, fields: { zxid: 10n } },
    ]);
  });

  it('what is not known is counted and told', () => {
    expect(recording.fault).toContain('events of another release left out: 2 tea.brewed');
    expect([...recording.unknownEvents]).toEqual([['tea.brewed', 2]]);
    // Not twice, when it is read twice.
    expect([...recording.events()]).toHaveLength(4);
    expect([...recording.unknownEvents]).toEqual([['tea.brewed', 2]]);
    expect(recording.damaged).toBe(false);
  });

  it('is gone on with: two tables in one file', () => {
    const disk = diskWith(Buffer.concat([FILE_MAGIC, block(BLOCK.table, table, crc), events]));
    const writer = new RecordingWriter(disk, '/a.zktrec', 'append');
    writer.append(reply(9, 100));
    writer.close();
    const again = openRecording(disk, '/a.zktrec');
    const seqs = [...again.events()].map((it) => it.seq);
    expect(seqs).toEqual([1, 4, 5, 6, 9]);
    const more = openRecording(diskWith(bytesOf(disk, '/a.zktrec')), '/a.zktrec');
    expect([...more.events(START + 50)]).toHaveLength(1);
  });

  it('without its table it cannot be read, and says so', () => {
    const lost = read(FILE_MAGIC, events);
    expect(lost.events).toEqual([]);
    expect(lost.recording.fault).toContain('the table of its events is lost');
    const damaged = Buffer.from(block(BLOCK.table, table, crc));
    damaged[60] = (damaged[60] as number) ^ 1;
    expect(read(FILE_MAGIC, damaged, events).recording.fault).toContain('the table of its events is lost');
  });

  it('a later version of the format is passed over', () => {
    const later = Buffer.from(events);
    later.writeUInt16BE(2, 10);
    later.writeUInt32BE(crc32(later, 0, 44), 44);
    const { recording: mixed, events: known } = read(
      FILE_MAGIC,
      block(BLOCK.table, table, crc),
      later,
      events,
    );
    expect(known).toHaveLength(4);
    expect(mixed.fault).toContain('1 blocks are of a newer version of the format');
  });
});

describe('bytes that somebody made up', () => {
  const hostile: readonly (readonly [string, Buffer])[] = [
    ['references to nothing', Buffer.from([0, 9, 1])],
    ['an event that is not in the table', Buffer.from([99])],
    ['a number without an end', Buffer.alloc(20, 0xff)],
    ['a text longer than the file', Buffer.from([0, 0, 0xff, 0xff, 0xff, 0x7f])],
    ['nothing', Buffer.alloc(0)],
  ];

  it.each(hostile)('%s', (_, body) => {
    const evil = block(BLOCK.events, body, crc, 5);
    const { recording, events: found } = read(FILE_MAGIC, block(BLOCK.table, table, crc), evil, events);
    expect(found).toHaveLength(4);
    expect(recording.fault).toMatch(/1 blocks with 5 events cannot be read/);
    expect(recording.damaged).toBe(true);
  });

  it('a table that promises more than it has', () => {
    for (const body of [
      Buffer.from([0xff, 0xff, 0x7f]),
      Buffer.from([1, 1, 65, 1, 1, 66, 99]),
      Buffer.from([1]),
    ]) {
      const sum = crc32(body);
      const { recording } = read(
        FILE_MAGIC,
        block(BLOCK.table, body, sum),
        block(BLOCK.events, bodyOf([0]), sum, 1),
      );
      expect(recording.fault).toContain('the table of its events is lost');
    }
  });

  it('a block that says it has billions of events', () => {
    const evil = block(BLOCK.events, bodyOf([0]), crc, 0xffff_ffff);
    expect(read(FILE_MAGIC, block(BLOCK.table, table, crc), evil).events).toEqual([]);
  });

  it('a packed body that unpacks to too much', () => {
    const bomb = Buffer.from([0xff, 0xff, 0xff, 0x7f, 0x00]);
    const head = {
      kind: BLOCK.events,
      packing: PACKING.snappy,
      tableCrc: crc,
      events: 1,
      startMs: START,
      endMs: START,
    };
    const { recording } = read(FILE_MAGIC, block(BLOCK.table, table, crc), blockBytes(head, bomb));
    expect(recording.fault).toContain('cannot be read');
  });
});

it('a recording is not changed by being read', () => {
  const disk = new SimDisk();
  const writer = new RecordingWriter(disk, '/a.zktrec');
  writer.append(reply(1, 0));
  writer.flush();
  const before = bytesOf(disk, '/a.zktrec');
  // While it is written, as it is so far.
  expect([...openRecording(disk, '/a.zktrec').events()]).toHaveLength(1);
  expect(bytesOf(disk, '/a.zktrec')).toEqual(before);
  writer.append(reply(2, 1));
  writer.close();
  expect([...openRecording(disk, '/a.zktrec').events()]).toHaveLength(2);
});
