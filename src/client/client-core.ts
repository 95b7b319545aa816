import { ZktError } from '../base/errors.ts';
import { CLIENT_NAME_BYTES_MAX } from '../protocol/messages.ts';
import { OPERATIONS } from '../protocol/operations.ts';
import type { ClientOptions, ClientState, WatchCallback } from './api.ts';
import { Call, type CallSpec, type Op } from './call.ts';
import { Chroot } from './chroot.ts';
import { parseServerList } from './connect-string.ts';
import { ConnectWaiters } from './connect-waiters.ts';
import { ClientDriver, type ClientPorts } from './driver.ts';
import { CLIENT_LIMITS } from './limits.ts';
import { bytesOf, checkPath } from './values.ts';
import { WatchCenter } from './watch-center.ts';
import type { Sink, WatchKind } from './watch-registry.ts';

/** The session behind a client: its driver, watches and listeners, and how operations are sent. */
export class ClientCore {
  protected readonly driver: ClientDriver;
  protected readonly watches: WatchCenter;
  protected readonly root: Chroot;
  private readonly waiters: ConnectWaiters;
  private readonly stateListeners = new Set<(state: ClientState) => void>();
  private readonly requestTimeoutMs: number;
  private readonly outstandingMax: number;
  private ending: Promise<void> | undefined;

  /** Begins to connect. Throws ZKT_USAGE for a server list that is none. */
  constructor(options: ClientOptions, ports: ClientPorts) {
    const { servers, chroot } = parseServerList(options.servers);
    this.root = new Chroot(chroot);
    this.watches = new WatchCenter(this.root);
    this.requestTimeoutMs = options.requestTimeoutMs ?? 0;
    this.outstandingMax = options.outstandingMax ?? CLIENT_LIMITS.outstandingMax;
    const config = {
      servers,
      sessionTimeoutMs: options.sessionTimeoutMs ?? CLIENT_LIMITS.sessionTimeoutMs,
      connectTimeoutMs: options.connectTimeoutMs ?? 0,
      readOnly: options.readOnly ?? false,
      clientName: checkedName(options.clientName ?? ''),
      outstandingMax: this.outstandingMax,
      localExpiry: options.localExpiry ?? true,
      session: options.session,
      replyBytesMax: options.replyBytesMax ?? CLIENT_LIMITS.replyBytesMax,
    };
    this.driver = new ClientDriver(config, ports, this.watches.registry, {
      stateChanged: (state) => this.stateChanged(state),
      attemptFailed: (why, rounds) => this.waiters.attemptFailed(why, rounds),
      notified: (event, zxid) => this.watches.notified(event, zxid),
      watchesSet: () => this.watches.watchesSet(),
    });
    this.waiters = new ConnectWaiters(options.servers, ports.timers);
    for (const { scheme, auth } of options.auth ?? []) {
      this.driver.addAuth({ scheme, auth: bytesOf(auth), settled: undefined });
    }
    this.driver.start();
  }

  get state(): ClientState {
    return this.driver.machine.state;
  }
  get sessionId(): bigint {
    return this.driver.machine.sessionId;
  }
  get sessionPasswd(): Buffer {
    return this.driver.machine.sessionPasswd;
  }
  get sessionTimeoutMs(): number {
    return this.driver.machine.sessionTimeoutMs;
  }
  get server(): string | undefined {
    return this.driver.machine.server;
  }
  get lastZxid(): bigint {
    return this.driver.machine.lastZxid;
  }
  get chroot(): string {
    return this.root.prefix;
  }

  private stateChanged(state: ClientState): void {
    this.watches.stateChanged(state);
    for (const listener of this.stateListeners) queueMicrotask(() => listener(state));
    this.waiters.stateChanged(state);
  }

  connected(timeoutMs?: number, rounds?: number): Promise<void> {
    return this.waiters.wait(this.state, timeoutMs, rounds);
  }

  onState(listener: (state: ClientState) => void): () => void {
    this.stateListeners.add(listener);
    return () => void this.stateListeners.delete(listener);
  }

  onEvent(listener: WatchCallback): () => void {
    return this.watches.onEvent(listener);
  }

  /**
   * Sends an operation. What `make` throws (ZKT_USAGE) rejects, as everything else that can go wrong does.
   */
  protected run<Q, V, R>(make: () => { op: Op<Q, V>; spec: CallSpec<Q, V, R> }): Promise<R> {
    try {
      const { op, spec } = make();
      const call = new Call(op, spec, this.driver.deadline(this.requestTimeoutMs));
      if (this.driver.submit(call)) return call.promise;
      return Promise.reject(new ZktError('ZKT_CLIENT_BUSY', { limit: this.outstandingMax }));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The server's path of a caller's, once it is found to be one. */
  protected full(path: string, sequential = false): string {
    checkPath(path, sequential);
    return this.root.full(path);
  }

  protected register(kind: WatchKind, path: string, sink: Sink | undefined): void {
    if (sink !== undefined) this.watches.registry.add(kind, path, sink);
  }

  close(): Promise<void> {
    this.ending ??= new Promise((resolve) => {
      const spec = {
        body: {},
        path: undefined,
        done: () => this.driver.machine.closed(),
        forgive: () => ({ value: undefined }),
      };
      const call = new Call(OPERATIONS.closeSession, spec, Number.POSITIVE_INFINITY);
      this.driver.close(call);
      this.waiters.whenEnded(this.state, resolve);
    });
    return this.ending;
  }
}

/** A name that a server would not take is none. */
function checkedName(name: string): string {
  if (Buffer.byteLength(name) <= CLIENT_NAME_BYTES_MAX) return name;
  throw new ZktError('ZKT_USAGE', { why: `clientName takes at most ${CLIENT_NAME_BYTES_MAX} bytes` });
}
