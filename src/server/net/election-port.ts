/**
 * The election port: one connection to every other server of the ensemble (facts 8.1).
 *
 * Two servers may dial each other at once, so **the larger id owns the connection**: a smaller one that
 * dialled closes its connection after the opening message and is dialled back. A newer connection to a server
 * replaces the older one. One message at most waits for a server, the newest; there is nothing to queue on
 * the way in, since each message is handed on as it arrives.
 *
 * Strangers may talk: a server that joins, or an observer that is in no list. They are bounded in number, as
 * are connections that have not said who they are.
 */
import type { Emitter } from '../../events/bus.ts';
import type { Listener, ListenResult, Net, Socket, SocketHandler } from '../../ports/net.ts';
import type { Timers } from '../../ports/timers.ts';
import { encodeInitialMessage, type InitialMessage } from '../../protocol/election.ts';
import { type ElectionAddress, parseElectionAddresses, textOfAddress } from './election-address.ts';
import { ElectionConnection, type ElectionConnectionHandler } from './election-connection.ts';
import { type PeerDial, PeerLine } from './election-peer.ts';

/** How the port is set up. */
export interface ElectionPortOptions {
  readonly sid: bigint;
  /** Time to connect, ms (`cnxTimeout`). */
  readonly connectTimeoutMs: number;
  /** Time for the opening message, and for the rest of a message that was begun, ms. */
  readonly handshakeTimeoutMs: number;
  /** Opening messages name every address of this server (protocol version 2). */
  readonly multiAddress: boolean;
  /** TCP keep-alive on connections of others (`tcpKeepAlive`). */
  readonly keepAlive?: boolean;
  /** Servers in no configuration that may be connected. */
  readonly strangersMax: number;
  /** Connections that have not said who they are. */
  readonly unknownMax: number;
}

/** The world the port lives in. */
export interface ElectionPortWorld {
  readonly net: Net;
  readonly timers: Timers;
  readonly events: Emitter;
}

/** What the port tells its owner. */
export interface ElectionPortHandler {
  /** A message from a server. */
  message(from: bigint, body: Buffer): void;
  /** A server was reached, or could not be. May come from inside `send`. */
  reachable(sid: bigint, isReachable: boolean): void;
  /**
   * What a server is to hear on a new connection when nothing waits for it. Apache sends the last message
   * again; that may be out of date, so the owner says what holds now. Undefined for nothing.
   */
  greeting(to: bigint): Buffer | undefined;
}

/** Old observers all say they are this one, Java's `Long.MAX_VALUE`. */
const ANONYMOUS = (1n << 63n) - 1n;
const STOPS = 'the server stops';

/** See the head of the file. */
export class ElectionPort implements ElectionConnectionHandler, PeerDial {
  readonly self: bigint;
  readonly net: Net;
  readonly timers: Timers;
  readonly connectTimeoutMs: number;
  private readonly options: ElectionPortOptions;
  private readonly events: Emitter;
  private readonly owner: ElectionPortHandler;
  private readonly lines = new Map<bigint, PeerLine>();
  /** Connections that belong to no line: not yet, or not any more. */
  private readonly loose = new Set<ElectionConnection>();
  private unknown = 0;
  private known: ReadonlyMap<bigint, readonly ElectionAddress[]> = new Map();
  private own: readonly ElectionAddress[] = [];
  private listeners: Listener[] = [];
  private nextAnonymous = -1n;
  private voting = false;
  private stopped = false;

  constructor(options: ElectionPortOptions, world: ElectionPortWorld, owner: ElectionPortHandler) {
    this.self = options.sid;
    this.net = world.net;
    this.timers = world.timers;
    this.events = world.events;
    this.connectTimeoutMs = options.connectTimeoutMs;
    this.options = options;
    this.owner = owner;
  }

  /** Ports it listens on. */
  get boundPorts(): number[] {
    return this.listeners.map((l) => l.port);
  }

