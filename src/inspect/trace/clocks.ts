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

/** What has to be added to the stamps of `b` lies in [min, max], relative to those of `a`. */
interface Bounds {
  min: number;
  max: number;
}

/**
 * What to add to the stamps of each node, ms, so that causes precede effects. The clock of `reference` is
 * right by definition; nodes that no pair leads to are left alone.
 */
export function estimateClocks(pairs: readonly CausePair[], reference: string): ReadonlyMap<string, number> {
  const bounds = boundsOf(pairs);
  const corrections = new Map([[reference, 0]]);
  // From the reference outwards: each node by the one it was reached from.
  const reached = [reference];
  for (const from of reached) {
    const base = corrections.get(from) ?? 0;
    for (const [to, bound] of bounds.get(from) ?? []) {
      if (corrections.has(to)) continue;
      corrections.set(to, correctionWithin(base + bound.min, base + bound.max));
      reached.push(to);
    }
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

function boundsOf(pairs: readonly CausePair[]): Map<string, Map<string, Bounds>> {
  const bounds = new Map<string, Map<string, Bounds>>();
  const between = (a: string, b: string): Bounds => {
    const of = bounds.get(a) ?? new Map<string, Bounds>();
    bounds.set(a, of);
    const found = of.get(b) ?? { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY };
    of.set(b, found);
    return found;
  };
  for (const { causeNode, causeMs, effectNode, effectMs } of pairs) {
    if (causeNode === effectNode) continue;
    // cause + c(cause) <= effect + c(effect)
    const least = causeMs - effectMs;
    const forth = between(causeNode, effectNode);
    forth.min = Math.max(forth.min, least);
    const back = between(effectNode, causeNode);
    back.max = Math.min(back.max, -least);
  }
  return bounds;
}
