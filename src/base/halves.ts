/**
 * 64-bit values as two 32-bit halves, for hot paths: reading or writing a bigint allocates, two numbers do
 * not. `hi` is signed, `lo` unsigned; bytes are big-endian.
 */

/**
 * Where values are taken apart and put together: a view's accessors are inlined, shifts of bigints are calls.
 */
const scratch = new DataView(new ArrayBuffer(8));

/** The high half of a 64-bit value, signed. */
export function hi32(v: bigint): number {
  scratch.setBigInt64(0, v);
  return scratch.getInt32(0);
}
/** The low half of a 64-bit value, unsigned. */
export function lo32(v: bigint): number {
  scratch.setBigInt64(0, v);
  return scratch.getUint32(4);
}
/** The high half of a whole number >= 0 below 2^53. */
export const hiOfNumber = (v: number): number => Math.floor(v / 0x1_0000_0000);
/** The 64-bit value of two halves. */
export function fromHalves(hi: number, lo: number): bigint {
  scratch.setInt32(0, hi);
  scratch.setInt32(4, lo);
  return scratch.getBigInt64(0);
}

/** Writes a 32-bit number at `at`. */
export function put32(bytes: Uint8Array, at: number, v: number): void {
  bytes[at] = v >> 24;
  bytes[at + 1] = v >> 16;
  bytes[at + 2] = v >> 8;
  bytes[at + 3] = v;
}

/** Writes a 64-bit number given as halves at `at`. */
export function put64(bytes: Uint8Array, at: number, hi: number, lo: number): void {
  put32(bytes, at, hi);
  put32(bytes, at + 4, lo);
}

/** Reads a signed 32-bit number. */
export const get32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) << 24) |
  ((bytes[at + 1] as number) << 16) |
  ((bytes[at + 2] as number) << 8) |
  (bytes[at + 3] as number);

/** Reads a signed 64-bit number. */
export const get64 = (bytes: Uint8Array, at: number): bigint =>
  fromHalves(get32(bytes, at), get32(bytes, at + 4));

/** True when the 64-bit number at `at` is smaller than the one given as halves (both signed). */
export function below64(bytes: Uint8Array, at: number, hi: number, lo: number): boolean {
  const h = get32(bytes, at);
  return h < hi || (h === hi && get32(bytes, at + 4) >>> 0 < lo >>> 0);
}
