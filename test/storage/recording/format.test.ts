import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVENT_NAMES, type ZktEvent } from '../../../src/events/table.ts';
import { SimDisk } from '../../../src/sim/disk.ts';
import { BLOCK_MARK } from '../../../src/storage/recording/format.ts';
import { openRecording } from '../../../src/storage/recording/open-recording.ts';
import { RecordingWriter } from '../../../src/storage/recording/recording-writer.ts';
import { anyEvent, bytesOf, diskWith, eventNamed, fileOf, reply } from './events.ts';

const inOrder = (events: readonly ZktEvent[]): ZktEvent[] => [...events].sort((a, b) => a.time - b.time);

/** What a file gives back. */
function read(bytes: Buffer) {
  const recording = openRecording(diskWith(bytes), '/a.zktrec');
  const events = [...recording.events()];
  return { events, fault: recording.fault, recording };
}

/** Events that make several blocks, each of a second. */
const seconds = (count: number, each = 10): ZktEvent[] =>
  Array.from({ length: count * each }, (_, i) => reply(i + 1, Math.floor(i / each) * 1000 + (i % each)));

describe('what is written is read', () => {
  it.each(EVENT_NAMES)('%s', (name) => {
    fc.assert(
      fc.property(fc.array(eventNamed(name), { minLength: 1, maxLength: 5 }), (events) => {
        expect(read(fileOf(events)).events).toEqual(inOrder(events));
      }),
      { numRuns: 15 },
    );
  });

  it('events of all names, mixed, in closed files and in open ones', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 200 }), fc.boolean(), (events, close) => {
        const { recording, events: found, fault } = read(fileOf(events, close));
        expect(found).toEqual(inOrder(events));
        expect(recording.count).toBe(events.length);
        if (close) expect(fault).toBeUndefined();
        else expect(fault).toContain('was not closed');
        if (events.length === 0) return;
        expect(recording.startMs).toBe(found[0]?.time);
        expect(recording.endMs).toBe(found.at(-1)?.time);
      }),
      { numRuns: 60 },
    );
  });

  it('a text beyond all measure is cut, and says so', () => {
    const long = { ...reply(1, 0), fields: { ...reply(1, 0).fields, op: 'x'.repeat(100_000) } } as ZktEvent;
    const [found, next] = read(fileOf([long, long, reply(2, 1)])).events;
    expect((found as typeof long).fields).toMatchObject({ op: `${'x'.repeat(16_383)}…` });
    expect(next?.fields).toEqual(found?.fields);
  });

  it('requests take few bytes', () => {
    const events = Array.from({ length: 50_000 }, (_, i) => ({
      ...reply(i, i * 0.037),
      fields: { ...reply(i, 0).fields, session: 0x100001234560000n + BigInt(i % 100), ms: (i * 7919) % 3 },
    })) as ZktEvent[];
    expect(fileOf(events).length / events.length).toBeLessThan(25);
  });
});

/** What a file begins with: magic, and the head of a table and its body. */
const TABLE_BYTES = fileOf([]).indexOf(BLOCK_MARK, 9);

