/**
 * The public types of the client library. `connect(options)` in `index.ts` answers a `Client`.
 *
 * Paths are always as the caller sees them: a chroot in the server list is put before every path sent and
 * taken off every path received. zxids, session ids and times of nodes are bigint. Every promise of an
 * operation rejects with `KeeperError` (ZooKeeper refused, or connection or session ended), or `ZktError`
 * (`ZKT_USAGE`: the arguments are wrong, nothing was sent).
 */
import type { Acl } from '../protocol/acl.ts';
import type { CreateMode } from '../protocol/create-mode.ts';
import type { ClientInfo } from '../protocol/messages.ts';
import type { Stat } from '../protocol/stat.ts';
import type { EventType, KeeperState, WatcherType } from '../protocol/watch-types.ts';

/** How to connect. Times are milliseconds. */
export interface ClientOptions {
  /** `host[:port],host[:port][/chroot]`; port 2181 unless given; IPv6 addresses in brackets. */
  readonly servers: string;
  /** Session timeout asked for; the server may grant another. Default 30 000. */
  readonly sessionTimeoutMs?: number;
  /**
   * Time for one server to accept and answer the session request. Default: session timeout / number of
   * servers.
   */
  readonly connectTimeoutMs?: number;
  /**
   * Time for one operation, from its call on; then it rejects with REQUESTTIMEOUT and the connection is
   * renewed. Default 0: none.
   */
  readonly requestTimeoutMs?: number;
  /**
   * What the client calls itself: zkt's servers show it with sessions and connections. At most 128 bytes of
   * UTF-8. Default: name and process id of the program.
   */
  readonly clientName?: string;
  /** Accept a server in read-only mode while no other is found. Default false. */
  readonly readOnly?: boolean;
  /** Credentials, presented on every connection before anything else. */
  readonly auth?: readonly Credential[];
  /**
   * Declare the session expired after 4/3 of its timeout without a word from any server, as Apache's client
   * does since 3.9. When false, only a server's word ends it: it survives an outage of the whole ensemble.
   * Default true.
   */
  readonly localExpiry?: boolean;
  /** Take over a session instead of opening one. */
  readonly session?: { readonly id: bigint; readonly passwd: Buffer };
  /** Largest reply accepted, bytes; a longer one ends the connection. Default 64 MiB. */
  readonly replyBytesMax?: number;
  /**
   * Operations that may wait for an answer at a time; more reject with ZKT_CLIENT_BUSY. Default 1 000 000.
   */
  readonly outstandingMax?: number;
}

/** What a connection shows to prove who it is: `{ scheme: 'digest', auth: 'user:password' }`. */
export interface Credential {
  readonly scheme: string;
  /** Text is sent as UTF-8. */
  readonly auth: string | Buffer;
}

/**
 * `connecting`: no server yet, or no more (it is tried without end); `connected`; `connectedReadOnly`: to a
 * server cut off from the ensemble. The last three are final: `closed` by `close()`, `expired` by the server
 * or by silence, and `authFailed` when a credential was refused.
 */
export type ClientState =
  | 'connecting'
  | 'connected'
  | 'connectedReadOnly'
  | 'closed'
  | 'expired'
  | 'authFailed';

/** Something a watch or the default watcher is told. */
export interface WatchEvent {
  /** One of `EVENT`; `eventName(type)` is Apache's name. `EVENT.none` for a change of state or a gap. */
  readonly type: EventType;
  /** One of `STATE`; `stateName(state)` is Apache's name. */
  readonly state: KeeperState;
  /** The node; null for a change of state or a gap. */
  readonly path: string | null;
  /** The transaction that caused it: told by servers since 3.9, else -1. */
  readonly zxid: bigint;
  /**
   * Set when events may have been lost before this one, so that what was read of the watched nodes must be
   * read again. `disconnected`: a persistent watch was without a connection (the server keeps no events for
   * it); `overflow`: the iterator's queue was full and its oldest events were dropped.
   */
  readonly gap?: 'disconnected' | 'overflow';
}

/**
 * Called with events, in the order of the server. A throw is reported as an uncaught exception, as of any
 * callback.
 */
export type WatchCallback = (event: WatchEvent) => void;

