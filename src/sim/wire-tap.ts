/**
 * A network that writes down what clients say and hear: every frame decoded, with its time. What is recorded
 * as sent was handed to the network, what is recorded as received is what the client gets next.
 */
import { FrameSplitter } from '../jute/frames.ts';
import { JuteReader } from '../jute/reader.ts';
import type { Clock } from '../ports/clock.ts';
import type { Net, Socket, SocketHandler } from '../ports/net.ts';
import { ERR } from '../protocol/error-codes.ts';
import { ConnectRequest, ConnectResponse, ReplyHeader, RequestHeader } from '../protocol/messages.ts';
import { XID } from '../protocol/opcodes.ts';
import { OPERATION_BY_CODE } from '../protocol/operations.ts';
import { WatcherEvent } from '../protocol/watch-types.ts';
import type { History, HistoryConnection, HistoryRequest, SessionClaim } from './checkers/history.ts';

const FRAME_MAX = 64 * 1024 * 1024;

/** See the head of the file. Use one for all clients of a run. */
export class WireTap {
  readonly connections: HistoryConnection[] = [];
  readonly claims: SessionClaim[] = [];
  private readonly net: Net;
  private readonly clock: Clock;
  private readonly replied: (client: string, request: HistoryRequest) => void;

  /** `replied` is told of each reply, with the name of its client, before the client is. */
  constructor(net: Net, clock: Clock, replied: (client: string, request: HistoryRequest) => void = () => {}) {
    this.net = net;
    this.clock = clock;
    this.replied = replied;
  }

  /** What was recorded so far. */
  get history(): History {
    return { connections: this.connections, claims: this.claims };
  }

  /**
   * The network for one client, its own or the common one. `cut` ends its connections and lets it dial no
   * more: a client that died.
   */
  client(net: Net = this.net, name = ''): Net & { cut(): void } {
    let dead = false;
    const sockets = new Set<Socket>();
    return {
      listen: (...args) => net.listen(...args),
      connect: (to, handler) => {
        if (dead) return { cancel() {} };
        const record = new Recording(this, this.clock, name, (request) => this.replied(name, request));
        return net.connect(to, {
          opened: (socket) => {
            if (dead) {
              socket.destroy();
              return;
            }
            sockets.add(socket);
            handler.opened(record.socket(socket));
          },
          ...guarded(handler, record, () => dead),
        });
      },
      cut: () => {
        dead = true;
        for (const socket of sockets) socket.destroy();
      },
    };
  }
}

/** Hands on what arrives, after it was recorded; nothing once the client is dead. */
function guarded(handler: SocketHandler, record: Recording, dead: () => boolean): SocketHandler {
  return {
    data: (chunk) => {
      if (dead()) return;
      record.received(chunk);
      handler.data(chunk);
    },
    drained: () => {
      if (!dead()) handler.drained();
    },
    ended: () => {
      if (!dead()) handler.ended();
    },
    closed: (error) => {
      if (!dead()) handler.closed(error);
    },
  };
}

/** One connection being recorded. */
class Recording {
  private readonly tap: WireTap;
  private readonly clock: Clock;
  private readonly client: string;
  private readonly replied: (request: HistoryRequest) => void;
  private readonly out = new FrameSplitter(FRAME_MAX);
  private readonly into = new FrameSplitter(FRAME_MAX);
  private readonly waiting: HistoryRequest[] = [];
  private connection: HistoryConnection | undefined;
  private askedToConnect = false;
  private claim: SessionClaim | undefined;

  constructor(tap: WireTap, clock: Clock, client: string, replied: (request: HistoryRequest) => void) {
    this.tap = tap;
    this.clock = clock;
    this.client = client;
    this.replied = replied;
  }

  socket(inner: Socket): Socket {
    const tell = (bytes: Buffer): void => this.sent(bytes);
    return {
      get remoteAddress() {
        return inner.remoteAddress;
      },
      get remotePort() {
        return inner.remotePort;
      },
      get localAddress() {
        return inner.localAddress;
      },
      get localPort() {
        return inner.localPort;
      },
      get pendingBytes() {
        return inner.pendingBytes;
      },
      write: (bytes) => {
        tell(bytes);
        return inner.write(bytes);
      },
      pause: () => inner.pause(),
      resume: () => inner.resume(),
      end: () => inner.end(),
      destroy: () => inner.destroy(),
    };
  }

  private sent(bytes: Buffer): void {
    // The writer may use its buffer again; what is recorded is a copy.
    this.out.feed(Buffer.from(bytes), (b, start, end) => {
      const r = new JuteReader(b, start, end, FRAME_MAX);
      if (this.askedToConnect) this.request(r);
      else this.asked(r);
      return true;
    });
  }

  private asked(r: JuteReader): void {
    this.askedToConnect = true;
    const { sessionId: session } = ConnectRequest.read(r);
    if (session === 0n) return;
    const sentMs = this.clock.monotonicMs();
    this.claim = { session, connection: undefined, sentMs, answeredMs: undefined };
    this.tap.claims.push(this.claim);
  }

  private request(r: JuteReader): void {
    const { xid: cxid, type: op } = RequestHeader.read(r);
    const { connection } = this;
    // Pings and credentials have no place in the order of requests.
    if (connection === undefined || cxid === XID.ping || cxid === XID.auth) return;
    const body = OPERATION_BY_CODE.get(op)?.request.read(r);
    const { session, id } = connection;
    const sentMs = this.clock.monotonicMs();
    const request: HistoryRequest = { connection: id, session, cxid, op, body, sentMs, reply: undefined };
    connection.requests.push(request);
    this.waiting.push(request);
  }

  received(chunk: Buffer): void {
    this.into.feed(Buffer.from(chunk), (b, start, end) => {
      const r = new JuteReader(b, start, end, FRAME_MAX);
      if (this.connection === undefined) this.connected(r);
      else this.reply(this.connection, r);
      return true;
    });
  }

  private connected(r: JuteReader): void {
    const { sessionId: session } = ConnectResponse.read(r);
    const all = this.tap.connections;
    this.connection = { id: all.length, session, client: this.client, requests: [], arrivals: [] };
    all.push(this.connection);
    if (this.claim === undefined) return;
    this.claim.connection = this.connection.id;
    this.claim.answeredMs = this.clock.monotonicMs();
  }

  private reply(connection: HistoryConnection, r: JuteReader): void {
    const { xid, zxid, err } = ReplyHeader.read(r);
    const atMs = this.clock.monotonicMs();
    if (xid === XID.notification) {
      connection.arrivals.push({ kind: 'event', event: WatcherEvent.read(r), atMs });
      return;
    }
    if (xid === XID.ping || xid === XID.auth) return;
    const request = this.waiting.shift();
    if (request === undefined || request.cxid !== xid) {
      throw new Error(`a reply to request ${xid}, the next to answer is ${request?.cxid}`);
    }
    const codec = OPERATION_BY_CODE.get(request.op)?.reply;
    const body = err === ERR.OK ? codec?.read(r) : undefined;
    request.reply = { atMs, zxid, err, body };
    connection.arrivals.push({ kind: 'reply', request });
    this.replied(request);
  }
}
