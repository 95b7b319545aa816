import type { Acl } from '../protocol/acl.ts';
import { ERR } from '../protocol/error-codes.ts';
import type { ClientInfo } from '../protocol/messages.ts';
import type { MultiOp } from '../protocol/multi.ts';
import { OPERATIONS } from '../protocol/operations.ts';
import { SYSTEM_PATHS } from '../protocol/paths.ts';
import type { Stat } from '../protocol/stat.ts';
import { ADD_WATCH_MODE, STATE, WATCHER_TYPE, type WatcherType } from '../protocol/watch-types.ts';
import type {
  Client,
  Created,
  CreateOptions,
  NodeData,
  OpResult,
  ReadOp,
  ReconfigOptions,
  Transaction,
  Watch,
  WatchCallback,
  WatchTarget,
  WriteOp,
} from './api.ts';
import type { Op } from './call.ts';
import { ClientCore } from './client-core.ts';
import { KeeperError } from './keeper-error.ts';
import { culprit, opResult, readOp, writeOp } from './multi-ops.ts';
import { TransactionBuilder } from './transaction.ts';
import { aclOf, bytesOf, createCall, owned, usage } from './values.ts';

/** See `Client`: checks arguments, makes requests of them and values of replies. */
export class ZkClient extends ClientCore implements Client {
  create(path: string, data: Buffer | string | null = null, options: CreateOptions = {}): Promise<Created> {
    const { root } = this;
    return this.run(() => {
      const { code, flags, ttl, sequential, acl } = createCall(options);
      const body = { path: this.full(path, sequential), data: bytesOf(data), acl, flags, ttl };
      const done = (reply: { path: string; stat?: Stat }): Created => ({
        path: root.strip(reply.path),
        stat: reply.stat,
      });
      const op = CREATES[code] as Op<typeof body, { path: string; stat?: Stat }>;
      return { op, spec: { body, path, done } };
    });
  }

  delete(path: string, version = -1): Promise<void> {
    return this.run(() => {
      // Apache's client sends the root as it is even below a chroot, so that nobody deletes the chroot as
      // `/`.
      const full = path === '/' ? path : this.full(path);
      return { op: OPERATIONS.delete, spec: { body: { path: full, version }, path, done: nothing } };
    });
  }

  exists(path: string, watch?: WatchTarget): Promise<Stat | undefined> {
    const reply = this.run(() => {
      const sink = this.watches.sinkOf(watch);
      const full = this.full(path);
      const done = ({ stat }: { stat: Stat }): Stat | undefined => {
        this.register('data', full, sink);
        return stat;
      };
      const forgive = (code: number) => {
        if (code !== ERR.NONODE) return undefined;
        this.register('exist', full, sink);
        return { value: undefined };
      };
      const body = { path: full, watch: sink !== undefined };
      return { op: OPERATIONS.exists, spec: { body, path, done, forgive } };
    });
    this.keepPersistent(path, watch, 'data');
    return reply;
  }

  get(path: string, watch?: WatchTarget): Promise<NodeData> {
    const reply = this.run(() => this.getCall(this.full(path), path, watch));
    this.keepPersistent(path, watch, 'data');
    return reply;
  }

  /**
   * Up to 3.8 a server keeps one kind of watch for each path: a one-shot one ends the persistent one it meets
   * there. So the persistent one is set again right behind; to a newer server that says nothing new.
   */
  private keepPersistent(path: string, watch: WatchTarget | undefined, kind: 'data' | 'child'): void {
    if (watch === undefined || watch === false) return;
    for (const mode of ['persistent', 'persistentRecursive'] as const) {
      // A recursive watch hears no children events and does without its half for them, which the one-shot one
      // needs.
      if (kind === 'child' && mode === 'persistentRecursive') continue;
      const full = this.root.full(path);
      if (!this.watches.registry.has(full, WATCHER_TYPE[mode])) continue;
      const body = { path: full, mode: ADD_WATCH_MODE[mode] };
      // Where it fails the connection is lost, and all watches are set again on the next.
      this.run(() => ({ op: OPERATIONS.addWatch, spec: { body, path, done: nothing } })).catch(nothing);
    }
  }

