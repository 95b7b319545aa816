/**
 * The order in which Java walks a hash table: Apache's tools print a node's children, and the sessions, in
 * it.
 *
 * A table of 2^k buckets doubles when it holds more than 3/4 of that; within a bucket, first come is first
 * served, and doubling keeps that order. So the order follows from the number of buckets and the order of
 * insertion.
 */

/** `String.hashCode`: over UTF-16 units. */
export function javaStringHash(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}

/** `Long.hashCode`: both halves folded. */
export const javaLongHash = (v: bigint): number =>
  Number(BigInt.asIntN(32, v ^ (BigInt.asUintN(64, v) >> 32n)));

/**
 * The items as a Java `HashSet` or `HashMap` that began with `buckets` of them would be walked, after they
 * were inserted in the given order and none was removed.
 */
export function javaHashOrder<T>(items: readonly T[], hash: (item: T) => number, buckets: number): T[] {
  let size = buckets;
  while (items.length > size * 0.75) size *= 2;
  const slots = new Map<number, T[]>();
  for (const item of items) {
    const h = hash(item);
    const slot = (h ^ (h >>> 16)) & (size - 1);
    const chain = slots.get(slot);
    if (chain === undefined) slots.set(slot, [item]);
    else chain.push(item);
  }
  return [...slots.keys()].sort((a, b) => a - b).flatMap((slot) => slots.get(slot) as T[]);
}

/** Buckets that `java.util.Properties` begins with. */
const PROPERTIES_BUCKETS = 16;

/**
 * The keys, inserted in the given order, as a Java `Properties` object is walked. Its table is a
 * `ConcurrentHashMap`: it doubles as soon as it is 3/4 full, and then of each bucket only the last run of
 * keys that stay together keeps its order; those before it are put in front one by one.
 */
export function javaPropertiesOrder(keys: readonly string[]): string[] {
  let size = PROPERTIES_BUCKETS;
  let table = new Map<number, string[]>();
  let count = 0;
  const hash = (key: string): number => {
    const h = javaStringHash(key);
    return (h ^ (h >>> 16)) & 0x7fffffff;
  };
  for (const key of new Set(keys)) {
    const slot = hash(key) & (size - 1);
    const chain = table.get(slot);
    if (chain === undefined) table.set(slot, [key]);
    else chain.push(key);
    if (++count < size * 0.75) continue;
    const grown = new Map<number, string[]>();
    for (const [at, before] of table) {
      const stays = (k: string): boolean => (hash(k) & size) === 0;
      let lastRun = before.length - 1;
      while (lastRun > 0 && stays(before[lastRun - 1] as string) === stays(before[lastRun] as string))
        lastRun--;
      const run = before.slice(lastRun);
      const low = stays(run[0] as string) ? run : [];
      const high = stays(run[0] as string) ? [] : run;
      for (const k of before.slice(0, lastRun)) (stays(k) ? low : high).unshift(k);
      if (low.length > 0) grown.set(at, low);
      if (high.length > 0) grown.set(at + size, high);
    }
    table = grown;
    size *= 2;
  }
  return [...table.keys()].sort((a, b) => a - b).flatMap((slot) => table.get(slot) as string[]);
}
