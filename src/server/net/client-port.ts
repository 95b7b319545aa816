/**
 * The client port: accepts connections within the limits, and runs the turn of the loop for them.
 *
 * Within one turn every link gathers its output; at the turn's end the links that have some are flushed, and
 * those that were held back are read on when there is room. No timer per connection: one sweep looks at all
 * their deadlines.
 */
import { ZktError } from '../../base/errors.ts';
import type { Emitter } from '../../events/bus.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Listener, Net, Socket, SocketHandler } from '../../ports/net.ts';
import type { Timer, Timers } from '../../ports/timers.ts';
import { ClientLink } from './client-link.ts';
import type { ClientPortOptions, ClientService } from './client-service.ts';
import type { Flushable, LinkHost } from './link-host.ts';
import { OutputPool } from './output-pool.ts';
import { PortStats } from './traffic-stats.ts';

/** The world the port lives in. */
export interface ClientPortWorld {
  readonly net: Net;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly events: Emitter;
}

/** How often deadlines are looked at, at most. */
const SWEEP_MS_MAX = 1_000;

/** How long clients may take, when the port closes, to read their last replies and close their side. */
const SHUTDOWN_GRACE_MS = 500;

/** The client port of a server. */
export class ClientPort implements LinkHost<ClientLink> {
  readonly options: ClientPortOptions;
  readonly service: ClientService<ClientLink>;
  readonly events: Emitter;
  readonly stats = new PortStats();
  readonly pool = new OutputPool();
  nowMs: number;
  /** This server's share of `globalOutstandingLimit` is one of so many (facts 2.7). */
  outstandingShare = 1;

  private readonly world: ClientPortWorld;
  private readonly connections = new Set<ClientLink>();
  private readonly perAddress = new Map<string, number>();
  private listener: Listener | undefined;
  private sweep: Timer | undefined;
  private lastId = 0;
  private turnScheduled = false;
  private dirty: Flushable[] = [];
  private waiting: ClientLink[] = [];
  private outstandingRequests = 0;
  private outstandingRequestBytes = 0;
  private saidOverloaded = false;
  private closing = false;

  constructor(options: ClientPortOptions, world: ClientPortWorld, service: ClientService<ClientLink>) {
    this.options = options;
    this.world = world;
    this.service = service;
    this.events = world.events;
    this.nowMs = world.clock.monotonicMs();
  }

  /** Connections open now, in the order they were accepted. */
  get links(): ReadonlySet<ClientLink> {
    return this.connections;
  }

  /** The port it listens on: where any free one was asked for, the one it got. */
  get boundPort(): number {
    return this.listener?.port ?? this.options.port;
  }

  /** Requests taken in and not answered. */
  get outstanding(): number {
    return this.outstandingRequests;
  }

  /** Bytes of those requests. */
  get outstandingBytes(): number {
    return this.outstandingRequestBytes;
  }

  get overloaded(): boolean {
    const { outstandingRequestsMax: requests, outstandingBytesMax: bytes } = this.options;
    return (
      (requests > 0 && this.outstandingRequests * this.outstandingShare > requests) ||
      (bytes > 0 && this.outstandingRequestBytes > bytes)
    );
  }

  /** Opens the port. `done` gets the port it is (where any free one was asked for), or a `ZktError`. */
  listen(done: (result: { host: string; port: number } | { error: ZktError }) => void): void {
    const { host, port, backlog, keepAlive } = this.options;
    const at = { host, port, keepAlive, ...(backlog === undefined ? {} : { backlog }) };
    this.world.net.listen(
      at,
      (socket) => this.accept(socket),
      (result) => {
        if ('error' in result) {
          const what = 'client port';
          const { code, message } = result.error;
          const error =
            code === 'EADDRINUSE'
              ? new ZktError('ZKT_PORT_IN_USE', { what, host, port }, { cause: result.error })
              : new ZktError('ZKT_LISTEN', { what, host, port, why: message }, { cause: result.error });
          done({ error });
          return;
        }
        this.listener = result.listener;
        const { connectRequestTimeoutMs, frameTimeoutMs } = this.options;
        const every = Math.min(SWEEP_MS_MAX, connectRequestTimeoutMs / 4, frameTimeoutMs / 4);
        this.sweep = this.world.timers.every(Math.max(1, every), () => this.lookAtDeadlines());
        done({ host: result.listener.host, port: result.listener.port });
      },
    );
  }

