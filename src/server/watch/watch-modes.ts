/**
 * The ways to watch a path, and registrations: which of them a watcher uses, and since when. A registration
 * is one whole number, so that it costs no more than the ways alone: the ways in its lower bits, above them
 * the second in which it began.
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

/** The registrations that count as entries of the data table, and of the child table. */
export const IN_DATA_TABLE = WATCH.data | WATCH.persistent | WATCH.recursive;
/** See `IN_DATA_TABLE`. */
export const IN_CHILD_TABLE = WATCH.child | WATCH.persistent | WATCH.recursive;
/** Those that are used up when they fire. */
export const ONE_SHOT = WATCH.data | WATCH.child;

/** The bits of a registration that are ways of watching; the rest, but the sign, are its second. */
export const WAYS = 15;
const WAY_BITS = 4;
/** More than four years. */
const SECONDS_MAX = 2 ** (31 - WAY_BITS) - 1;

/** A registration of one way that begins so many ms after the registry did. */
export const registered = (mode: WatchMode, afterMs: number): number =>
  (Math.min(Math.max(Math.floor(afterMs / 1000), 0), SECONDS_MAX) << WAY_BITS) | mode;

/** When a registration began, ms after the registry did, to the second. */
export const registeredMs = (registration: number): number => (registration >> WAY_BITS) * 1000;

/** A registration without some of its ways: 0, which is none, when no way is left. */
export const without = (registration: number, ways: number): number => {
  const left = registration & ~ways;
  return (left & WAYS) === 0 ? 0 : left;
};

/** 1 when a registration has one of the ways, else 0. */
export const flag = (modes: number, mask: number): number => ((modes & mask) !== 0 ? 1 : 0);
/** How many ways a registration has. */
export const bitCount = (modes: number): number =>
  (modes & 1) + ((modes >> 1) & 1) + ((modes >> 2) & 1) + ((modes >> 3) & 1);

/** The ways of watching the very path that an event of this type concerns. */
export function matching(type: EventType): number {
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
export function modesOfType(type: number): number {
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
