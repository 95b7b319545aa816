/**
 * A seeded pseudo-random generator (sfc32): the only source of chance below the drivers, so that one seed
 * decides a run. Not for secrets: those come from the Crypto port.
 */
export class Prng {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  /** Same seed, same sequence, on every platform. */
  constructor(seed: number) {
    this.a = seed >>> 0;
    this.b = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
    this.c = Math.imul(seed ^ 0xc2b2ae35, 0x27d4eb2f) >>> 0;
    for (let i = 0; i < 15; i++) this.uint32();
  }

  /** Uniform in [0, 2^32). */
  uint32(): number {
    const t = (this.a + this.b + this.counter) >>> 0;
    this.counter = (this.counter + 1) >>> 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) >>> 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + t) >>> 0;
    return t;
  }

  /** Uniform in [0, 1). */
  next(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** A whole number, uniform in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** True with that probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One element of a non-empty list. */
  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }
}