  /** Accepts no more, closes every connection after its output has left; `done` when all are gone. */
  close(reason: string, done: () => void): void {
    this.closing = true;
    this.beginTurn();
    for (const link of [...this.connections]) link.close(reason);
    const { listener } = this;
    const grace = this.world.timers.after(SHUTDOWN_GRACE_MS, () => {
      for (const link of [...this.connections]) link.destroy(reason);
    });
    const finish = (): void => {
      grace.cancel();
      this.sweep?.cancel();
      done();
    };
    if (listener === undefined) finish();
    else this.allGone = finish;
    listener?.close(() => {
      this.listener = undefined;
      this.finishClosing();
    });
  }

  /** Said once, when a closing port has no listener and no connection left. */
  private allGone: (() => void) | undefined;

  private finishClosing(): void {
    if (!this.closing || this.listener !== undefined || this.connections.size > 0) return;
    const say = this.allGone;
    this.allGone = undefined;
    say?.();
  }

  private accept(socket: Socket): SocketHandler | undefined {
    const address = socket.remoteAddress;
    if (address === '' || this.closing) {
      socket.destroy();
      return undefined;
    }
    const { connectionsMax, connectionsPerAddressMax } = this.options;
    const ofAddress = this.perAddress.get(address) ?? 0;
    if (connectionsMax > 0 && this.connections.size >= connectionsMax) {
      return this.turnAway(socket, 'maxCnxns', connectionsMax);
    }
    if (connectionsPerAddressMax > 0 && ofAddress >= connectionsPerAddressMax) {
      return this.turnAway(socket, 'maxClientCnxns', connectionsPerAddressMax);
    }
    this.beginTurn();
    const link = new ClientLink(this, ++this.lastId, socket, this.world.clock.wallMs());
    this.connections.add(link);
    this.perAddress.set(address, ofAddress + 1);
    if (this.events.on['connection.opened']) {
      this.events.emit('connection.opened', { connection: link.id, remote: link.remote });
    }
    return link;
  }

  private turnAway(socket: Socket, limit: string, value: number): undefined {
    this.stats.rejected++;
    if (this.events.on['connection.refused']) {
      this.events.emit('connection.refused', { remote: socket.remoteAddress, limit, value });
    }
    socket.destroy();
    return undefined;
  }

  // ---- what links tell ----

  now(): number {
    return this.world.clock.monotonicMs();
  }

  beginTurn(): void {
    this.nowMs = this.world.clock.monotonicMs();
  }

  flushSoon(link: Flushable): void {
    this.dirty.push(link);
    this.endTurnSoon();
  }

  readSoon(link: ClientLink): void {
    this.waiting.push(link);
    if (!this.overloaded || link.outstanding === 0) this.endTurnSoon();
  }

  began(bytes: number): void {
    this.outstandingRequests++;
    this.outstandingRequestBytes += bytes;
    if (!this.saidOverloaded && this.overloaded) this.tellOverloaded();
  }

  answered(requests: number, bytes: number, idle: boolean): void {
    this.outstandingRequests -= requests;
    this.outstandingRequestBytes -= bytes;
    if (this.saidOverloaded && !this.overloaded) this.saidOverloaded = false;
    if (this.waiting.length > 0 && (idle || !this.overloaded)) this.endTurnSoon();
  }

  private tellOverloaded(): void {
    this.saidOverloaded = true;
    if (!this.events.on['request.throttled']) return;
    const { outstandingRequests: outstanding, options } = this;
    const max = options.outstandingRequestsMax;
    const byCount = max > 0 && outstanding * this.outstandingShare > max;
    const limit = byCount ? 'globalOutstandingLimit' : 'largeRequestMaxBytes';
    this.events.emit('request.throttled', { outstanding, limit });
  }

  gone(link: ClientLink): void {
    if (!this.connections.delete(link)) return;
    const left = (this.perAddress.get(link.remoteAddress) ?? 1) - 1;
    if (left > 0) this.perAddress.set(link.remoteAddress, left);
    else this.perAddress.delete(link.remoteAddress);
    this.finishClosing();
  }

  // ---- the turn ----

  private endTurnSoon(): void {
    if (this.turnScheduled) return;
    this.turnScheduled = true;
    this.world.timers.soon(this.endTurn);
  }

  private readonly endTurn = (): void => {
    this.turnScheduled = false;
    this.flushDirty();
    if (this.waiting.length === 0) return;
    this.beginTurn();
    const waiting = this.waiting;
    this.waiting = [];
    for (const link of waiting) {
      if (this.overloaded && link.outstanding > 0) this.waiting.push(link);
      else link.resume();
    }
    this.flushDirty();
  };

  private flushDirty(): void {
    const { dirty } = this;
    for (let i = 0; i < dirty.length; i++) (dirty[i] as Flushable).flush();
    dirty.length = 0;
  }

  private lookAtDeadlines(): void {
    this.beginTurn();
    for (const link of this.connections) link.checkDeadline(this.nowMs);
  }
}
