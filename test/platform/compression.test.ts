import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { systemCompression } from '../../src/platform/compression.ts';
import type { ByteTransform } from '../../src/ports/compression.ts';

/** Feeds bytes in pieces from one buffer that is used again, as the port allows. */
const through = (transform: ByteTransform, bytes: Buffer, size: number): Buffer => {
  const out: Buffer[] = [];
  const slice = Buffer.alloc(size);
  for (let at = 0; at < bytes.length; at += size) {
    const n = bytes.copy(slice, 0, at, at + size);
    out.push(...transform.push(slice.subarray(0, n)));
    slice.fill(0xff);
  }
  out.push(...transform.finish());
  return Buffer.concat(out);
};

const SAMPLE = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7 + (i >> 5)) & 0xff));

describe('compression in slices', () => {
  test('any bytes, any slices: there and back, and as zlib itself does it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.integer({ min: 1, max: 700 }), (data, size) => {
        const bytes = Buffer.from(data);
        const packed = through(systemCompression.gzip(), bytes, size);
        expect(gunzipSync(packed).equals(bytes)).toBe(true);
        expect(through(systemCompression.gunzip(), gzipSync(bytes), size).equals(bytes)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test('several members are one stream', () => {
    const packed = Buffer.concat([gzipSync(SAMPLE), gzipSync(Buffer.from('tail'))]);
    const whole = Buffer.concat([SAMPLE, Buffer.from('tail')]);
    expect(through(systemCompression.gunzip(), packed, 1000).equals(whole)).toBe(true);
  });

  test('a truncated or damaged stream throws an Error, at every cut', () => {
    const packed = gzipSync(SAMPLE.subarray(0, 3000));
    for (let cut = 0; cut < packed.length; cut += 13) {
      expect(
        () => through(systemCompression.gunzip(), packed.subarray(0, cut), 100),
        `cut at ${cut}`,
      ).toThrow();
    }
    const damaged = Buffer.from(packed);
    damaged[40] = (damaged[40] as number) ^ 0x55;
    expect(() => through(systemCompression.gunzip(), damaged, 100)).toThrow();
    expect(() => through(systemCompression.gunzip(), Buffer.from('no gzip at all'), 5)).toThrow();
  });
});