  getConfig(watch?: WatchTarget): Promise<NodeData> {
    return this.run(() => this.getCall(SYSTEM_PATHS.config, SYSTEM_PATHS.config, watch));
  }

  private getCall(full: string, path: string, watch: WatchTarget | undefined) {
    const sink = this.watches.sinkOf(watch);
    const done = ({ data, stat }: NodeData): NodeData => {
      this.register('data', full, sink);
      return { data: owned(data), stat };
    };
    const body = { path: full, watch: sink !== undefined };
    return { op: OPERATIONS.getData, spec: { body, path, done } };
  }

  set(path: string, data: Buffer | string | null, version = -1): Promise<Stat> {
    return this.run(() => {
      const body = { path: this.full(path), data: bytesOf(data), version };
      return { op: OPERATIONS.setData, spec: { body, path, done: statOf } };
    });
  }

  getAcl(path: string): Promise<{ acl: readonly Acl[]; stat: Stat }> {
    return this.run(() => {
      const done = ({ acl, stat }: { acl: readonly Acl[] | null; stat: Stat }) => ({ acl: acl ?? [], stat });
      return { op: OPERATIONS.getACL, spec: { body: { path: this.full(path) }, path, done } };
    });
  }

  setAcl(path: string, acl: readonly Acl[], version = -1): Promise<Stat> {
    return this.run(() => {
      const body = { path: this.full(path), acl: aclOf(acl), version };
      return { op: OPERATIONS.setACL, spec: { body, path, done: statOf } };
    });
  }

  getChildren(path: string, watch?: WatchTarget): Promise<{ children: string[]; stat: Stat }> {
    const reply = this.run(() => {
      const sink = this.watches.sinkOf(watch);
      const full = this.full(path);
      const done = (reply: { children: string[]; stat: Stat }) => {
        this.register('child', full, sink);
        return reply;
      };
      const body = { path: full, watch: sink !== undefined };
      return { op: OPERATIONS.getChildren2, spec: { body, path, done } };
    });
    this.keepPersistent(path, watch, 'child');
    return reply;
  }

  sync(path: string): Promise<void> {
    return this.run(() => {
      return { op: OPERATIONS.sync, spec: { body: { path: this.full(path) }, path, done: nothing } };
    });
  }

  getEphemerals(prefix = '/'): Promise<string[]> {
    return this.run(() => {
      const done = ({ ephemerals }: { ephemerals: string[] }) =>
        // The server matches text: below the chroot /app it also answers what lies below /apple.
        ephemerals.filter((path) => this.root.holds(path)).map((path) => this.root.strip(path));
      const body = { prefixPath: this.full(prefix) };
      return { op: OPERATIONS.getEphemerals, spec: { body, path: prefix, done } };
    });
  }

  getAllChildrenNumber(path: string): Promise<number> {
    return this.run(() => {
      const done = ({ totalNumber }: { totalNumber: number }) => totalNumber;
      return { op: OPERATIONS.getAllChildrenNumber, spec: { body: { path: this.full(path) }, path, done } };
    });
  }

  multi(ops: readonly WriteOp[]): Promise<OpResult[]> {
    return this.run(() => {
      const body: MultiOp[] = ops.map((op) => writeOp(op, (path, sequential) => this.full(path, sequential)));
      const done = (reply: Parameters<typeof opResult>[0][]): OpResult[] => {
        const results = reply.map((result) => opResult(result, this.root));
        const failed = culprit(results);
        if (failed !== undefined) throw new KeeperError(failed.code, ops[failed.index]?.path, results);
        return results;
      };
      return { op: OPERATIONS.multi, spec: { body, path: undefined, done } };
    });
  }

  multiRead(ops: readonly ReadOp[]): Promise<OpResult[]> {
    return this.run(() => {
      const body: MultiOp[] = ops.map((op) => readOp(op, (path) => this.full(path)));
      const done = (reply: Parameters<typeof opResult>[0][]): OpResult[] =>
        reply.map((result) => opResult(result, this.root));
      return { op: OPERATIONS.multiRead, spec: { body, path: undefined, done } };
    });
  }

