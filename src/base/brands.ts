/**
 * Nominal types for the numbers that must not be mixed up.
 *
 * zxids and session ids are 64-bit and exceed 2^53, so they are `bigint` everywhere a value is named; the few
 * hot paths that must not allocate work on the encoded bytes instead (see `server/tree/node-store.ts`).
 */

declare const brand: unique symbol;
/** `T` made distinct by the name `B`; exists only for the type checker. */
export type Brand<T, B extends string> = T & { readonly [brand]: B };

/** A transaction id: epoch in the high 32 bits, counter in the low 32 (signed 64-bit, as Java's long). */
export type Zxid = Brand<bigint, 'Zxid'>;

/** Brands a 64-bit value as a zxid. */
export const zxid = (v: bigint): Zxid => v as Zxid;
/** The zxid with that epoch (0..2^31-1) and counter (0..2^32-1). */
export const makeZxid = (epoch: number, counter: number): Zxid =>
  zxid((BigInt(epoch) << 32n) | BigInt(counter >>> 0));

/** The epoch (high half, signed 32-bit) of a zxid. */
export const epochOf = (z: bigint): number => Number(BigInt.asIntN(32, z >> 32n));
/** The counter (low half, unsigned 32-bit) of a zxid. */
export const counterOf = (z: bigint): number => Number(z & 0xffffffffn);

/** A 64-bit value as Java's `Long.toHexString` prints it: unsigned, no padding, no prefix. */
export const hex64 = (v: bigint): string => BigInt.asUintN(64, v).toString(16);
/** As `hex64`, with `0x` before it; how zxids and session ids are shown everywhere. */
export const hex0x = (v: bigint): string => `0x${hex64(v)}`;

/**
 * Reads what `hex0x` or `hex64` wrote (also decimal when `0x` is missing and `radix` is 10).
 * Answers undefined where the text is no such number or exceeds 64 bits.
 */
export const parse64 = (text: string, radix: 10 | 16 = 16): bigint | undefined => {
  const hex = /^0x[0-9a-f]{1,16}$/i.test(text) || (radix === 16 && /^[0-9a-f]{1,16}$/i.test(text));
  if (hex)
    return BigInt.asIntN(64, BigInt(text.startsWith('0x') || text.startsWith('0X') ? text : `0x${text}`));
  if (radix !== 10 || !/^-?\d{1,20}$/.test(text)) return undefined;
  const v = BigInt(text);
  return v === BigInt.asIntN(64, v) ? v : undefined;
};
