/**
 * Who wants to hear of what (facts 4): one-shot data watches (getData, exists), one-shot child watches
 * (getChildren), persistent and persistent-recursive ones. All modes may stand side by side on one path, as
 * in 3.9.
 *
 * ZooKeeper has two tables, data and child, keyed by path, and a persistent registration is in both. Here one
 * table holds for each path who watches it in which ways, so that the event of a delete, which concerns both
 * tables, reaches a watcher once without a comparison of two lists. Counts and listings are still those of
 * the two tables.
 *
 * Never persisted: a watcher is a connection, and it takes its watches along when it goes.
 *
 * To find who leaks watches, every registration knows since when it stands, in the upper bits of the number
 * that holds its ways, and every path how many were set and fired there. A path whose last one-shot watch
 * fired stays a while without watchers: most clients watch again at once, and it should not look as if
 * nothing had ever happened there.
 */
import { Ring } from '../../base/ring.ts';
import { EVENT, type EventType } from '../../protocol/watch-types.ts';
import {
  bitCount,
  flag,
  IN_CHILD_TABLE,
  IN_DATA_TABLE,
  matching,
  modesOfType,
  ONE_SHOT,
  registered,
  WATCH,
  WAYS,
  type WatchMode,
  without,
} from './watch-modes.ts';
import { type Holder, modesOf, type Spot } from './watch-spots.ts';

/** Watches one connection may hold, unless the registry is told otherwise. */
const WATCHES_PER_CONNECTION_MAX = 100_000;

/** A table of ZooKeeper, for listings; its four-letter words show the data table only. */
export type WatchTable = 'data' | 'child';
const tableMask = (table: WatchTable): number => (table === 'data' ? IN_DATA_TABLE : IN_CHILD_TABLE);

/** What `wchs` counts. */
export interface WatchSummary {
  readonly watchers: number;
  readonly paths: number;
  readonly watches: number;
}

/** Paths without watchers that are remembered since watches fired there. */
const FIRED_PATHS_MAX = 10_000;

/** Longer paths are not remembered: their names would be most of what is remembered. */
const FIRED_PATH_CHARS_MAX = 1_000;

const NOBODY: readonly never[] = [];

/** The watches of a server. `W` is compared by identity. */
export class WatchRegistry<W extends object> {
  /** The most registrations one watcher may hold. */
  readonly perWatcherMax: number;
  /** When the registry began, monotonic ms. */
  readonly startMs: number;
  /**
   * What is watched, and who watches. Others may look, and change nothing; a spot may have no watcher any
   * more.
   */
  readonly spots = new Map<string, Spot<W>>();
  readonly holders = new Map<W, Holder<W>>();
  private recursiveCount = 0;
  private dataTableCount = 0;
  private childTableCount = 0;
  private round = 0;
  /** Paths that were left without watchers by an event, in that order; each once (`Spot.kept`). */
  private readonly emptied = new Ring<string>(FIRED_PATHS_MAX);

  /** `startMs`: ages are counted from here on; on the clock of `add`. */
  constructor(perWatcherMax = WATCHES_PER_CONNECTION_MAX, startMs = 0) {
    this.perWatcherMax = perWatcherMax;
    this.startMs = startMs;
  }

  /** Entries of both tables together (`zk_watch_count`): a persistent watch counts twice. */
  get count(): number {
    return this.dataTableCount + this.childTableCount;
  }

  /** Registrations of one watcher. */
  countOf(watcher: W): number {
    return this.holders.get(watcher)?.count ?? 0;
  }

  /**
   * Registers, at `nowMs` (monotonic); harmless when repeated. False when the watcher holds too many: nothing
   * was added, it must go.
   */
  add(path: string, watcher: W, mode: WatchMode, nowMs = this.startMs): boolean {
    let holder = this.holders.get(watcher);
    let spot = this.spots.get(path);
    const before = spot === undefined || holder === undefined ? 0 : modesOf(spot, holder);
    if ((before & mode) !== 0) return true;
    if (holder !== undefined && holder.count >= this.perWatcherMax) return false;
    if (holder === undefined) {
      if (this.perWatcherMax < 1) return false;
      holder = { watcher, paths: new Set(), count: 0, chosen: 0, added: 0, fired: 0 };
      this.holders.set(watcher, holder);
    }
    if (spot === undefined) {
      spot = { holder: undefined, modes: 0, more: undefined, added: 0, fired: 0, kept: false };
      this.spots.set(path, spot);
    }
    if (before === 0) {
      spot.added++;
      holder.added++;
    }
    const after = before === 0 ? registered(mode, nowMs - this.startMs) : before | mode;
    this.replace(path, spot, holder, before, after);
    return true;
  }

