import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ZktError } from '../../src/base/errors.ts';
import { Prng } from '../../src/base/prng.ts';
import type { Acl } from '../../src/protocol/acl.ts';
import { decodeSnapshot, type SnapshotSink } from '../../src/storage/snapshot-decoder.ts';
import { SnapshotStream } from '../../src/storage/snapshot-stream.ts';

/** Everything a sink was told, as values that can be compared. */
class Heard implements SnapshotSink {
  readonly all: unknown[] = [];
  objects = false;

  session(id: bigint, timeoutMs: number): void {
    this.all.push(['session', id, timeoutMs]);
  }
  acl(key: bigint, acl: Acl[] | null): void {
    this.all.push(['acl', key, acl]);
  }
  node(
    path: string,
    b: Buffer,
    start: number,
    length: number,
    aclKey: bigint,
    stat: number,
  ): string | undefined {
    const data = length < 0 ? null : b.toString('hex', start, start + length);
    this.all.push(['node', path, data, aclKey, b.toString('hex', stat, stat + 60)]);
    return this.objects ? 'not wanted' : undefined;
  }
}

const SIGNATURE = Buffer.concat([Buffer.from([0, 0, 0, 10]), Buffer.from('BenWasHere')]);
const HEADER_BYTES = 16;
const SEAL_BYTES = 13;
const DIGEST_BYTES = 20;

/** A file's inside, as it would follow a SNAP, and what the file's decoder makes of the file. */
function body(path: string, hasDigest = true): { bytes: Buffer; heard: Heard } {
  const file = readFileSync(path);
  const heard = new Heard();
  let at = 0;
  const read = (into: Buffer): number => {
    const got = file.copy(into, 0, at);
    at += got;
    return got;
  };
  decodeSnapshot(path, { read }, heard);
  const tail = SEAL_BYTES + (hasDigest ? DIGEST_BYTES + SEAL_BYTES : 0);
  const inside = file.subarray(HEADER_BYTES, file.length - tail);
  return { bytes: Buffer.concat([inside, SIGNATURE]), heard };
}

const BASIC = 'fixtures/snapshot-basic';
const AFTER = Buffer.from('packets follow');

describe('the inside of Apache’s snapshots', () => {
  it.each([
    [`${BASIC}/snapshot.0`, true],
    [`${BASIC}/snapshot.3b`, true],
    [`${BASIC}/no-digest/snapshot.3b`, false],
    [`${BASIC}/changed/snapshot.62`, true],
    ['fixtures/datadir-basic/clean/data/version-2/snapshot.1e', true],
  ])('%s reads the same from chunks of any size', (path, hasDigest) => {
    const { bytes, heard } = body(path, hasDigest);
    const whole = Buffer.concat([bytes, AFTER]);
    for (const size of [1, 2, 3, 7, 64, 1000, 4096, whole.length]) {
      const got = new Heard();
      const stream = new SnapshotStream(got);
      let used = 0;
      for (let at = 0; at < whole.length && !stream.done; at += size) {
        used += stream.push(whole.subarray(at, at + size));
      }
      expect([size, stream.done, used]).toEqual([size, true, bytes.length]);
      expect(got.all).toEqual(heard.all);
    }
  });

  it('every split in two', () => {
    const { bytes, heard } = body(`${BASIC}/changed/snapshot.62`);
    const whole = Buffer.concat([AFTER, bytes, AFTER]);
    for (let cut = AFTER.length; cut <= AFTER.length + bytes.length; cut++) {
      const got = new Heard();
      const stream = new SnapshotStream(got);
      let used = stream.push(whole.subarray(0, cut), AFTER.length);
      used += stream.push(whole, cut);
      expect([stream.done, used, got.all.length]).toEqual([true, bytes.length, heard.all.length]);
    }
  });

  it('ends nowhere before its end', () => {
    const { bytes } = body(`${BASIC}/snapshot.0`);
    for (let length = 0; length < bytes.length; length++) {
      const stream = new SnapshotStream(new Heard());
      expect([stream.push(bytes.subarray(0, length)), stream.done]).toEqual([length, false]);
    }
  });

  it('any flipped bit gives an error, other values, or asks for more; in any chunks the same', () => {
    const { bytes } = body(`${BASIC}/snapshot.0`);
    const prng = new Prng(7);
    const outcome = (damaged: Buffer, size: number): unknown => {
      const got = new Heard();
      const stream = new SnapshotStream(got, { maxLength: 1 << 20 });
      try {
        let used = 0;
        for (let at = 0; at < damaged.length && !stream.done; at += size) {
          used += stream.push(damaged.subarray(at, at + size));
        }
        return [stream.done, used, got.all];
      } catch (error) {
        expect(error).toBeInstanceOf(ZktError);
        return [(error as ZktError).message, got.all];
      }
    };
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = Buffer.from(bytes);
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(outcome(damaged, 1 + prng.below(200))).toEqual(outcome(damaged, damaged.length));
    }
  });
});