  /** Servers with a connection. */
  get connectedSids(): bigint[] {
    return [...this.lines.values()].filter((l) => l.connection !== undefined).map((l) => l.sid);
  }

  /** Opens one port more; `done` with the error where that fails. */
  listen(at: ElectionAddress, done: (error: Error | undefined) => void): void {
    const opened = (result: ListenResult): void => {
      if ('error' in result) done(result.error);
      else {
        if (this.stopped) result.listener.close(() => {});
        else this.listeners.push(result.listener);
        done(undefined);
      }
    };
    this.net.listen(
      { ...at, keepAlive: this.options.keepAlive ?? true },
      (socket) => this.accept(socket),
      opened,
    );
  }

  /** Closes the ports that are open; connections stay. */
  unlisten(done: () => void): void {
    const open = this.listeners;
    this.listeners = [];
    let left = open.length;
    if (left === 0) done();
    for (const listener of open) {
      listener.close(() => {
        left--;
        if (left === 0) done();
      });
    }
  }

  /** The servers of the ensemble, where they are, and where this one is. */
  configure(known: ReadonlyMap<bigint, readonly ElectionAddress[]>, own: readonly ElectionAddress[]): void {
    this.known = known;
    this.own = own;
  }

  /**
   * Sends a message to a server: now, or as soon as there is a connection. A newer one replaces one that
   * waits.
   */
  send(to: bigint, body: Buffer): void {
    if (!this.stopped && to !== this.self) this.line(to)?.send(body);
  }

  /** That server should have answered: its connection is made anew. */
  renew(sid: bigint): void {
    if (!this.stopped) this.lines.get(sid)?.renew();
  }

  /** An election begins: members are dialled again when their connection is lost. */
  wake(): void {
    this.voting = true;
  }

  /** The election is over: nobody is dialled any more for what waits; it is forgotten. */
  rest(): void {
    this.voting = false;
    for (const line of this.lines.values()) line.rest();
  }

  /** Closes everything. */
  close(done: () => void): void {
    this.stopped = true;
    for (const line of this.lines.values()) line.close(STOPS);
    for (const connection of this.loose) connection.destroy(STOPS);
    this.unlisten(done);
  }

  // ---- what the lines use ----

  get eager(): boolean {
    return this.voting && !this.stopped;
  }

  isMember(sid: bigint): boolean {
    return this.known.has(sid);
  }

  addressesOf(sid: bigint): readonly ElectionAddress[] {
    return this.known.get(sid) ?? [];
  }

  /** Without an address of its own the other side cannot dial back, but may answer. */
  openingMessage(): Buffer {
    const { sid, multiAddress } = this.options;
    const addresses = this.own.length === 0 ? ['0.0.0.0:0'] : this.own.map(textOfAddress);
    return multiAddress
      ? encodeInitialMessage({ version: 'v2', sid, addresses })
      : encodeInitialMessage({ version: 'v1', sid, addresses: addresses.slice(0, 1) });
  }

  dialled(sid: bigint, socket: Socket): ElectionConnection {
    const connection = this.connection(socket, true);
    connection.sid = sid;
    this.loose.add(connection);
    return connection;
  }

  connected(connection: ElectionConnection): void {
    const { sid, remote, dialled } = connection;
    this.loose.delete(connection);
    if (sid === undefined) return;
    if (this.events.on['election.connected']) {
      this.events.emit('election.connected', { sid, remote, dialled });
    }
    this.owner.reachable(sid, true);
  }

  reached(sid: bigint): void {
    this.owner.reachable(sid, true);
  }

  unreachable(sid: bigint, remote: ElectionAddress | undefined, why: string): void {
    if (this.stopped) return;
    if (this.events.on['election.unreachable']) {
      const at = remote === undefined ? '' : textOfAddress(remote);
      this.events.emit('election.unreachable', { sid, remote: at, why });
    }
    this.owner.reachable(sid, false);
  }

