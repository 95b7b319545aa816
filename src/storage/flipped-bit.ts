/**
 * Does one flipped bit explain a checksum that does not match?
 *
 * Adler-32 is two sums modulo 65521: of the bytes, and of the bytes weighted with their distance from the
 * end. A bit that flipped changes the first by a power of two, which tells the bit, and the second by that
 * times the distance, which tells the byte. So it is found without trying.
 */
const MOD = 65521;
/** Half, modulo 65521. */
const HALF = 32761;

/** A bit of the summed bytes; or of the stored checksum, when `at` is undefined. */
export interface FlippedBit {
  /** The byte, counted from the first that was summed. */
  readonly at: number | undefined;
  /** 0 for the lowest bit of that byte, or of the checksum. */
  readonly bit: number;
}

/**
 * The bit that, flipped back, makes the `length` bytes that `bytesAt` answers have the checksum `stored`
 * instead of `actual`; undefined when more than one bit is wrong. With more than 64 KiB several bytes may
 * qualify; the last one is answered.
 */
export function flippedBit(
  bytesAt: (at: number) => number,
  length: number,
  actual: number,
  stored: number,
): FlippedBit | undefined {
  const wrong = (actual ^ stored) >>> 0;
  if (wrong !== 0 && (wrong & (wrong - 1)) === 0) return { at: undefined, bit: 31 - Math.clz32(wrong) };
  const byteSum = modulo((stored & 0xffff) - (actual & 0xffff));
  const weighted = modulo((stored >>> 16) - (actual >>> 16));
  for (let bit = 0, inverse = 1; bit < 8; bit++, inverse = (inverse * HALF) % MOD) {
    // Flipping back adds the bit where it is 0 now, and takes it away where it is 1.
    const isSet = byteSum === MOD - (1 << bit);
    if (!isSet && byteSum !== 1 << bit) continue;
    const distance = modulo((isSet ? -weighted : weighted) * inverse) || MOD;
    for (let back = distance; back <= length; back += MOD) {
      const at = length - back;
      if (((bytesAt(at) >> bit) & 1) === (isSet ? 1 : 0)) return { at, bit };
    }
  }
  return undefined;
}

const modulo = (v: number): number => ((v % MOD) + MOD) % MOD;