/**
 * A destination of events: callbacks and an async iterator, together or apart. Made by `client.watch()`, to
 * be given to any read, or answered by `client.addWatch()`. Besides events of nodes it gets gaps and, as the
 * last word, the event of type none with the state that ended the session (expired, closed, authFailed); the
 * iterator then ends.
 *
 *     for await (const event of watch) …
 */
export interface Watch extends AsyncIterable<WatchEvent> {
  /** Adds a callback; the answer removes it. */
  on(callback: WatchCallback): () => void;
  /**
   * The next event for an iterator; events are kept for it from the first call of `next` or
   * `[Symbol.asyncIterator]`.
   */
  next(): Promise<IteratorResult<WatchEvent, undefined>>;
  /** Events dropped because the iterator was slower than the server and 10 000 were waiting. */
  readonly dropped: number;
  readonly closed: boolean;
  /**
   * Ends the iterator and all callbacks and forgets its registrations here (not on the server: see
   * `removeWatches`).
   */
  close(): void;
}

/** Where a one-shot watch goes: `true` for the default watcher (`onEvent`), a function, or a `Watch`. */
export type WatchTarget = boolean | WatchCallback | Watch;

/** What to create. */
export interface CreateOptions {
  /** Default: open to all. */
  readonly acl?: readonly Acl[];
  /** Default `persistent`. */
  readonly mode?: CreateMode;
  /** For the TTL modes: 1..2^40-1. */
  readonly ttlMs?: number;
  /** Ask for the stat of the new node (create2); container and TTL nodes answer it anyway. */
  readonly stat?: boolean;
}

/** A node was created; `path` holds the sequence number. */
export interface Created {
  readonly path: string;
  readonly stat: Stat | undefined;
}

/** Data and stat of a node. Null data differs from empty. */
export interface NodeData {
  readonly data: Buffer | null;
  readonly stat: Stat;
}

/** An operation of `multi`. Versions default to -1: any. */
export type WriteOp =
  | ({
      readonly type: 'create';
      readonly path: string;
      readonly data?: Buffer | string | null;
    } & CreateOptions)
  | { readonly type: 'delete'; readonly path: string; readonly version?: number }
  | {
      readonly type: 'set';
      readonly path: string;
      readonly data: Buffer | string | null;
      readonly version?: number;
    }
  | { readonly type: 'check'; readonly path: string; readonly version?: number };

/** An operation of `multiRead`. */
export type ReadOp = { readonly type: 'get' | 'children'; readonly path: string };

/**
 * The result of one operation of a multi, in order. `error` carries the code; 0 and -2: undone with the
 * culprit.
 */
export type OpResult =
  | { readonly type: 'create'; readonly path: string; readonly stat: Stat | undefined }
  | { readonly type: 'delete' }
  | { readonly type: 'check' }
  | { readonly type: 'set'; readonly stat: Stat }
  | { readonly type: 'get'; readonly data: Buffer | null; readonly stat: Stat }
  | { readonly type: 'children'; readonly children: string[] }
  | { readonly type: 'error'; readonly code: number };

/** Collects operations; `commit` runs them all or none. */
export interface Transaction {
  create(path: string, data?: Buffer | string | null, options?: CreateOptions): this;
  delete(path: string, version?: number): this;
  set(path: string, data: Buffer | string | null, version?: number): this;
  check(path: string, version?: number): this;
  readonly ops: readonly WriteOp[];
  /** As `client.multi(ops)`. */
  commit(): Promise<OpResult[]>;
}

/** What to change of the ensemble's members. Either `members`, or `joining` and `leaving`. */
export interface ReconfigOptions {
  /** `server.N=host:port:port[:role];[host:]port`, separated by commas. */
  readonly joining?: string;
  /** Server ids, separated by commas. */
  readonly leaving?: string;
  /** The whole new membership, entries separated by commas or newlines. */
  readonly members?: string;
  /** Refuse unless this is the present configuration's version; -1n: any. */
  readonly fromConfig?: bigint;
}

