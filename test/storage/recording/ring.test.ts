import { describe, expect, it } from 'vitest';
import type { ZktEvent } from '../../../src/events/table.ts';
import { SimDisk, type SimDiskFault } from '../../../src/sim/disk.ts';
import { openRecording } from '../../../src/storage/recording/open-recording.ts';
import { RecordingRing, type RingLimits } from '../../../src/storage/recording/recording-ring.ts';
import { RecordingWriter } from '../../../src/storage/recording/recording-writer.ts';
import { reply } from './events.ts';

const replies = (from: number, to: number, stepMs = 10): ZktEvent[] =>
  Array.from({ length: to - from }, (_, i) => reply(from + i, (from + i) * stepMs));

function record(disk: SimDisk, limits: RingLimits, events: readonly ZktEvent[], close = true): RecordingRing {
  const ring = new RecordingRing(disk, '/rec/a.zktrec', limits);
  for (const event of events) ring.append(event);
  if (close) ring.close();
  else ring.flush();
  return ring;
}

const newDisk = (fault?: (call: string, path: string) => SimDiskFault | undefined): SimDisk => {
  const disk = new SimDisk(fault === undefined ? {} : { fault });
  disk.makeDir('/rec');
  return disk;
};

const seqs = (events: Iterable<ZktEvent>): number[] => [...events].map((it) => it.seq).filter((it) => it > 0);

describe('a ring of files', () => {
  it('by size: the newest are kept, in files of that size', () => {
    const disk = newDisk();
    const ring = record(disk, { bytesMax: 20_000, files: 3 }, replies(1, 20_000));
    const files = disk.files();
    expect(files).toHaveLength(3);
    expect(ring.events).toBe(19_999);
    const recording = openRecording(disk, '/rec/a.zktrec');
    for (const { bytes } of recording.files) expect(bytes).toBeLessThan(22_000);
    const found = seqs(recording.events());
    expect(found.at(-1)).toBe(19_999);
    expect(found).toEqual(Array.from({ length: found.length }, (_, i) => 20_000 - found.length + i));
    expect(recording.fault).toBeUndefined();
    expect(seqs(openRecording(disk, '/rec').events())).toEqual(found);
  });

  it('by age', () => {
    const disk = newDisk();
    record(disk, { ageMsMax: 10_000, files: 3 }, replies(0, 5500));
    expect(disk.files()).toEqual(['/rec/a.4.zktrec', '/rec/a.5.zktrec', '/rec/a.6.zktrec']);
    const recording = openRecording(disk, '/rec/a.zktrec');
    expect(recording.files.map((it) => it.events)).toEqual([1000, 1000, 500]);
    expect(recording.startMs).toBe(1_700_000_030_000);
  });

  it('who begins anew goes on with the next file, and keeps as many', () => {
    const disk = newDisk();
    for (let life = 0; life < 6; life++) {
      record(disk, { bytesMax: 1e6, files: 4 }, replies(life * 100, life * 100 + 100), life % 2 === 0);
    }
    expect(disk.files()).toEqual([3, 4, 5, 6].map((n) => `/rec/a.${n}.zktrec`));
    const recording = openRecording(disk, '/rec/a.zktrec');
    expect(seqs(recording.events())).toEqual(Array.from({ length: 400 }, (_, i) => 200 + i));
    expect(recording.fault).toContain('/rec/a.4.zktrec: it was not closed');
  });

  it('who begins anew all the time keeps many small files, and no more bytes than of full ones', () => {
    const disk = newDisk();
    const limits = { bytesMax: 20_000, files: 3, smallFilesMax: 10 };
    for (let life = 0; life < 8; life++) record(disk, limits, replies(life * 10, life * 10 + 10), false);
    expect(disk.files()).toHaveLength(8);
    for (let life = 8; life < 30; life++) record(disk, limits, replies(life * 10, life * 10 + 10), false);
    expect(disk.files()).toEqual(
      Array.from({ length: 10 }, (_, i) => `/rec/a.${21 + i}.zktrec`).sort((a, b) => (a < b ? -1 : 1)),
    );
    record(disk, limits, replies(300, 20_000));
    expect(disk.files()).toHaveLength(3);
  });

  it('the recordings of several servers, each in a directory of its own, are one', () => {
    const disk = new SimDisk();
    for (const server of ['1', '2', '3']) {
      disk.makeDir(`/data/${server}/version-2`);
      const ring = new RecordingRing(disk, `/data/${server}/version-2/flight.zktrec`, { files: 4 });
      for (let i = 1; i <= 100; i++) ring.append(reply(i, i * 10 + Number(server), server));
      ring.close();
    }
    disk.plant('/data/1/version-2/snapshot.0', Buffer.from('a snapshot'));
    const events = [...openRecording(disk, '/data').events()];
    expect(events).toHaveLength(300);
    expect(events.map((it) => it.node).join('')).toBe('123'.repeat(100));
    expect(() => openRecording(disk, '/data/1/version-2/none')).toThrow(/cannot read/);
    disk.makeDir('/empty');
    expect(() => openRecording(disk, '/empty')).toThrow(/there is no .zktrec file in that directory/);
  });

  it('one damaged file does not hide the others', () => {
    const disk = newDisk();
    record(disk, { ageMsMax: 10_000, files: 3 }, replies(0, 3000));
    const inode = disk.inode('/rec/a.2.zktrec');
    inode.write(Buffer.alloc(inode.size - 200, 7), 100);
    const recording = openRecording(disk, '/rec/a.zktrec');
    expect(seqs(recording.events())).toHaveLength(1999);
    expect(recording.fault).toContain('/rec/a.2.zktrec');
  });
});