describe('damage', () => {
  const events = seconds(4);
  const whole = fileOf(events);

  it('every truncation is read as far as it goes', () => {
    let most = 0;
    // The table takes most of a small file: of it, every seventh.
    for (let length = 0; length < whole.length; length += length < TABLE_BYTES ? 7 : 1) {
      const { events: found, fault } = read(whole.subarray(0, length));
      expect(found).toEqual(events.slice(0, found.length));
      expect(found.length % 10).toBe(0);
      expect(found.length).toBeGreaterThanOrEqual(most);
      expect(fault, `${length}`).toBeDefined();
      most = found.length;
    }
    expect(most).toBe(events.length);
  });

  it('every flipped bit costs one block at most, and is told where it costs one', () => {
    // Of each byte another bit: seven eighths less to wait for.
    for (let at = 0; at < whole.length * 8; at += 9) {
      const bytes = Buffer.from(whole);
      bytes[at >> 3] = (bytes[at >> 3] as number) ^ (1 << (at & 7));
      const { events: found, fault } = read(bytes);
      const lost = events.length - found.length;
      expect([0, 10], `bit ${at}`).toContain(lost);
      if (lost > 0) expect(fault).toBeDefined();
      const kept = new Set(found.map((it) => it.seq));
      expect(found).toEqual(events.filter((it) => kept.has(it.seq)));
    }
  });

  it('random bytes in the middle, or left out, or put in', () => {
    fc.assert(
      fc.property(
        fc.nat(whole.length - 1),
        fc.nat(300),
        fc.uint8Array({ maxLength: 300 }),
        (at, less, more) => {
          const bytes = Buffer.concat([whole.subarray(0, at), more, whole.subarray(at + less)]);
          const { events: found } = read(bytes);
          const known = new Set(found.map((it) => it.seq));
          expect(found).toEqual(events.filter((it) => known.has(it.seq)));
          expect(found.length).toBeGreaterThanOrEqual(events.length - 40);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('what is no recording is refused', () => {
    for (const bytes of [Buffer.from('hello, this is text'), Buffer.alloc(100_000, 0x89)]) {
      expect(() => openRecording(diskWith(bytes), '/a.zktrec')).toThrow(/is not a recording of zkt/);
    }
    expect(() => openRecording(new SimDisk(), '/gone.zktrec')).toThrow(/cannot read \/gone.zktrec/);
    expect(read(Buffer.alloc(0))).toMatchObject({ events: [], fault: 'it is empty' });
  });
});

describe('looking for a time', () => {
  it('gives the events from there on', () => {
    const events = seconds(30);
    const { recording } = read(fileOf(events));
    for (const from of [0, 999, 5000, 5004.5, 29_009, 29_010, 1e9].map((ms) => 1_700_000_000_000 + ms)) {
      expect([...recording.events(from)]).toEqual(events.filter((it) => it.time >= from));
    }
  });

  it('does not read what lies before', () => {
    let reads = 0;
    const disk = new SimDisk({
      fault: (call) => {
        if (call === 'read') reads++;
        return undefined;
      },
    });
    disk.plant('/a.zktrec', fileOf(seconds(500)));
    const recording = openRecording(disk, '/a.zktrec');
    const before = reads;
    expect(before).toBeLessThan(6);
    expect([...recording.events(recording.endMs - 1500)]).toHaveLength(20);
    expect(reads - before).toBeLessThan(6);
  });

  it('events of one time come as they were recorded, in whatever blocks they lie', () => {
    const times = fc.array(
      fc.nat(4).map((s) => s * 700),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(times, (all) => {
        const events = all.map((ms, i) => reply(i + 1, ms));
        expect(read(fileOf(events)).events).toEqual(inOrder(events));
      }),
    );
  });

  it('events of servers whose clocks differ come in the order of time', () => {
    const events = Array.from({ length: 200 }, (_, i) => reply(i, i * 50 + (i % 2) * 700, `${i % 2}`));
    const { events: found } = read(fileOf(events));
    expect(found).toEqual(inOrder(events));
  });
});

describe('going on with a file', () => {
  const first = seconds(2);
  const more = seconds(2).map((it) => ({ ...it, time: it.time + 10_000 }) as ZktEvent);
  const append = (bytes: Buffer): ReturnType<typeof read> => {
    const disk = diskWith(bytes);
    const writer = new RecordingWriter(disk, '/a.zktrec', 'append');
    for (const event of more) writer.append(event);
    writer.close();
    return read(bytesOf(disk, '/a.zktrec'));
  };

  it('that was closed', () => {
    expect(append(fileOf(first))).toMatchObject({ events: [...first, ...more], fault: undefined });
  });

  it('that was not, or is empty, or cut anywhere', () => {
    expect(append(fileOf(first, false)).events).toEqual([...first, ...more]);
    const whole = fileOf(first);
    for (let length = 0; length < whole.length; length += length < TABLE_BYTES ? 7 : 1) {
      const { events: found } = append(whole.subarray(0, length));
      expect(found.slice(-more.length), `${length}`).toEqual(more);
    }
  });
});
