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