describe('a disk that cannot be written', () => {
  it('is tried again; what was kept meanwhile is written, the rest counted and told', () => {
    let full = false;
    const disk = newDisk((call) =>
      full && call === 'write' ? { code: 'ENOSPC', partialBytes: 13 } : undefined,
    );
    const told: string[] = [];
    const writer = new RecordingWriter(disk, '/rec/a.zktrec', 'create', {
      failed: (_, why) => told.push(why),
    });
    for (const event of replies(1, 1000)) writer.append(event);
    full = true;
    for (const event of replies(1000, 2000)) writer.append(event);
    writer.flush();
    expect(told).toHaveLength(1);
    expect(told[0]).toContain('ENOSPC');
    full = false;
    for (const event of replies(2000, 3000)) writer.append(event);
    full = true;
    for (const event of replies(3000, 400_000, 0.1)) writer.append(event);
    full = false;
    for (const event of replies(400_000, 401_000, 0.1)) writer.append(event);
    writer.close();
    expect(told).toHaveLength(2);
    const recording = openRecording(disk, '/rec/a.zktrec');
    const events = [...recording.events()];
    expect(recording.fault).toBeUndefined();
    expect(writer.lost).toBeGreaterThan(10_000);
    const drops = events.filter((it) => it.name === 'feed.dropped');
    expect(drops.map((it) => it.fields)).toEqual([{ why: 'disk', count: writer.lost, ms: 0 }]);
    expect(events.length - drops.length).toBe(400_999 - writer.lost);
    expect(seqs(events).filter((it) => it < 2900).length).toBe(2899);
  });

  it('what cannot be written to the end is lost, and counted', () => {
    let full = false;
    const disk = newDisk((call) => (full && call === 'write' ? { code: 'ENOSPC' } : undefined));
    const writer = new RecordingWriter(disk, '/rec/a.zktrec');
    for (const event of replies(1, 301)) writer.append(event);
    writer.flush();
    full = true;
    for (const event of replies(301, 1001)) writer.append(event);
    writer.close();
    expect([writer.events, writer.lost]).toEqual([1000, 700]);
    const recording = openRecording(disk, '/rec/a.zktrec');
    expect(recording.count).toBe(300);
    expect(recording.fault).toContain('it was not closed');
  });

  it('a file that cannot be begun is begun later', () => {
    let gone = false;
    const disk = newDisk((call) => (gone && call === 'create' ? { code: 'EROFS' } : undefined));
    const ring = new RecordingRing(disk, '/rec/a.zktrec', { bytesMax: 1e5, files: 2 });
    gone = true;
    for (const event of replies(1, 500)) ring.append(event);
    expect(() => ring.begin()).toThrow(/EROFS/);
    gone = false;
    for (const event of replies(500, 1000)) ring.append(event);
    ring.close();
    expect(seqs(openRecording(disk, '/rec/a.zktrec').events())).toHaveLength(999);
  });
});
