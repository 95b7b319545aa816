import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { counterOf, epochOf, hex0x, hex64, makeZxid, parse64 } from '../../src/base/brands.ts';
import { adler32, crc32 } from '../../src/base/checksum.ts';
import { ZktError } from '../../src/base/errors.ts';
import { below64, get32, get64, hi32, hiOfNumber, lo32, put32, put64 } from '../../src/base/halves.ts';
import { InvariantViolation, invariant } from '../../src/base/invariant.ts';
import { Prng } from '../../src/base/prng.ts';
import { Fifo, Ring } from '../../src/base/ring.ts';

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

describe('zxids', () => {
  it('hold epoch and counter', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0x7fffffff }),
        fc.integer({ min: 0, max: 0xffffffff }),
        (e, c) => {
          expect([epochOf(makeZxid(e, c)), counterOf(makeZxid(e, c))]).toEqual([e, c]);
        },
      ),
    ));
  it('are printed as Java prints a long in hex', () => {
    expect([hex64(255n), hex64(-1n), hex0x(0n)]).toEqual(['ff', 'ffffffffffffffff', '0x0']);
  });
  it('are read back', () =>
    fc.assert(
      fc.property(int64, (v) => {
        expect(parse64(hex0x(v))).toBe(v);
      }),
    ));
  it('are not read from anything else', () => {
    const odd = ['', '0x', 'xyz', '0x12345678901234567', '--1', '1 '].map((t) => parse64(t, 10));
    expect(odd).toEqual(odd.map(() => undefined));
    expect(parse64('9223372036854775808', 10)).toBeUndefined();
    expect(parse64('-5', 10)).toBe(-5n);
  });
});

describe('halves', () => {
  it('are the value they were cut from', () =>
    fc.assert(
      fc.property(int64, int64, (v, other) => {
        const bytes = Buffer.alloc(8);
        put64(bytes, 0, hi32(v), lo32(v));
        expect(bytes.readBigInt64BE(0)).toBe(v);
        expect(get64(bytes, 0)).toBe(v);
        expect(below64(bytes, 0, hi32(other), lo32(other))).toBe(v < other);
      }),
    ));
  it('of a time are those of its bigint', () =>
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (ms) => {
        expect([hiOfNumber(ms), ms >>> 0]).toEqual([hi32(BigInt(ms)), lo32(BigInt(ms))]);
      }),
    ));
  it('of 32 bits are signed', () => {
    const bytes = Buffer.alloc(4);
    put32(bytes, 0, -2);
    expect(get32(bytes, 0)).toBe(-2);
  });
});

describe('checksums', () => {
  const bytes = fc.uint8Array({ maxLength: 20_000 });
  const cut = fc.nat(20_000);
  /** By the letter of RFC 1950. */
  const slowAdler = (data: Uint8Array): number => {
    let [a, b] = [1, 0];
    for (const v of data) {
      a = (a + v) % 65521;
      b = (b + a) % 65521;
    }
    return b * 65536 + a;
  };
  it('Adler-32 is that of RFC 1950, in pieces too', () =>
    fc.assert(
      fc.property(bytes, cut, (data, at) => {
        const middle = Math.min(at, data.length);
        expect(adler32(data)).toBe(slowAdler(data));
        expect(adler32(data, middle, data.length, adler32(data, 0, middle))).toBe(slowAdler(data));
      }),
    ));
  it('Adler-32 does not overflow on the largest bytes', () => {
    const full = new Uint8Array(300_000).fill(255);
    expect(adler32(full)).toBe(slowAdler(full));
  });
  it('CRC-32 is that of zlib, in pieces too', () =>
    fc.assert(
      fc.property(bytes, cut, (data, at) => {
        const middle = Math.min(at, data.length);
        expect(crc32(data, middle, data.length, crc32(data, 0, middle))).toBe(zlibCrc32(data));
      }),
    ));
});

describe('queues', () => {
  it('a ring keeps the newest and counts what it forgot', () => {
    const ring = new Ring<number>(3);
    for (let i = 0; i < 5; i++) ring.push(i);
    expect([[...ring], ring.length, ring.dropped, ring.at(0), ring.at(3)]).toEqual([
      [2, 3, 4],
      3,
      2,
      2,
      undefined,
    ]);
  });
  it('a fifo is a list, however it is used', () =>
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 5000 }), (steps) => {
        const fifo = new Fifo<number>();
        const list: number[] = [];
        steps.forEach((push, i) => {
          if (push) {
            fifo.push(i);
            list.push(i);
          } else expect(fifo.shift()).toBe(list.shift());
          expect([fifo.length, fifo.peek()]).toEqual([list.length, list[0]]);
        });
        expect([...fifo]).toEqual(list);
      }),
    ));
});

describe('chance', () => {
  it('is decided by the seed', () => {
    const draw = (seed: number) => {
      const prng = new Prng(seed);
      return Array.from({ length: 8 }, () => prng.uint32());
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });
  it('stays in its range', () => {
    const prng = new Prng(1);
    const seen = new Set(Array.from({ length: 2000 }, () => prng.below(10)));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(prng.pick(['a'])).toBe('a');
    expect([prng.chance(0), prng.chance(1)]).toEqual([false, true]);
  });
});

describe('errors', () => {
  it('say what, where and how to go on', () => {
    const error = new ZktError('ZKT_PORT_IN_USE', { what: 'client port', host: '127.0.0.1', port: 2181 });
    expect(error.message).toBe(
      'client port 127.0.0.1:2181 is in use; stop the other program or choose another port',
    );
    expect([error.code, error.exit]).toEqual(['ZKT_PORT_IN_USE', 1]);
  });
  it('a broken invariant is a bug', () => {
    expect(() => invariant(false, 'the sky is up')).toThrow(InvariantViolation);
    expect(() => invariant(true, 'the sky is up')).not.toThrow();
  });
});
