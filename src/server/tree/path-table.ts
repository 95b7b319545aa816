/**
 * Path -> node number. A `Map`, cut into shards: growing one big Map rehashes all of it at once, which at a million
 * nodes stops the loop for a tenth of a second; a shard's growth is not noticed.
 */
const SHARDS = 512;

/** The index of all paths. */
export class PathTable {
  private readonly shards: Map<string, number>[] = Array.from({ length: SHARDS }, () => new Map());
  private count = 0;

  /** Paths held. */
  get size(): number {
    return this.count;
  }

  /** The node's number, or undefined. */
  get(path: string): number | undefined {
    return (this.shards[shardOf(path)] as Map<string, number>).get(path);
  }

  set(path: string, id: number): void {
    (this.shards[shardOf(path)] as Map<string, number>).set(path, id);
    this.count++;
  }

  delete(path: string): void {
    (this.shards[shardOf(path)] as Map<string, number>).delete(path);
    this.count--;
  }
}

/** Spreads by the last characters, where the siblings of one parent differ, and the length. */
function shardOf(path: string): number {
  const n = path.length;
  let h = n;
  for (let i = n > 6 ? n - 6 : 0; i < n; i++) h = Math.imul(h, 31) + path.charCodeAt(i);
  return (h ^ (h >>> 9)) & (SHARDS - 1);
}
