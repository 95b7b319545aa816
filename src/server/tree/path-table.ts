/**
 * Path -> node number: an open-addressed hash table of numbers; the paths themselves stand in the node store.
 *
 * A `Map` would take four times the memory, and growing one rehashes all of it at once, which at a million
 * nodes stops the loop for a tenth of a second. So the table is cut into shards, and only a shard grows. The
 * hash of each node is kept, for growing and for telling most strangers apart without looking at their paths.
 * It is seeded, so that nobody can choose paths that all fall into one place.
 */
import { NO_NODE, type NodeId } from './node-store.ts';

const SHARD_BITS = 9;
const FIRST_SLOTS = 8;
/** What every shard is until it has a path: too small for one, so nobody writes to it. */
const EMPTY_SHARD = new Int32Array(1).fill(NO_NODE);

/** The index of all paths. */
export class PathTable {
  private readonly pathOf: (id: NodeId) => string;
  private readonly seed: number;
  private readonly shards: Int32Array[];
  private readonly used: Int32Array;
  private hashes = new Int32Array(64);
  private count = 0;

  /** `pathOf` tells the path of a node in the table; `seed` is any 32-bit number. */
  constructor(pathOf: (id: NodeId) => string, seed: number) {
    this.pathOf = pathOf;
    this.seed = seed;
    this.shards = new Array<Int32Array>(1 << SHARD_BITS).fill(EMPTY_SHARD);
    this.used = new Int32Array(1 << SHARD_BITS);
  }

  /** Paths held. */
  get size(): number {
    return this.count;
  }

  /** The node of a path, or `NO_NODE`. */
  get(path: string): NodeId {
    const hash = this.hash(path);
    const slots = this.shards[hash >>> (32 - SHARD_BITS)] as Int32Array;
    const mask = slots.length - 1;
    for (let i = hash & mask; ; i = (i + 1) & mask) {
      const id = slots[i] as number;
      if (id === NO_NODE) return NO_NODE;
      if (this.hashes[id] === hash && this.pathOf(id) === path) return id;
    }
  }

  /** Adds the path of a node; false, with nothing added, when the path is there already. */
  add(path: string, id: NodeId): boolean {
    const hash = this.hash(path);
    const shard = hash >>> (32 - SHARD_BITS);
    let slots = this.shards[shard] as Int32Array;
    if (((this.used[shard] as number) + 1) * 4 > slots.length * 3) slots = this.grow(shard);
    const mask = slots.length - 1;
    let i = hash & mask;
    for (let held = slots[i] as number; held !== NO_NODE; held = slots[i] as number) {
      if (this.hashes[held] === hash && this.pathOf(held) === path) return false;
      i = (i + 1) & mask;
    }
    if (id >= this.hashes.length) {
      const grown = new Int32Array(Math.ceil(id * 1.25) + 64);
      grown.set(this.hashes);
      this.hashes = grown;
    }
    this.hashes[id] = hash;
    slots[i] = id;
    this.used[shard] = (this.used[shard] as number) + 1;
    this.count++;
    return true;
  }

  /** Takes a node out; its path must still be told by `pathOf`. */
  delete(id: NodeId): void {
    const hash = this.hashes[id] as number;
    const shard = hash >>> (32 - SHARD_BITS);
    const slots = this.shards[shard] as Int32Array;
    const mask = slots.length - 1;
    let hole = hash & mask;
    while (slots[hole] !== id) hole = (hole + 1) & mask;
    // Close the gap: what stands behind it and may move nearer to its place does.
    for (let i = (hole + 1) & mask; slots[i] !== NO_NODE; i = (i + 1) & mask) {
      const home = (this.hashes[slots[i] as number] as number) & mask;
      if (((i - home) & mask) < ((i - hole) & mask)) continue;
      slots[hole] = slots[i] as number;
      hole = i;
    }
    slots[hole] = NO_NODE;
    this.used[shard] = (this.used[shard] as number) - 1;
    this.count--;
  }

  private grow(shard: number): Int32Array {
    const before = this.shards[shard] as Int32Array;
    const after = new Int32Array(Math.max(FIRST_SLOTS, before.length * 2)).fill(NO_NODE);
    const mask = after.length - 1;
    for (const id of before) {
      if (id === NO_NODE) continue;
      let i = (this.hashes[id] as number) & mask;
      while (after[i] !== NO_NODE) i = (i + 1) & mask;
      after[i] = id;
    }
    this.shards[shard] = after;
    return after;
  }

  /** The shard is named by the high bits, the place in it by the low ones. */
  private hash(path: string): number {
    let h = this.seed;
    for (let i = 0; i < path.length; i++) {
      h = Math.imul(h ^ path.charCodeAt(i), 0x5bd1e995);
      h ^= h >>> 15;
    }
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return h ^ (h >>> 16);
  }
}