describe('Apache’s SNAP as recorded', () => {
  it('is read to its very end: the next packet follows', () => {
    const lines = readFileSync('fixtures/quorum/snapshot.ndjson', 'utf8').trim().split('\n');
    const chunks = lines.map((line) => JSON.parse(line) as { conn: number; from: number; hex: string });
    const snap = chunks.findIndex(({ hex }) => hex.startsWith('0000000f'));
    const { conn, from, hex } = chunks[snap] as (typeof chunks)[number];
    const after = chunks.slice(snap + 1).filter((c) => c.conn === conn && c.from === from);
    // Type, zxid, data and authinfo of SNAP; what is in its chunk behind that belongs to the body.
    const bytes = Buffer.from(hex.slice(40) + after.map((c) => c.hex).join(''), 'hex');
    const got = new Heard();
    const stream = new SnapshotStream(got);
    const used = stream.push(bytes);
    expect([stream.done, stream.nodeCount > 3]).toEqual([true, true]);
    expect(bytes.toString('latin1', used - 10, used)).toBe('BenWasHere');
    // A packet type: PROPOSAL or NEWLEADER.
    expect([2, 10]).toContain(bytes.readInt32BE(used));
  });
});

describe('hostile bytes', () => {
  const int = (v: number): Buffer => {
    const b = Buffer.alloc(4);
    b.writeInt32BE(v);
    return b;
  };
  const check = (name: string, bytes: Buffer[], why: RegExp): void =>
    it(name, () => {
      const stream = new SnapshotStream(new Heard());
      expect(() => stream.push(Buffer.concat(bytes))).toThrow(why);
    });

  check('fewer than no sessions', [int(-1)], /at byte 0: -1 sessions/);
  check('fewer than no ACLs', [int(0), int(-2)], /at byte 4: -2 ACLs/);
  check('an endless ACL', [int(0), int(1), Buffer.alloc(8), int(0x7fffffff)], /2147483647 entries/);
  check(
    'an endless id',
    [int(0), int(1), Buffer.alloc(8), int(1), int(31), int(0), int(0x7fffffff)],
    /2147483647 of an id/,
  );
  check('an endless path', [int(0), int(0), int(0x7fffffff)], /2147483647 of a path/);
  check('a negative path', [int(0), int(0), int(-1)], /-1 of a path/);
  check('endless data', [int(0), int(0), int(0), int(0x7fffffff)], /2147483647 of data/);
  check(
    'another signature',
    [int(0), int(0), int(1), Buffer.from('/'), int(10), Buffer.from('BenWasNot!')],
    /BenWas/,
  );

  it('a length alone takes no memory', () => {
    const stream = new SnapshotStream(new Heard());
    stream.push(Buffer.concat([int(0), int(0), int(100_000_000)]));
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 1000; i++) stream.push(Buffer.alloc(1));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4_000_000);
  });

  it('what the sink objects to ends it', () => {
    const { bytes } = body(`${BASIC}/snapshot.0`);
    const heard = new Heard();
    heard.objects = true;
    expect(() => new SnapshotStream(heard, { name: 'the tree' }).push(bytes)).toThrow(
      /the tree is corrupt at byte 43: not wanted/,
    );
  });
});
