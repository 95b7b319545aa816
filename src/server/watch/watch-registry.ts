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
 */
import { EVENT, type EventType, WATCHER_TYPE } from '../../protocol/watch-types.ts';

/** The ways to watch a path; a registration is a set of them. */
export const WATCH = { data: 1, child: 2, persistent: 4, recursive: 8 } as const;
/** One of the ways to watch a path. */
export type WatchMode = (typeof WATCH)[keyof typeof WATCH];

/** Names of the modes, for events. */
export const watchModeName = (mode: WatchMode): string => MODE_NAMES.get(mode) ?? String(mode);
const MODE_NAMES = new Map<WatchMode, string>([
  [WATCH.data, 'data'],
  [WATCH.child, 'child'],
  [WATCH.persistent, 'persistent'],
  [WATCH.recursive, 'persistent-recursive'],
]);

/** Watches one connection may hold, unless the registry is told otherwise. */
const WATCHES_PER_CONNECTION_MAX = 100_000;

/** The registrations that count as entries of the data table, and of the child table. */
const IN_DATA_TABLE = WATCH.data | WATCH.persistent | WATCH.recursive;
const IN_CHILD_TABLE = WATCH.child | WATCH.persistent | WATCH.recursive;
/** Those that are used up when they fire. */
const ONE_SHOT = WATCH.data | WATCH.child;

/** A table of ZooKeeper, for listings; its four-letter words show the data table only. */
export type WatchTable = 'data' | 'child';
const tableMask = (table: WatchTable): number => (table === 'data' ? IN_DATA_TABLE : IN_CHILD_TABLE);

/** What `wchs` counts. */
export interface WatchSummary {
  readonly watchers: number;
  readonly paths: number;
  readonly watches: number;
}

/** One watcher: the paths it is registered at, how often in all, and the last event it was chosen for. */
interface Holder<W> {
  readonly watcher: W;
  readonly paths: Set<string>;
  count: number;
  chosen: number;
}

/** One path: most have a single watcher, which needs no map. */
interface Spot<W> {
  holder: Holder<W> | undefined;
  modes: number;
  more: Map<Holder<W>, number> | undefined;
}

const NOBODY: readonly never[] = [];

/** The watches of a server. `W` is compared by identity. */
export class WatchRegistry<W extends object> {
  /** The most registrations one watcher may hold. */
  readonly perWatcherMax: number;
  private readonly spots = new Map<string, Spot<W>>();
  private readonly holders = new Map<W, Holder<W>>();
  private recursiveCount = 0;
  private dataTableCount = 0;
  private childTableCount = 0;
  private round = 0;

