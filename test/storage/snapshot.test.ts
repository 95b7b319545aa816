import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ZktError } from '../../src/base/errors.ts';
import { Prng } from '../../src/base/prng.ts';
import { SILENT } from '../../src/events/bus.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import { systemCompression } from '../../src/platform/compression.ts';
import type { Acl } from '../../src/protocol/acl.ts';
import type { SnapshotSession } from '../../src/protocol/files.ts';
import { SimDisk, type SimDiskFault } from '../../src/sim/disk.ts';
import {
  parseSnapshotName,
  type SnapshotCompression,
  type SnapshotName,
} from '../../src/storage/data-dir.ts';
import { compressBlock, SnappyReader, SnappyWriter, uncompressBlock } from '../../src/storage/snappy.ts';
import { openSnapshot, quickDamage } from '../../src/storage/snapshot-bytes.ts';
import { decodeSnapshot, type SnapshotSummary } from '../../src/storage/snapshot-decoder.ts';
import { SnapshotEncoder, type SnapshotSource } from '../../src/storage/snapshot-format.ts';
import { type SnapshotOutcome, SnapshotWriter, writeSnapshotNow } from '../../src/storage/snapshot-writer.ts';
import { clock, HandTimers } from './model-store.ts';

/** A snapshot as values. */
interface Picture {
  sessions: SnapshotSession[];
  acls: { key: bigint; acl: Acl[] }[];
  nodes: { path: string; data: Buffer | null; aclKey: bigint; stat: Buffer }[];
  digest: SnapshotSummary['digest'];
}

/** Decodes bytes, in chunks of the given size. */
function decode(
  bytes: Buffer,
  chunk = 1000,
  windowBytes = 64,
): { picture: Picture; summary: SnapshotSummary } {
  const picture: Picture = { sessions: [], acls: [], nodes: [], digest: undefined };
  let at = 0;
  const source = {
    read(into: Buffer): number {
      // Short reads in the middle would mean the end, so fill up, piece by piece.
      let done = 0;
      while (done < into.length && at < bytes.length) {
        const n = bytes.copy(into, done, at, Math.min(bytes.length, at + chunk));
        done += n;
        at += n;
      }
      return done;
    },
  };
  const summary = decodeSnapshot(
    'test',
    source,
    {
      session: (id, timeout) => void picture.sessions.push({ id, timeout }),
      acl: (key, acl) => void picture.acls.push({ key, acl: acl ?? [] }),
      node: (path, b, start, length, aclKey, stat) => {
        const data = length < 0 ? null : Buffer.from(b.subarray(start, start + length));
        picture.nodes.push({ path, data, aclKey, stat: Buffer.from(b.subarray(stat, stat + 60)) });
        return undefined;
      },
    },
    { windowBytes },
  );
  picture.digest = summary.digest;
  return { picture, summary };
}

/** A source for the encoder. */
class PictureSource implements SnapshotSource {
  readonly zxid = 0x3bn;
  readonly sessions: SnapshotSession[];
  readonly acls: Picture['acls'];
  nodesWritten = 0;
  private readonly picture: Picture;

  constructor(picture: Picture) {
    this.picture = picture;
    this.sessions = picture.sessions;
    this.acls = picture.acls;
  }

  writeNodes(w: JuteWriter, budget: number): boolean {
    const limit = w.pos + budget;
    const { nodes } = this.picture;
    while (this.nodesWritten < nodes.length && w.pos < limit) {
      const node = nodes[this.nodesWritten++] as Picture['nodes'][number];
      w.writeString(node.path);
      w.writeBuffer(node.data);
      w.writeLong(node.aclKey);
      w.writeRaw(node.stat);
    }
    return this.nodesWritten === nodes.length;
  }

  digest(): Picture['digest'] {
    return this.picture.digest;
  }
}

function encode(picture: Picture, budget: number, lastProcessedZxid = false): Buffer {
  const encoder = new SnapshotEncoder(new PictureSource(picture), { lastProcessedZxid });
  const w = new JuteWriter();
  const pieces: Buffer[] = [];
  for (let done = false; !done; ) {
    done = encoder.next(w.reset(), budget);
    pieces.push(w.copy());
  }
  return Buffer.concat(pieces);
}

const BASIC = 'fixtures/snapshot-basic';
const plain = readFileSync(`${BASIC}/snapshot.3b`);
const small = readFileSync(`${BASIC}/changed/snapshot.62`);

