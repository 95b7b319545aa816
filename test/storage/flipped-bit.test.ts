import fc from 'fast-check';
import { expect, it } from 'vitest';
import { adler32 } from '../../src/base/checksum.ts';
import { flippedBit } from '../../src/storage/flipped-bit.ts';

const find = (bytes: Buffer, stored: number) =>
  flippedBit((at) => bytes[at] as number, bytes.length, adler32(bytes), stored);

it('finds any flipped bit, by its sums alone', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 3000 }),
      fc.nat(),
      fc.nat(7),
      (array, place, bit) => {
        const bytes = Buffer.from(array);
        const stored = adler32(bytes);
        const at = place % bytes.length;
        bytes[at] = (bytes[at] as number) ^ (1 << bit);
        expect(find(bytes, stored)).toEqual({ at, bit });
      },
    ),
  );
});

it('finds a flipped bit of the checksum', () => {
  const bytes = Buffer.from('some bytes of an entry');
  for (let bit = 0; bit < 32; bit++) {
    expect(find(bytes, (adler32(bytes) ^ (1 << bit)) >>> 0)).toEqual({ at: undefined, bit });
  }
});

it('does not blame a bit for a lost sector', () => {
  for (let seed = 0; seed < 300; seed++) {
    const bytes = Buffer.from(
      Array.from({ length: 1500 }, (_, i) => ((i * 2654435761 + seed * 40503) >>> 9) & 0xff),
    );
    const stored = adler32(bytes);
    expect(find(bytes.fill(0, 512, 1024), stored)).toBeUndefined();
  }
});