  transaction(): Transaction {
    return new TransactionBuilder((ops) => this.multi(ops));
  }

  addAuth(scheme: string, auth: string | Buffer | null): Promise<void> {
    return new Promise((resolve, reject) => {
      const settled = (code: number) => {
        if (code === ERR.OK) resolve();
        else reject(new KeeperError(code));
      };
      if (typeof scheme !== 'string') throw usage('a scheme must be a string');
      this.driver.addAuth({ scheme, auth: bytesOf(auth), settled });
    });
  }

  whoAmI(): Promise<ClientInfo[]> {
    return this.run(() => {
      const done = ({ clientInfo }: { clientInfo: ClientInfo[] | null }) => clientInfo ?? [];
      return { op: OPERATIONS.whoAmI, spec: { body: {}, path: undefined, done } };
    });
  }

  watch(callback?: WatchCallback): Watch {
    return this.watches.stream(callback);
  }

  addWatch(path: string, mode: 'persistent' | 'persistentRecursive', target?: WatchTarget): Promise<Watch> {
    return this.run(() => {
      const full = this.full(path);
      const number = ADD_WATCH_MODE[mode];
      if (number === undefined) throw usage(`unknown kind of watch: ${String(mode)}`);
      const stream = this.watches.streamOf(target);
      const done = (): Watch => {
        this.watches.registry.add(mode, full, stream);
        return stream;
      };
      return { op: OPERATIONS.addWatch, spec: { body: { path: full, mode: number }, path, done } };
    });
  }

  removeWatches(
    path: string,
    type: WatcherType,
    { target, local = false }: { readonly target?: WatchTarget; readonly local?: boolean } = {},
  ): Promise<void> {
    return this.run(() => {
      const full = this.full(path);
      const sink = this.watches.sinkOf(target);
      // The server knows one watch for all of them: while another one stays, its own must stay too.
      const shared = sink !== undefined && this.watches.registry.hasOthers(full, type, sink);
      const done = () => {
        if (!this.watches.remove(full, type, STATE.syncConnected, sink))
          throw new KeeperError(ERR.NOWATCHER, path);
      };
      const forgive = (code: number) => {
        const there = code === ERR.NOWATCHER || code === ERR.CONNECTIONLOSS || code === ERR.SESSIONEXPIRED;
        const gone = local && there && this.watches.remove(full, type, STATE.disconnected, sink);
        return gone ? { value: undefined } : undefined;
      };
      const op = shared ? OPERATIONS.checkWatches : OPERATIONS.removeWatches;
      return { op, spec: { body: { path: full, type }, path, done, forgive } };
    });
  }

  checkWatches(path: string, type: WatcherType): Promise<boolean> {
    return this.run(() => {
      const forgive = (code: number) => (code === ERR.NOWATCHER ? { value: false } : undefined);
      const body = { path: this.full(path), type };
      return { op: OPERATIONS.checkWatches, spec: { body, path, done: (): boolean => true, forgive } };
    });
  }

  reconfig({ joining, leaving, members, fromConfig = -1n }: ReconfigOptions): Promise<NodeData> {
    return this.run(() => {
      const body = {
        joiningServers: joining ?? null,
        leavingServers: leaving ?? null,
        newMembers: members ?? null,
        curConfigId: fromConfig,
      };
      const done = ({ data, stat }: NodeData): NodeData => ({ data: owned(data), stat });
      return { op: OPERATIONS.reconfig, spec: { body, path: undefined, done } };
    });
  }
}

const nothing = (): void => {};
const statOf = ({ stat }: { stat: Stat }): Stat => stat;

/**
 * The kinds of create by operation code; all are asked with the fields of the largest, of which each takes
 * its own.
 */
const CREATES: Readonly<Record<number, unknown>> = {
  [OPERATIONS.create.code]: OPERATIONS.create,
  [OPERATIONS.create2.code]: OPERATIONS.create2,
  [OPERATIONS.createContainer.code]: OPERATIONS.createContainer,
  [OPERATIONS.createTTL.code]: OPERATIONS.createTTL,
};