describe('Apache’s snapshots', () => {
  it.each([
    [`${BASIC}/snapshot.0`, 4, 0, true],
    [`${BASIC}/snapshot.3b`, 48, 2, true],
    [`${BASIC}/no-digest/snapshot.3b`, 48, 2, false],
    [`${BASIC}/changed/snapshot.62`, 59, 2, true],
    ['fixtures/datadir-basic/clean/data/version-2/snapshot.1e', 25, 2, true],
  ])('%s is decoded, and encoded again to the same bytes', (path, nodes, sessions, digest) => {
    const bytes = readFileSync(path);
    const { picture, summary } = decode(bytes);
    expect([summary.nodes, summary.sessions, summary.digest !== undefined]).toEqual([
      nodes,
      sessions,
      digest,
    ]);
    expect(summary.bytes).toBe(bytes.length);
    expect(encode(picture, 100_000).equals(bytes)).toBe(true);
    for (const budget of [1, 77, 5000]) expect(encode(picture, budget).equals(bytes)).toBe(true);
    for (const [chunk, window] of [
      [1, 64],
      [13, 100],
      [4096, 8192],
    ] as const) {
      expect(decode(bytes, chunk, window).picture).toEqual(picture);
    }
  });

  it('of 3.9 have the last zxid as well, and 3.8 need not look at it', () => {
    const { picture } = decode(plain);
    const bytes = encode(picture, 1000, true);
    expect(bytes.subarray(0, plain.length).equals(plain)).toBe(true);
    expect(decode(bytes).summary.lastProcessedZxid).toBe(0x3bn);
    const without = encode({ ...picture, digest: undefined }, 1000, true);
    expect(decode(without).summary).toMatchObject({
      lastProcessedZxid: 0x3bn,
      digest: { zxid: 0n, digest: 0n },
    });
  });
});

describe('a damaged snapshot', () => {
  const full = decode(small);
  /** Where the optional section begins: the file may end there. */
  const firstSealEnd = small.length - 20 - 13;

  it('cut off anywhere is an error, except between sections', () => {
    for (let size = 0; size < small.length; size++) {
      try {
        decode(small.subarray(0, size));
        expect(size).toBe(firstSealEnd);
      } catch (error) {
        if (!(error instanceof ZktError)) throw error;
        expect(error.code).toBe(size < 16 ? 'ZKT_NOT_A_SNAPSHOT' : 'ZKT_SNAPSHOT_CORRUPT');
        expect(size).not.toBe(firstSealEnd);
      }
    }
  });

  it('with a flipped bit is an error', () => {
    for (let at = 0; at < small.length; at++) {
      const bytes = Buffer.from(small);
      bytes[at] = (bytes[at] as number) ^ (1 << (at % 8));
      expect(() => decode(bytes), `byte ${at}`).toThrow(ZktError);
    }
  });

  it('takes no memory on the word of a length', () => {
    const bytes = Buffer.from(small.subarray(0, 400));
    bytes.writeInt32BE(0x7ffffff0, 16);
    expect(() => decode(bytes)).toThrow(/sessions|session/);
  });

  it('hands over everything before the damage', () => {
    const bytes = Buffer.from(small);
    bytes[bytes.length - 40] = 1;
    let nodes = 0;
    let at = 0;
    const sink = { session() {}, acl() {}, node: () => void nodes++ };
    const source = {
      read: (into: Buffer) => {
        const n = bytes.copy(into, 0, at);
        at += n;
        return n;
      },
    };
    expect(() => decodeSnapshot('x', source, sink)).toThrow(ZktError);
    expect(nodes).toBe(full.summary.nodes);
  });

  it('is an error where the sink objects, with the place', () => {
    let at = 0;
    const source = {
      read: (into: Buffer) => {
        const n = small.copy(into, 0, at);
        at += n;
        return n;
      },
    };
    const sink = {
      session() {},
      acl() {},
      node: (path: string) => (path === '/app' ? 'no room' : undefined),
    };
    expect(() => decodeSnapshot('x', source, sink)).toThrow(/byte \d+: no room/);
  });
});

