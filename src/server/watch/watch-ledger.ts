/**
 * Which paths and which watchers have the most watches, for how long, and whether anything ever happened
 * there: how leaks are found.
 *
 * Nothing is counted beside the registry. A ledger goes through it piece by piece, so that a look costs about
 * the same however many watches there are; with very many it takes several looks until it has seen all.
 * A watch is a watcher at a path, in however many ways.
 */
import { LargestOf } from './largest-of.ts';
import { registeredMs } from './watch-modes.ts';
import type { WatchRegistry } from './watch-registry.ts';
import { type Holder, modesOf, type Spot } from './watch-spots.ts';

/** What is said of one path, or of one watcher. */
export interface WatchEntry<K> {
  readonly key: K;
  readonly watches: number;
  /**
   * Of them, those at paths where no watch ever fired. For watchers of very many paths an estimate, from
   * those they have watched the longest.
   */
  readonly neverFired: number;
  /** Age of the oldest, ms, to a second. */
  readonly oldestMs: number;
  /** Watches ever set: at the path, or by the watcher since it has any. */
  readonly added: number;
  /** Events heard, likewise. */
  readonly fired: number;
}

/** Paths of a watcher that are looked at to say how many of its watches never fired. */
const LOOKED_AT_MAX = 256;

/** See the head of the file. */
export class WatchLedger<W extends object> {
  private readonly registry: WatchRegistry<W>;
  private readonly paths: LargestOf<string, Spot<W>>;
  private readonly watchers: LargestOf<W, Holder<W>>;

  /** `kept`: how many entries `topPaths` and `topWatchers` can answer. */
  constructor(registry: WatchRegistry<W>, kept: number) {
    const { spots, holders } = registry;
    this.registry = registry;
    this.paths = new LargestOf(spots, watchersOf, kept);
    this.watchers = new LargestOf(holders, ({ paths }) => paths.size, kept);
  }

  /** Looks at up to `steps` more paths, and as many watchers. */
  look(steps: number): void {
    this.paths.look(steps);
    this.watchers.look(steps);
  }

  /** The paths with the most watchers, of those looked at; ages as of `nowMs`, monotonic. */
  topPaths(nowMs: number): WatchEntry<string>[] {
    return this.paths.top().map(([key, spot]) => {
      const watches = watchersOf(spot);
      const oldestMs = nowMs - this.registry.startMs - registeredMs(oldestAt(spot));
      const { added, fired } = spot;
      return { key, watches, neverFired: fired === 0 ? watches : 0, oldestMs, added, fired };
    });
  }

  /** The watchers with the most watches, likewise. */
  topWatchers(nowMs: number): WatchEntry<W>[] {
    return this.watchers.top().map(([key, holder]) => {
      const { added, fired } = holder;
      return { key, watches: holder.paths.size, ...this.pathsOf(holder, nowMs), added, fired };
    });
  }

  private pathsOf(holder: Holder<W>, nowMs: number): { neverFired: number; oldestMs: number } {
    const { spots, startMs } = this.registry;
    let looked = 0;
    let never = 0;
    let oldest = Number.POSITIVE_INFINITY;
    // A set keeps the order of insertion: the first path is the one watched the longest.
    for (const path of holder.paths) {
      const spot = spots.get(path) as Spot<W>;
      if (looked === 0) oldest = registeredMs(modesOf(spot, holder));
      if (spot.fired === 0) never++;
      if (++looked === LOOKED_AT_MAX) break;
    }
    const neverFired = looked === 0 ? 0 : Math.round((never / looked) * holder.paths.size);
    return { neverFired, oldestMs: nowMs - startMs - oldest };
  }
}

const watchersOf = <W>({ holder, more }: Spot<W>): number =>
  (holder === undefined ? 0 : 1) + (more?.size ?? 0);

/** The registration that began first: the one in the spot itself, or the first in the map. */
function oldestAt<W>({ holder, modes, more }: Spot<W>): number {
  const first = more?.values().next().value;
  if (first === undefined) return modes;
  return holder === undefined ? first : Math.min(modes, first);
}