/** A connection to a ZooKeeper ensemble: one session. */
export interface Client {
  readonly state: ClientState;
  /** 0n before the first connection. */
  readonly sessionId: bigint;
  /** With the id, what it takes to resume the session. */
  readonly sessionPasswd: Buffer;
  /** As granted; before the first connection as asked for. */
  readonly sessionTimeoutMs: number;
  /** `host:port` connected to now. */
  readonly server: string | undefined;
  /** The largest zxid seen in a reply. */
  readonly lastZxid: bigint;
  /** Part of the server list, `''` for none; never ends in `/`. */
  readonly chroot: string;

  /**
   * Resolves once connected. Rejects with ZKT_CONNECT after `timeoutMs` (default: never), or as soon as every
   * server of the list was tried `rounds` times (default: no limit); with `KeeperError` when the session has
   * ended.
   */
  connected(timeoutMs?: number, rounds?: number): Promise<void>;
  /** Tells each change of state; the answer removes the listener. */
  onState(listener: (state: ClientState) => void): () => void;
  /** The default watcher: state changes as events of type none, and events of watches set with `true`. */
  onEvent(listener: WatchCallback): () => void;

  create(path: string, data?: Buffer | string | null, options?: CreateOptions): Promise<Created>;
  delete(path: string, version?: number): Promise<void>;
  /** Undefined when there is no such node; the watch is set either way. */
  exists(path: string, watch?: WatchTarget): Promise<Stat | undefined>;
  get(path: string, watch?: WatchTarget): Promise<NodeData>;
  set(path: string, data: Buffer | string | null, version?: number): Promise<Stat>;
  getAcl(path: string): Promise<{ acl: readonly Acl[]; stat: Stat }>;
  /** `version` is compared with `aversion`. */
  setAcl(path: string, acl: readonly Acl[], version?: number): Promise<Stat>;
  /** Names in no order. */
  getChildren(path: string, watch?: WatchTarget): Promise<{ children: string[]; stat: Stat }>;
  /** Waits until this server has caught up with the leader. */
  sync(path: string): Promise<void>;
  /**
   * Paths of this session's ephemerals at or below `prefix` (as text: `/a` also matches `/ab`). Default all.
   */
  getEphemerals(prefix?: string): Promise<string[]>;
  /** Nodes below `path`, all generations. */
  getAllChildrenNumber(path: string): Promise<number>;

  /** All or none. Rejects with `KeeperError` (its `results` tell which) when one operation fails. */
  multi(ops: readonly WriteOp[]): Promise<OpResult[]>;
  /** Each on its own: a failed read is an `error` result. */
  multiRead(ops: readonly ReadOp[]): Promise<OpResult[]>;
  transaction(): Transaction;

  /**
   * Presents a credential now and on every later connection. Rejects with AUTHFAILED, which ends the session.
   * Null is no credential, as zkCli's `addauth digest` sends it.
   */
  addAuth(scheme: string, auth: string | Buffer | null): Promise<void>;
  /** The identities of this connection. */
  whoAmI(): Promise<ClientInfo[]>;

  /** A fresh destination of events, to be given to reads. */
  watch(callback?: WatchCallback): Watch;
  /**
   * A watch that stays. `target`: `true` is the default watcher (which cannot be closed), a function is
   * called by a new `Watch`, an existing `Watch` is used and answered; otherwise a new one is made.
   */
  addWatch(path: string, mode: 'persistent' | 'persistentRecursive', target?: WatchTarget): Promise<Watch>;
  /**
   * Removes the watches of that type on a path: `target`'s, or all of them. They are told by an event of type
   * dataWatchRemoved, childWatchRemoved or persistentWatchRemoved. With `local` they are forgotten here even
   * when the server cannot be reached. Rejects with NOWATCHER when there is none.
   */
  removeWatches(
    path: string,
    type: WatcherType,
    options?: { readonly target?: WatchTarget; readonly local?: boolean },
  ): Promise<void>;
  /** Asks the server whether it holds a watch of that type here. */
  checkWatches(path: string, type: WatcherType): Promise<boolean>;

  /** Changes the ensemble; answers the new configuration. */
  reconfig(options: ReconfigOptions): Promise<NodeData>;
  /** The configuration of the ensemble (`/zookeeper/config`, whatever the chroot). */
  getConfig(watch?: WatchTarget): Promise<NodeData>;

  /** Ends the session, waiting for the server's word for at most a second; harmless when repeated. */
  close(): Promise<void>;
}
