import { EVENT, type EventType, WATCHER_TYPE, type WatcherType } from '../protocol/watch-types.ts';
import type { WatchCallback } from './api.ts';
import type { WatchStream } from './watch-stream.ts';

/** Where events go: identity counts, one that is registered twice for an event is told once. */
export type Sink = WatchCallback | WatchStream;

/**
 * The five tables. `exist` holds the watches of `exists` on missing nodes, `data` those on nodes there are.
 */
export const WATCH_KINDS = ['data', 'exist', 'child', 'persistent', 'persistentRecursive'] as const;
/** One of the five tables. */
export type WatchKind = (typeof WATCH_KINDS)[number];

/** Sinks that lost registrations, and the event to tell them. */
export interface RemovedWatches {
  readonly type: EventType;
  readonly sinks: readonly Sink[];
}

type Table = Map<string, Set<Sink>>;

const KINDS_OF_TYPE: ReadonlyMap<number, readonly WatchKind[]> = new Map<number, readonly WatchKind[]>([
  [WATCHER_TYPE.children, ['child']],
  [WATCHER_TYPE.data, ['data', 'exist']],
  [WATCHER_TYPE.any, WATCH_KINDS],
  [WATCHER_TYPE.persistent, ['persistent']],
  [WATCHER_TYPE.persistentRecursive, ['persistentRecursive']],
]);

const REMOVED_EVENT: Readonly<Record<WatchKind, EventType>> = {
  data: EVENT.dataWatchRemoved,
  exist: EVENT.dataWatchRemoved,
  child: EVENT.childWatchRemoved,
  persistent: EVENT.persistentWatchRemoved,
  persistentRecursive: EVENT.persistentWatchRemoved,
};

/** One-shot tables an event empties at its path (facts 4, client mapping). */
const ONE_SHOT: ReadonlyMap<EventType, readonly WatchKind[]> = new Map<EventType, readonly WatchKind[]>([
  [EVENT.nodeCreated, ['data', 'exist']],
  [EVENT.nodeDataChanged, ['data', 'exist']],
  [EVENT.nodeChildrenChanged, ['child']],
  [EVENT.nodeDeleted, ['data', 'exist', 'child']],
]);

/**
 * The watches this client set: what an incoming event concerns, and what a new connection has to set again.
 * Paths are the server's.
 */
export class WatchRegistry {
  private readonly tables: Readonly<Record<WatchKind, Table>> = {
    data: new Map(),
    exist: new Map(),
    child: new Map(),
    persistent: new Map(),
    persistentRecursive: new Map(),
  };

  /** Registers; a repetition changes nothing. */
  add(kind: WatchKind, path: string, sink: Sink): void {
    const table = this.tables[kind];
    const sinks = table.get(path);
    if (sinks === undefined) table.set(path, new Set([sink]));
    else sinks.add(sink);
  }

  /** Who is to be told of an event; one-shot watches it concerns are used up. */
  fire(type: EventType, path: string): ReadonlySet<Sink> {
    const told = new Set<Sink>();
    const kinds = ONE_SHOT.get(type);
    if (kinds === undefined) return told;
    for (const kind of kinds) {
      const table = this.tables[kind];
      for (const sink of table.get(path) ?? []) told.add(sink);
      table.delete(path);
    }
    for (const sink of this.tables.persistent.get(path) ?? []) told.add(sink);
    // A one-shot child watch of this connection below a recursive one may deliver children events: not for
    // the latter.
    if (type !== EVENT.nodeChildrenChanged) this.collectRecursive(path, told);
    return told;
  }

  private collectRecursive(path: string, told: Set<Sink>): void {
    const table = this.tables.persistentRecursive;
    if (table.size === 0) return;
    for (let at = path; ; ) {
      for (const sink of table.get(at) ?? []) told.add(sink);
      if (at === '/') return;
      const slash = at.lastIndexOf('/');
      if (slash < 0) return;
      at = slash === 0 ? '/' : at.slice(0, slash);
    }
  }

  /** True when such a watch is registered, of that sink or of any. */
  has(path: string, type: WatcherType, sink?: Sink): boolean {
    return (KINDS_OF_TYPE.get(type) ?? []).some((kind) => {
      const sinks = this.tables[kind].get(path);
      return sinks !== undefined && (sink === undefined || sinks.has(sink));
    });
  }

  /** True when a sink other than that one is registered for a watch of that type. */
  hasOthers(path: string, type: WatcherType, sink: Sink): boolean {
    return (KINDS_OF_TYPE.get(type) ?? []).some((kind) => {
      const sinks = this.tables[kind].get(path);
      return sinks !== undefined && sinks.size > (sinks.has(sink) ? 1 : 0);
    });
  }

  /** Forgets watches of a type on a path, of one sink or of all; answers whom to tell what. */
  remove(path: string, type: WatcherType, sink?: Sink): RemovedWatches[] {
    const removed = new Map<EventType, Set<Sink>>();
    for (const kind of KINDS_OF_TYPE.get(type) ?? []) {
      const sinks = this.tables[kind].get(path);
      if (sinks === undefined || (sink !== undefined && !sinks.has(sink))) continue;
      const event = REMOVED_EVENT[kind];
      const told = removed.get(event) ?? new Set();
      for (const gone of sink === undefined ? [...sinks] : [sink]) {
        told.add(gone);
        sinks.delete(gone);
      }
      removed.set(event, told);
      if (sinks.size === 0) this.tables[kind].delete(path);
    }
    return [...removed].map(([event, sinks]) => ({ type: event, sinks: [...sinks] }));
  }

  /** Forgets a sink wherever it is registered. */
  forget(sink: Sink): void {
    for (const kind of WATCH_KINDS) {
      for (const [path, sinks] of this.tables[kind]) {
        if (sinks.delete(sink) && sinks.size === 0) this.tables[kind].delete(path);
      }
    }
  }

  /** The paths of one table. */
  paths(kind: WatchKind): Iterable<string> {
    return this.tables[kind].keys();
  }

  /** Sinks of the given tables, each once. */
  sinks(kinds: readonly WatchKind[]): Set<Sink> {
    const all = new Set<Sink>();
    for (const kind of kinds) {
      for (const sinks of this.tables[kind].values()) for (const sink of sinks) all.add(sink);
    }
    return all;
  }

  /** Forgets everything. */
  clear(): void {
    for (const kind of WATCH_KINDS) this.tables[kind].clear();
  }
}