  /**
   * Who hears of an event at `path`; each once, and one-shot registrations that match are used up. A path
   * nobody watches costs one look-up, and nothing at all when there are no watches.
   */
  trigger(path: string, type: EventType): readonly W[] {
    if (this.holders.size === 0) return NOBODY;
    const spot = this.spots.get(path);
    const descends = this.recursiveCount > 0 && type !== EVENT.nodeChildrenChanged;
    if (spot === undefined && !descends) return NOBODY;
    const heard: W[] = [];
    this.round++;
    if (spot !== undefined) this.fireAt(path, spot, matching(type), heard);
    if (descends) this.fireAbove(path, heard);
    return heard;
  }

  /** True when the watcher is registered at the path in a way that `type` (WATCHER_TYPE) means. */
  has(path: string, watcher: W, type: number): boolean {
    return (this.modes(path, watcher) & modesOfType(type)) !== 0;
  }

  /** The ways in which the watcher watches the path: bits of WATCH. */
  modes(path: string, watcher: W): number {
    const spot = this.spots.get(path);
    const holder = this.holders.get(watcher);
    return spot === undefined || holder === undefined ? 0 : modesOf(spot, holder) & WAYS;
  }

  /**
   * Removes what `type` (WATCHER_TYPE) means: children and data the one-shot watch of that table, any all of
   * them, persistent and persistentRecursive that one. False when there was none.
   */
  remove(path: string, watcher: W, type: number): boolean {
    const spot = this.spots.get(path);
    const holder = this.holders.get(watcher);
    if (spot === undefined || holder === undefined) return false;
    const before = modesOf(spot, holder);
    const after = without(before, modesOfType(type));
    if (after === before) return false;
    this.replace(path, spot, holder, before, after);
    if (holder.count === 0) this.holders.delete(watcher);
    return true;
  }

  /** Removes all watches of a watcher; answers how many registrations that were. */
  removeWatcher(watcher: W): number {
    const holder = this.holders.get(watcher);
    if (holder === undefined) return 0;
    const count = holder.count;
    for (const path of holder.paths) {
      const spot = this.spots.get(path) as Spot<W>;
      this.replace(path, spot, holder, modesOf(spot, holder), 0);
    }
    this.holders.delete(watcher);
    return count;
  }

  /** Forgets everything (a restored database has no watches). */
  clear(): void {
    this.spots.clear();
    this.holders.clear();
    this.recursiveCount = 0;
    this.dataTableCount = 0;
    this.childTableCount = 0;
  }

  /** Watchers, paths and entries of a table. */
  summary(table: WatchTable = 'data'): WatchSummary {
    const mask = tableMask(table);
    const watchers = new Set<Holder<W>>();
    let paths = 0;
    let watches = 0;
    const count = (holder: Holder<W>): void => {
      watches++;
      watchers.add(holder);
    };
    for (const { holder: first, modes: firstModes, more } of this.spots.values()) {
      const before = watches;
      if (first !== undefined && (firstModes & mask) !== 0) count(first);
      if (more !== undefined) for (const [holder, modes] of more) if ((modes & mask) !== 0) count(holder);
      if (watches > before) paths++;
    }
    return { watchers: watchers.size, paths, watches };
  }

  /**
   * Paths of a table with who watches each (`wchp`). Between two steps watches may come and go: each path is
   * met once, as it is then, and those that came later not at all.
   */
  *byPath(table: WatchTable = 'data'): IterableIterator<[path: string, watchers: W[]]> {
    const mask = tableMask(table);
    for (const path of [...this.spots.keys()]) {
      const spot = this.spots.get(path);
      if (spot === undefined) continue;
      const list: W[] = [];
      if (spot.holder !== undefined && (spot.modes & mask) !== 0) list.push(spot.holder.watcher);
      if (spot.more !== undefined) {
        for (const [holder, modes] of spot.more) if ((modes & mask) !== 0) list.push(holder.watcher);
      }
      if (list.length > 0) yield [path, list];
    }
  }