  constructor(perWatcherMax = WATCHES_PER_CONNECTION_MAX) {
    this.perWatcherMax = perWatcherMax;
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
   * Registers; harmless when repeated. False when the watcher holds too many: nothing was added, it must go.
   */
  add(path: string, watcher: W, mode: WatchMode): boolean {
    let holder = this.holders.get(watcher);
    let spot = this.spots.get(path);
    const before = spot === undefined || holder === undefined ? 0 : modesOf(spot, holder);
    if ((before & mode) !== 0) return true;
    if (holder !== undefined && holder.count >= this.perWatcherMax) return false;
    if (holder === undefined) {
      if (this.perWatcherMax < 1) return false;
      holder = { watcher, paths: new Set(), count: 0, chosen: 0 };
      this.holders.set(watcher, holder);
    }
    if (spot === undefined) {
      spot = { holder: undefined, modes: 0, more: undefined };
      this.spots.set(path, spot);
    }
    this.replace(path, spot, holder, before, before | mode);
    return true;
  }

  /**
   * Who hears of an event at `path`; each once, and one-shot registrations that match are used up. A path
   * nobody watches costs one look-up, and nothing at all when there are no watches.
   */
  trigger(path: string, type: EventType): readonly W[] {
    if (this.spots.size === 0) return NOBODY;
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
    return spot === undefined || holder === undefined ? 0 : modesOf(spot, holder);
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
    const after = before & ~modesOfType(type);
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
    const watchers = new Set<W>();
    let paths = 0;
    let watches = 0;
    for (const [, list] of this.byPath(table)) {
      paths++;
      watches += list.length;
      for (const w of list) watchers.add(w);
    }
    return { watchers: watchers.size, paths, watches };
  }

  /** Paths of a table with who watches each (`wchp`). */
  *byPath(table: WatchTable = 'data'): IterableIterator<[path: string, watchers: W[]]> {
    const mask = tableMask(table);
    for (const [path, spot] of this.spots) {
      const list: W[] = [];
      if (spot.holder !== undefined && (spot.modes & mask) !== 0) list.push(spot.holder.watcher);
      if (spot.more !== undefined) {
        for (const [holder, modes] of spot.more) if ((modes & mask) !== 0) list.push(holder.watcher);
      }
      if (list.length > 0) yield [path, list];
    }
  }

  /** Watchers of a table with what each watches (`wchc`). */
  *byWatcher(table: WatchTable = 'data'): IterableIterator<[watcher: W, paths: string[]]> {
    const mask = tableMask(table);
    for (const holder of this.holders.values()) {
      const paths: string[] = [];
      for (const path of holder.paths) {
        if ((modesOf(this.spots.get(path) as Spot<W>, holder) & mask) !== 0) paths.push(path);
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
    this.choose(holder, heard);
    if ((fired & ONE_SHOT) === 0) return;
    this.replace(path, spot, holder, modes, modes & ~(fired & ONE_SHOT));
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
      if (spot.holder !== undefined && (spot.modes & WATCH.recursive) !== 0) this.choose(spot.holder, heard);
      if (spot.more === undefined) continue;
      for (const [holder, modes] of spot.more) {
        if ((modes & WATCH.recursive) !== 0) this.choose(holder, heard);
      }
    }
  }

  private choose(holder: Holder<W>, heard: W[]): void {
    if (holder.chosen === this.round) return;
    holder.chosen = this.round;
    heard.push(holder.watcher);
  }

  /**
   * Writes the modes of one watcher at one path, and keeps every count in step. Does not drop an empty
   * holder.
   */
  private replace(path: string, spot: Spot<W>, holder: Holder<W>, before: number, after: number): void {
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
      if (spot.holder === undefined && spot.more === undefined) this.spots.delete(path);
    }
    holder.count += bitCount(after) - bitCount(before);
    this.recursiveCount += flag(after, WATCH.recursive) - flag(before, WATCH.recursive);
    this.dataTableCount += flag(after, IN_DATA_TABLE) - flag(before, IN_DATA_TABLE);
    this.childTableCount += flag(after, IN_CHILD_TABLE) - flag(before, IN_CHILD_TABLE);
  }
}

const modesOf = <W>(spot: Spot<W>, holder: Holder<W>): number =>
  spot.holder === holder ? spot.modes : (spot.more?.get(holder) ?? 0);

const flag = (modes: number, mask: number): number => ((modes & mask) !== 0 ? 1 : 0);
const bitCount = (modes: number): number =>
  (modes & 1) + ((modes >> 1) & 1) + ((modes >> 2) & 1) + ((modes >> 3) & 1);

/** The ways of watching the very path that an event of this type concerns. */
function matching(type: EventType): number {
  switch (type) {
    case EVENT.nodeCreated:
    case EVENT.nodeDataChanged:
      return IN_DATA_TABLE;
    case EVENT.nodeDeleted:
      return IN_DATA_TABLE | IN_CHILD_TABLE;
    case EVENT.nodeChildrenChanged:
      return WATCH.child | WATCH.persistent;
    default:
      return 0;
  }
}

/** The ways of watching that a WATCHER_TYPE means; none for a number that is no such type. */
function modesOfType(type: number): number {
  switch (type) {
    case WATCHER_TYPE.children:
      return WATCH.child;
    case WATCHER_TYPE.data:
      return WATCH.data;
    case WATCHER_TYPE.any:
      return WATCH.data | WATCH.child | WATCH.persistent | WATCH.recursive;
    case WATCHER_TYPE.persistent:
      return WATCH.persistent;
    case WATCHER_TYPE.persistentRecursive:
      return WATCH.recursive;
    default:
      return 0;
  }
}