describe('compressed snapshots', () => {
  const named = (name: string): SnapshotName => ({
    name,
    path: `/${name}`,
    ...(parseSnapshotName(name) as { zxid: bigint; compression: SnapshotCompression }),
  });

  function readAll(disk: SimDisk, name: SnapshotName): Buffer {
    const source = openSnapshot(disk, name, systemCompression);
    const pieces: Buffer[] = [];
    for (;;) {
      const into = Buffer.alloc(777);
      const n = source.read(into);
      pieces.push(into.subarray(0, n));
      if (n < into.length) return Buffer.concat(pieces);
    }
  }

  it.each(['gz', 'snappy'])('%s of Apache is the plain one', (suffix) => {
    const disk = new SimDisk();
    const name = named(`snapshot.3b.${suffix}`);
    disk.plant(name.path, readFileSync(`${BASIC}/snapshot.3b.${suffix}`));
    expect(quickDamage(disk, name)).toBeUndefined();
    expect(readAll(disk, name).equals(plain)).toBe(true);
  });

  it.each(['gz', 'snappy'])('%s, damaged, is an error and no crash', (suffix) => {
    const bytes = readFileSync(`${BASIC}/snapshot.3b.${suffix}`);
    const name = named(`snapshot.3b.${suffix}`);
    const attempt = (content: Buffer): void => {
      const disk = new SimDisk();
      disk.plant(name.path, content);
      let out: Buffer;
      try {
        out = readAll(disk, name);
        decode(out);
      } catch (error) {
        if (!(error instanceof ZktError)) throw error;
        return;
      }
      // Some fields say nothing: gzip's time and operating system, versions, a copy from the same bytes
      // elsewhere.
      expect(out.equals(plain)).toBe(true);
    };
    for (let size = 0; size < bytes.length; size += 3) attempt(bytes.subarray(0, size));
    for (let at = 0; at < bytes.length; at += 2) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
      attempt(flipped);
    }
  });

  it('snappy blocks survive the round trip', () => {
    const words = fc.array(
      fc.constantFrom('a', 'abcd', 'zookeeper', '\0\0\0\0\0\0\0\0', 'x'.repeat(90), 'qwertyuiop'),
    );
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 4000 }).map((b) => Buffer.from(b)),
      words.map((list) => Buffer.from(list.join(''))),
    );
    fc.assert(fc.property(bytes, (input) => uncompressBlock(compressBlock(input)).equals(input)));
    const long = Buffer.alloc(32768, 'ab');
    expect(compressBlock(long).length).toBeLessThan(2000);
    expect(uncompressBlock(compressBlock(long)).equals(long)).toBe(true);
  });

  it('any bytes are a typed error for the snappy reader', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (garbage) => {
        try {
          uncompressBlock(Buffer.from(garbage));
        } catch (error) {
          expect((error as Error).name).toBe('SnappyError');
        }
      }),
    );
  });

  it('snappy streams do, in pieces of any size', () => {
    const writer = new SnappyWriter();
    const stream = Buffer.concat([
      ...writer.push(plain.subarray(0, 33_000)),
      ...writer.push(plain.subarray(33_000)),
      ...writer.finish(),
    ]);
    const reader = new SnappyReader();
    const out: Buffer[] = [];
    for (let at = 0; at < stream.length; at += 11) out.push(...reader.push(stream.subarray(at, at + 11)));
    out.push(...reader.finish());
    expect(Buffer.concat(out).equals(plain)).toBe(true);
  });
});

describe('writing in slices', () => {
  const { picture } = decode(plain);

  function write(compression: SnapshotCompression, fault?: (call: string) => SimDiskFault | undefined) {
    let ready = false;
    const disk = new SimDisk({ fault: (call) => (ready ? fault?.(call) : undefined) });
    disk.makeDir('/d');
    ready = true;
    const timers = new HandTimers();
    const deps = { disk, clock, timers, events: SILENT, compression: systemCompression };
    const options = { dir: '/d', compression, lastProcessedZxid: false, sliceMs: 5 };
    const writer = new SnapshotWriter(deps, options);
    const outcomes: SnapshotOutcome[] = [];
    const start = (): void =>
      writer.start(new PictureSource(picture), (outcome) => void outcomes.push(outcome));
    const run = (): void => {
      while (timers.runOne() || disk.runOne());
    };
    return { disk, timers, deps, options, writer, outcomes, start, run };
  }

  it.each(['none', 'gz', 'snappy'] as const)(
    '%s: the file appears whole, under its name, and survives a power cut',
    (compression) => {
      const t = write(compression);
      t.start();
      expect(t.writer.running).toBe(true);
      t.timers.runOne();
      expect(t.disk.list('/d')[0]).toMatch(/^tmp\./);
      t.run();
      expect(t.outcomes).toMatchObject([{ kind: 'written', zxid: 0x3bn }]);
      expect(t.writer.running).toBe(false);
      t.disk.restart(new Prng(3));
      const [name = ''] = t.disk.list('/d');
      const parsed = {
        name,
        path: `/d/${name}`,
        ...(parseSnapshotName(name) as { zxid: bigint; compression: SnapshotCompression }),
      };
      expect(parsed.compression).toBe(compression);
      const bytes = openSnapshot(t.disk, parsed, systemCompression);
      const all = Buffer.alloc(plain.length + 1);
      expect(bytes.read(all)).toBe(plain.length);
      expect(all.subarray(0, plain.length).equals(plain)).toBe(true);
    },
  );

  it.each(['create', 'write', 'sync', 'rename', 'syncDir'])(
    'a failed %s leaves nothing that looks like a snapshot',
    (call) => {
      const t = write('none', (c) => (c === call ? { code: 'EIO' } : undefined));
      t.start();
      t.run();
      expect(t.outcomes).toMatchObject([{ kind: 'failed', error: { code: 'ZKT_FILE' } }]);
      expect(t.writer.running).toBe(false);
      if (call !== 'syncDir') expect(t.disk.list('/d')).toEqual([]);
    },
  );

  it('cancelled leaves nothing', () => {
    const t = write('none');
    t.start();
    t.timers.runOne();
    t.writer.cancel();
    t.run();
    expect(t.outcomes).toEqual([{ kind: 'cancelled' }]);
    expect(t.disk.list('/d')).toEqual([]);
    t.start();
    t.run();
    expect(t.outcomes).toHaveLength(2);
  });

  it('at once gives the same bytes', () => {
    const t = write('none');
    const path = writeSnapshotNow(t.deps, t.options, new PictureSource(picture));
    expect(path).toBe('/d/snapshot.3b');
    expect(t.disk.inode(path).content().equals(plain)).toBe(true);
    expect(t.disk.inode(path).dirty).toBe(false);
  });
});