  greeting(sid: bigint): Buffer | undefined {
    return this.owner.greeting(sid);
  }

  private connection(socket: Socket, dialled: boolean): ElectionConnection {
    return new ElectionConnection(socket, dialled, this.options.handshakeTimeoutMs, this.timers, this);
  }

  /** The line of a server; undefined for one stranger too many. */
  private line(sid: bigint): PeerLine | undefined {
    const found = this.lines.get(sid);
    if (found !== undefined) return found;
    if (!this.known.has(sid) && this.countStrangers() >= this.options.strangersMax) return undefined;
    const line = new PeerLine(sid, this);
    this.lines.set(sid, line);
    return line;
  }

  /** Strangers with something under way; the others are forgotten. */
  private countStrangers(): number {
    let strangers = 0;
    for (const line of [...this.lines.values()]) {
      if (this.known.has(line.sid)) continue;
      if (line.idle) this.lines.delete(line.sid);
      else strangers++;
    }
    return strangers;
  }

  // ---- being dialled ----

  private accept(socket: Socket): SocketHandler | undefined {
    if (this.stopped) {
      socket.destroy();
      return undefined;
    }
    const connection = this.connection(socket, false);
    this.loose.add(connection);
    this.unknown++;
    if (this.unknown > this.options.unknownMax) {
      this.turnAway(
        this.longestUnknown() ?? connection,
        `more than ${this.options.unknownMax} connections have not said who they are`,
      );
    }
    return connection.handler;
  }

  /** Servers say who they are at once: those that are silent longest must not keep out who comes now. */
  private longestUnknown(): ElectionConnection | undefined {
    for (const connection of this.loose)
      if (connection.sid === undefined && connection.open) return connection;
    return undefined;
  }

  private turnAway(connection: ElectionConnection, why: string): void {
    this.refused(connection, why);
    connection.destroy(why);
  }

  opening(connection: ElectionConnection, message: InitialMessage): void {
    this.unknown--;
    const { self } = this;
    const sid = message.sid === ANONYMOUS ? this.nextAnonymous-- : message.sid;
    const anonymous = message.sid === ANONYMOUS;
    connection.sid = sid;
    if (sid === self || (sid < 0n && !anonymous)) {
      const who = sid === self ? `${self}, which is this server` : `${sid}, which is no id`;
      this.turnAway(connection, `it says it is server ${who}`);
      return;
    }
    const line = this.line(sid);
    if (line === undefined) {
      this.turnAway(
        connection,
        `more than ${this.options.strangersMax} servers that are in no configuration`,
      );
      return;
    }
    line.learned = parseElectionAddresses(message.addresses);
    if (anonymous || sid > self) {
      line.use(connection);
      return;
    }
    connection.close('the larger id owns the connection');
    line.dialBack();
  }

  // ---- what the connections tell ----

  message(connection: ElectionConnection, body: Buffer): void {
    const { sid } = connection;
    if (sid === undefined || this.stopped) return;
    this.lines.get(sid)?.heard();
    this.owner.reachable(sid, true);
    this.owner.message(sid, body);
  }

  drained(connection: ElectionConnection): void {
    if (connection.sid !== undefined) this.lines.get(connection.sid)?.drained(connection);
  }

  refused(connection: ElectionConnection, why: string): void {
    if (!this.events.on['quorum.peer-refused']) return;
    const { sid, remote } = connection;
    const who = sid === undefined ? remote : `${remote} (server ${sid})`;
    this.events.emit('quorum.peer-refused', { port: 'election', remote: who, why });
  }

  closed(connection: ElectionConnection, why: string): void {
    const { sid, remote } = connection;
    if (sid === undefined) this.unknown--;
    const wasLoose = this.loose.delete(connection);
    if (sid === undefined || wasLoose) return;
    if (this.events.on['election.disconnected'])
      this.events.emit('election.disconnected', { sid, remote, why });
    this.lines.get(sid)?.lost(connection);
  }
}
