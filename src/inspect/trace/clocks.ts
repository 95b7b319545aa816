/**
 * Whose clock is wrong, and by how much. Each pair of moments of which one caused the other bounds by how
 * much the clocks of their nodes differ: what was sent at 5.0 there cannot have arrived at 4.0 here. Pairs in
 * both directions bound it from both sides, and the middle is the estimate, as if both ways took as long
 * (the rule of NTP). Clocks that fit are left as they are.
 */

/** Something at one node caused something at another. Stamps, ms. */
export interface CausePair {
  readonly causeNode: string;
  readonly causeMs: number;
  readonly effectNode: string;
  readonly effectMs: number;
}

/**
 * What to add to the stamps of each node, ms, so that causes precede effects: always possible for clocks that
 * ran alike. The clock of `reference` is right by definition; nodes that nothing leads to are not in it.
 */
export function estimateClocks(pairs: readonly CausePair[], reference: string): ReadonlyMap<string, number> {
  const nodes = reachedFrom(reference, pairs);
  const least = tightened(pairs, nodes);
  const corrections = new Map([[reference, 0]]);
  // Bounds are as tight as all pairs together make them: whatever is chosen within them for one node leaves
  // room for the next.
  for (const node of nodes) {
    if (corrections.has(node)) continue;
    let min = Number.NEGATIVE_INFINITY;
    let max = Number.POSITIVE_INFINITY;
    for (const [fixed, at] of corrections) {
      min = Math.max(min, at + leastOf(least, fixed, node));
      max = Math.min(max, at - leastOf(least, node, fixed));
    }
    corrections.set(node, correctionWithin(min, max));
  }
  return corrections;
}

/** 0 where that fits, else the middle; the nearer bound where there is only one. */
function correctionWithin(min: number, max: number): number {
  if (min <= 0 && max >= 0) return 0;
  if (min === Number.NEGATIVE_INFINITY) return max;
  if (max === Number.POSITIVE_INFINITY) return min;
  return (min + max) / 2;
}

/** By how much at least the correction of one node exceeds that of another, ms. */
type Least = Map<string, Map<string, number>>;

const leastOf = (least: Least, of: string, other: string): number =>
  least.get(of)?.get(other) ?? Number.NEGATIVE_INFINITY;

/** The bounds of all pairs, direct ones and those by way of others. */
function tightened(pairs: readonly CausePair[], nodes: readonly string[]): Least {
  const least: Least = new Map(nodes.map((node) => [node, new Map<string, number>()]));
  const raise = (from: string, to: string, ms: number): void => {
    if (from !== to && ms > leastOf(least, from, to)) least.get(from)?.set(to, ms);
  };
  // cause + correction(cause) <= effect + correction(effect)
  for (const { causeNode, causeMs, effectNode, effectMs } of pairs) {
    raise(causeNode, effectNode, causeMs - effectMs);
  }
  for (const by of nodes) {
    for (const from of nodes) {
      const first = leastOf(least, from, by);
      if (first === Number.NEGATIVE_INFINITY) continue;
      for (const to of nodes) raise(from, to, first + leastOf(least, by, to));
    }
  }
  return least;
}

/** Nodes that are tied to the reference by pairs, in the order they are reached. */
function reachedFrom(reference: string, pairs: readonly CausePair[]): string[] {
  const ties = new Map<string, Set<string>>();
  const tie = (a: string, b: string): void => void ties.set(a, (ties.get(a) ?? new Set()).add(b));
  for (const { causeNode, effectNode } of pairs) {
    tie(causeNode, effectNode);
    tie(effectNode, causeNode);
  }
  const reached = new Set([reference]);
  for (const node of reached) for (const other of ties.get(node) ?? []) reached.add(other);
  return [...reached];
}
