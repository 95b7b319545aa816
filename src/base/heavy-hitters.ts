/**
 * The most frequent keys of a stream in bounded memory: "space saving" (Metwally, Agrawal, El Abbadi 2005).
 *
 * `capacity` keys are held. One that is not among them takes the place of the one with the least weight, and
 * inherits that weight as its error. So for a stream of weight W, whatever it holds: a key with more than
 * W / capacity is held; a held key's true weight lies between `count - error` and `count`; no error exceeds
 * W / capacity.
 */

/** A key that is held, and what was added with it. */
export interface Hitter {
  readonly key: string;
  /** Never less than the true weight. */
  readonly count: number;
  /** `count` is too high by no more than this. */
  readonly error: number;
  /** Further sums, as they were given since the key is held: never more than the true ones. */
  readonly writes: number;
  readonly bytes: number;
}

/** See the head of the file. */
export class HeavyHitters {
  readonly capacity: number;
  /** Places of keys in the arrays. */
  private readonly places = new Map<string, number>();
  private readonly keys: string[] = [];
  private readonly counts: Float64Array;
  private readonly errors: Float64Array;
  private readonly writes: Float64Array;
  private readonly bytes: Float64Array;
  private weight = 0;

  /** `capacity` >= 1 keys are held. */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.counts = new Float64Array(capacity);
    this.errors = new Float64Array(capacity);
    this.writes = new Float64Array(capacity);
    this.bytes = new Float64Array(capacity);
  }

  /** All weight that was added. */
  get total(): number {
    return this.weight;
  }

  /**
   * Adds weight (> 0) to a key. A key that is new while all places are taken costs a look at each of them.
   */
  add(key: string, weight: number, writes: number, bytes: number): void {
    this.weight += weight;
    const place = this.places.get(key) ?? this.placeFor(key);
    this.counts[place] = (this.counts[place] as number) + weight;
    this.writes[place] = (this.writes[place] as number) + writes;
    this.bytes[place] = (this.bytes[place] as number) + bytes;
  }

  /** The `limit` keys of which the most is certain (`count - error`), the most first. */
  top(limit: number): Hitter[] {
    const all = this.keys.map((key, place) => ({
      key,
      count: this.counts[place] as number,
      error: this.errors[place] as number,
      writes: this.writes[place] as number,
      bytes: this.bytes[place] as number,
    }));
    return all.sort((a, b) => b.count - b.error - (a.count - a.error)).slice(0, limit);
  }

  /** Forgets everything. */
  clear(): void {
    this.places.clear();
    this.keys.length = 0;
    for (const sums of [this.counts, this.errors, this.writes, this.bytes]) sums.fill(0);
    this.weight = 0;
  }

  private placeFor(key: string): number {
    if (this.keys.length < this.capacity) {
      this.places.set(key, this.keys.length);
      return this.keys.push(key) - 1;
    }
    const place = this.least();
    this.places.delete(this.keys[place] as string);
    this.places.set(key, place);
    this.keys[place] = key;
    this.errors[place] = this.counts[place] as number;
    this.writes[place] = 0;
    this.bytes[place] = 0;
    return place;
  }

  private least(): number {
    let least = 0;
    for (let i = 1; i < this.capacity; i++) {
      if ((this.counts[i] as number) < (this.counts[least] as number)) least = i;
    }
    return least;
  }
}
