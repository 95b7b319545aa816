/**
 * The two checksums of ZooKeeper's files: Adler-32 (log entries, snapshot seals) and CRC-32 (tree digest).
 *
 * Both are running: pass the previous value to go on. Both are unsigned 32-bit numbers.
 */

const ADLER_MOD = 65521;
/**
 * The most bytes between two reductions with both sums below 2^31: 65520 + n * 65520 + 255 * n * (n + 1) / 2.
 * Small integers stay in registers; RFC 1950's 5552 would need 2^32.
 */
const ADLER_RUN = 3800;

/** Adler-32 of `bytes[start, end)`, going on from `seed` (1 to begin). */
export function adler32(bytes: Uint8Array, start = 0, end = bytes.length, seed = 1): number {
  let a = seed & 0xffff;
  let b = seed >>> 16;
  let i = start;
  while (i < end) {
    const stop = Math.min(i + ADLER_RUN, end);
    for (const rounds = stop - 3; i < rounds; i += 4) {
      a = (a + (bytes[i] as number)) | 0;
      b = (b + a) | 0;
      a = (a + (bytes[i + 1] as number)) | 0;
      b = (b + a) | 0;
      a = (a + (bytes[i + 2] as number)) | 0;
      b = (b + a) | 0;
      a = (a + (bytes[i + 3] as number)) | 0;
      b = (b + a) | 0;
    }
    for (; i < stop; i++) {
      a = (a + (bytes[i] as number)) | 0;
      b = (b + a) | 0;
    }
    a %= ADLER_MOD;
    b %= ADLER_MOD;
  }
  return ((b << 16) | a) >>> 0;
}

/**
 * Tables for four bytes a step ("slicing-by-4"): TABLES[k*256 + v] is the CRC of byte v followed by k zero
 * bytes.
 */
const TABLES = /* @__PURE__ */ (() => {
  const t = new Uint32Array(4 * 256);
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    t[n] = c >>> 0;
  }
  for (let n = 256; n < 1024; n++) {
    const before = t[n - 256] as number;
    t[n] = ((t[before & 0xff] as number) ^ (before >>> 8)) >>> 0;
  }
  return t;
})();

/**
 * CRC-32 (the one of zip and `java.util.zip.CRC32`) of `bytes[start, end)`, going on from `seed` (0 to
 * begin).
 */
export function crc32(bytes: Uint8Array, start = 0, end = bytes.length, seed = 0): number {
  const t = TABLES;
  let c = ~seed;
  let i = start;
  for (const stop = end - 3; i < stop; i += 4) {
    c ^=
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24);
    c =
      (t[768 + (c & 0xff)] as number) ^
      (t[512 + ((c >>> 8) & 0xff)] as number) ^
      (t[256 + ((c >>> 16) & 0xff)] as number) ^
      (t[c >>> 24] as number);
  }
  for (; i < end; i++) c = (t[(c ^ (bytes[i] as number)) & 0xff] as number) ^ (c >>> 8);
  return ~c >>> 0;
}
