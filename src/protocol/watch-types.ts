import { type Infer, int, record, ustring } from '../jute/schema.ts';

/** What happened to a node. `dataWatchRemoved` and the later ones exist on the client only. */
export const EVENT = {
  none: -1,
  nodeCreated: 1,
  nodeDeleted: 2,
  nodeDataChanged: 3,
  nodeChildrenChanged: 4,
  dataWatchRemoved: 5,
  childWatchRemoved: 6,
  persistentWatchRemoved: 7,
} as const;
/** The number of an event type. */
export type EventType = (typeof EVENT)[keyof typeof EVENT];

const EVENT_NAMES: ReadonlyMap<number, string> = new Map([
  [EVENT.none, 'None'],
  [EVENT.nodeCreated, 'NodeCreated'],
  [EVENT.nodeDeleted, 'NodeDeleted'],
  [EVENT.nodeDataChanged, 'NodeDataChanged'],
  [EVENT.nodeChildrenChanged, 'NodeChildrenChanged'],
  [EVENT.dataWatchRemoved, 'DataWatchRemoved'],
  [EVENT.childWatchRemoved, 'ChildWatchRemoved'],
  [EVENT.persistentWatchRemoved, 'PersistentWatchRemoved'],
]);
/** Apache's name of an event type. */
export const eventName = (type: number): string => EVENT_NAMES.get(type) ?? `Unknown(${type})`;

/** Session states in watcher events. A server sends `syncConnected` only. */
export const STATE = {
  unknown: -1,
  disconnected: 0,
  noSyncConnected: 1,
  syncConnected: 3,
  authFailed: 4,
  connectedReadOnly: 5,
  saslAuthenticated: 6,
  closed: 7,
  expired: -112,
} as const;
/** The number of a session state. */
export type KeeperState = (typeof STATE)[keyof typeof STATE];

const STATE_NAMES: ReadonlyMap<number, string> = new Map([
  [STATE.unknown, 'Unknown'],
  [STATE.disconnected, 'Disconnected'],
  [STATE.noSyncConnected, 'NoSyncConnected'],
  [STATE.syncConnected, 'SyncConnected'],
  [STATE.authFailed, 'AuthFailed'],
  [STATE.connectedReadOnly, 'ConnectedReadOnly'],
  [STATE.saslAuthenticated, 'SaslAuthenticated'],
  [STATE.closed, 'Closed'],
  [STATE.expired, 'Expired'],
]);
/** Apache's name of a session state. */
export const stateName = (state: number): string => STATE_NAMES.get(state) ?? `Unknown(${state})`;

/** Which watches `checkWatches` and `removeWatches` mean. The last two since 3.9. */
export const WATCHER_TYPE = { children: 1, data: 2, any: 3, persistent: 4, persistentRecursive: 5 } as const;
/** The number of a watcher type. */
export type WatcherType = (typeof WATCHER_TYPE)[keyof typeof WATCHER_TYPE];

/** Modes of `addWatch`. */
export const ADD_WATCH_MODE = { persistent: 0, persistentRecursive: 1 } as const;

/** The body of a notification. */
export const WatcherEvent = record('WatcherEvent', { type: int, state: int, path: ustring });
export type WatcherEvent = Infer<typeof WatcherEvent>;