  /** Watchers of a table with what each watches (`wchc`); between two steps as above. */
  *byWatcher(table: WatchTable = 'data'): IterableIterator<[watcher: W, paths: string[]]> {
    const mask = tableMask(table);
    for (const holder of [...this.holders.values()]) {
      const paths: string[] = [];
      for (const path of holder.paths) {
        const spot = this.spots.get(path);
        if (spot !== undefined && (modesOf(spot, holder) & mask) !== 0) paths.push(path);
      }
      if (paths.length > 0) yield [holder.watcher, paths];
    }
  }

  /** Chooses the watchers registered at the very path, and uses up their one-shot watches. */
  private fireAt(path: string, spot: Spot<W>, mask: number, heard: W[]): void {
    const first = spot.holder;
    if (first !== undefined) this.fireOne(path, spot, first, spot.modes, mask, heard);
    if (spot.more !== undefined) {
      for (const [holder, modes] of [...spot.more]) this.fireOne(path, spot, holder, modes, mask, heard);
    }
  }

  private fireOne(
    path: string,
    spot: Spot<W>,
    holder: Holder<W>,
    modes: number,
    mask: number,
    heard: W[],
  ): void {
    const fired = modes & mask;
    if (fired === 0) return;
    spot.fired++;
    this.choose(holder, heard);
    if ((fired & ONE_SHOT) === 0) return;
    this.replace(path, spot, holder, modes, without(modes, fired & ONE_SHOT), true);
    if (holder.count === 0) this.holders.delete(holder.watcher);
  }

  /** Chooses the recursive watchers of the path's ancestors. */
  private fireAbove(path: string, heard: W[]): void {
    let at = path;
    while (at.length > 1) {
      const slash = at.lastIndexOf('/');
      if (slash < 0) return;
      at = slash === 0 ? '/' : at.slice(0, slash);
      const spot = this.spots.get(at);
      if (spot === undefined) continue;
      const first = spot.holder;
      if (first !== undefined && (spot.modes & WATCH.recursive) !== 0) this.chooseAbove(spot, first, heard);
      if (spot.more === undefined) continue;
      for (const [holder, modes] of spot.more) {
        if ((modes & WATCH.recursive) !== 0) this.chooseAbove(spot, holder, heard);
      }
    }
  }

  private chooseAbove(spot: Spot<W>, holder: Holder<W>, heard: W[]): void {
    spot.fired++;
    this.choose(holder, heard);
  }

  private choose(holder: Holder<W>, heard: W[]): void {
    if (holder.chosen === this.round) return;
    holder.chosen = this.round;
    holder.fired++;
    heard.push(holder.watcher);
  }

  /**
   * Writes the registration of one watcher at one path, and keeps every count in step. Does not drop an empty
   * holder. `fired` when an event did it.
   */
  private replace(
    path: string,
    spot: Spot<W>,
    holder: Holder<W>,
    before: number,
    after: number,
    fired = false,
  ): void {
    if (spot.holder === holder) spot.modes = after;
    else if (before === 0 && spot.holder === undefined) {
      spot.holder = holder;
      spot.modes = after;
    } else {
      spot.more ??= new Map();
      if (after === 0) spot.more.delete(holder);
      else spot.more.set(holder, after);
    }
    if (before === 0) holder.paths.add(path);
    if (after === 0) {
      holder.paths.delete(path);
      if (spot.holder === holder) spot.holder = undefined;
      if (spot.more?.size === 0) spot.more = undefined;
      if (spot.holder === undefined && spot.more === undefined) this.empty(path, fired);
    }
    holder.count += bitCount(after) - bitCount(before);
    this.recursiveCount += flag(after, WATCH.recursive) - flag(before, WATCH.recursive);
    this.dataTableCount += flag(after, IN_DATA_TABLE) - flag(before, IN_DATA_TABLE);
    this.childTableCount += flag(after, IN_CHILD_TABLE) - flag(before, IN_CHILD_TABLE);
  }

  /** Nobody watches the path any more. */
  private empty(path: string, fired: boolean): void {
    if (!fired || path.length > FIRED_PATH_CHARS_MAX) {
      this.spots.delete(path);
      return;
    }
    const spot = this.spots.get(path) as Spot<W>;
    if (spot.kept) return;
    spot.kept = true;
    if (this.emptied.length === this.emptied.capacity) this.forget(this.emptied.at(0) as string);
    this.emptied.push(path);
  }

  private forget(path: string): void {
    const spot = this.spots.get(path);
    if (spot === undefined) return;
    if (spot.holder === undefined && spot.more === undefined) this.spots.delete(path);
    else spot.kept = false;
  }
}
