/**
 * Finds the largest entries of a map that changes and that may be too large to be gone through at once: it is
 * gone through in rounds, some steps at a time, and what the round before found is known all the time.
 */
export class LargestOf<K, V> {
  private readonly map: ReadonlyMap<K, V>;
  private readonly size: (value: V) => number;
  private readonly kept: number;
  private round: Iterator<[K, V]> | undefined;
  /** Steps of this round so far. */
  private steps = 0;
  /** What the last whole round found, and what this one has found so far, the largest first. */
  private found: readonly K[] = [];
  private best: { readonly key: K; readonly size: number }[] = [];

  /** Of `map` the `kept` entries whose `size` is greatest; entries of size 0 count as not there. */
  constructor(map: ReadonlyMap<K, V>, size: (value: V) => number, kept: number) {
    this.map = map;
    this.size = size;
    this.kept = kept;
  }

  /** Goes on with up to `budget` entries, and no further than the end of a round. */
  look(budget: number): void {
    this.round ??= this.map.entries();
    // Entries that go and come back while the round lasts are met again at its end: it must have one.
    const most = 2 * this.map.size;
    for (let i = 0; i < budget; i++) {
      const next = this.round.next();
      if (next.done === true || this.steps++ > most) {
        this.found = this.best.map(({ key }) => key);
        this.best = [];
        this.round = undefined;
        this.steps = 0;
        return;
      }
      this.offer(next.value[0], this.size(next.value[1]));
    }
  }

  /** The largest as far as they are known, with their values of now, the largest first. */
  top(): [key: K, value: V][] {
    const keys = new Set([...this.found, ...this.best.map(({ key }) => key)]);
    const all: [K, V][] = [];
    for (const key of keys) {
      const value = this.map.get(key);
      if (value !== undefined && this.size(value) > 0) all.push([key, value]);
    }
    return all.sort(([, a], [, b]) => this.size(b) - this.size(a)).slice(0, this.kept);
  }

  private offer(key: K, size: number): void {
    const { best, kept } = this;
    if (size === 0 || (best.length === kept && size <= (best[kept - 1]?.size ?? 0))) return;
    // An entry that is met again has grown.
    const before = best.findIndex((other) => other.key === key);
    if (before >= 0) best.splice(before, 1);
    else if (best.length === kept) best.pop();
    let at = best.length;
    while (at > 0 && (best[at - 1]?.size ?? 0) < size) at--;
    best.splice(at, 0, { key, size });
  }
}
