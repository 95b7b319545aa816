/** Pauses of the garbage collector, as Node tells of them: afterwards, a few at a time. */
import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';

const KINDS: ReadonlyMap<number, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weak'],
]);

/** Calls `take` for every pause: `minor` (young objects), `major` (all of them), `incremental` (parts of
 * that) or `weak`, and how long it held this process, ms. */
export function watchGc(take: (kind: string, ms: number) => void): { close(): void } {
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      // Node's own entries have it, the type of the browsers' does not.
      const { detail, duration } = entry as PerformanceEntry & { readonly detail: { readonly kind: number } };
      take(KINDS.get(detail.kind) ?? String(detail.kind), duration);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return { close: () => observer.disconnect() };
}
