/** Ways to spoil bytes. */
import type { Prng } from '../../src/base/prng.ts';

const HOSTILE_INTS = [
  -1, 0, 1, 0x7fffffff, -0x80000000, 0x7ffffff0, 0x10000000, 0xfffff, 0x100000, 0xffff, -2, 0x01000000,
] as const;

type Mutation = (bytes: Buffer, prng: Prng, other: Buffer) => Buffer;

const MUTATIONS: readonly Mutation[] = [
  function flipBit(bytes, prng) {
    const at = prng.below(bytes.length);
    bytes[at] = (bytes[at] as number) ^ (1 << prng.below(8));
    return bytes;
  },
  function setByte(bytes, prng) {
    bytes[prng.below(bytes.length)] = prng.pick([0, 1, 0x7f, 0x80, 0xff, prng.below(256)]);
    return bytes;
  },
  function hostileInt(bytes, prng) {
    if (bytes.length < 4) return bytes;
    bytes.writeInt32BE(prng.pick(HOSTILE_INTS), prng.below(bytes.length - 3));
    return bytes;
  },
  function nudgeInt(bytes, prng) {
    if (bytes.length < 4) return bytes;
    const at = prng.below(bytes.length - 3);
    bytes.writeInt32BE((bytes.readInt32BE(at) + prng.below(9) - 4) | 0, at);
    return bytes;
  },
  function truncate(bytes, prng) {
    return bytes.subarray(0, prng.below(bytes.length));
  },
  function extend(bytes, prng) {
    const more = Buffer.alloc(1 + prng.below(40), prng.chance(0.5) ? 0 : prng.below(256));
    return Buffer.concat([bytes, more]);
  },
  function cutOut(bytes, prng) {
    const at = prng.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + prng.below(16))]);
  },
  function repeat(bytes, prng) {
    const at = prng.below(bytes.length);
    const end = at + 1 + prng.below(32);
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at, end), bytes.subarray(end)]);
  },
  function splice(bytes, prng, other) {
    return Buffer.concat([
      bytes.subarray(0, prng.below(bytes.length)),
      other.subarray(prng.below(Math.max(other.length, 1))),
    ]);
  },
  function zeroRun(bytes, prng) {
    const at = prng.below(bytes.length);
    bytes.fill(0, at, Math.min(bytes.length, at + prng.below(64)));
    return bytes;
  },
];

/** A spoilt copy; `other` is what may be spliced in. */
export function mutate(original: Buffer, prng: Prng, other: Buffer = original): Buffer {
  let bytes: Buffer = Buffer.from(original);
  const times = 1 + prng.below(prng.chance(0.8) ? 2 : 8);
  for (let i = 0; i < times && bytes.length > 0; i++) bytes = prng.pick(MUTATIONS)(bytes, prng, other);
  return bytes;
}
