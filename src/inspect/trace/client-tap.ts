/**
 * A network that tells what a ZooKeeper client says over it: which requests left, when, and when their
 * answers were there. Bytes pass unchanged. This is where a client's latency is measured: from the socket's
 * write to the chunk that holds the answer.
 */
import { addressText } from '../../client/connect-string.ts';
import { FrameSplitter } from '../../jute/frames.ts';
import { JuteError } from '../../jute/jute-error.ts';
import { JuteReader } from '../../jute/reader.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ListenResult, Net, Socket, SocketHandler } from '../../ports/net.ts';
import { ConnectRequest, ConnectResponse } from '../../protocol/messages.ts';
import { opName } from '../../protocol/opcodes.ts';
import { requestPath } from '../../server/processor/request-kinds.ts';
import type { RequestKey } from './sightings.ts';

const FRAME_BYTES_MAX = 128 * 1024 * 1024;
/** xid and operation of a request. */
const REQUEST_HEADER_BYTES = 8;
/** xid, zxid and error code of an answer. */
const REPLY_HEADER_BYTES = 16;

/** A request that was seen. */
interface Seen {
  session: bigint;
  readonly cxid: number;
  readonly op: string;
  readonly path: string;
  readonly bytes: number;
  /** Where it went: as it was dialled, and as it was reached. */
  readonly to: readonly string[];
  readonly sentMs: number;
  answeredMs: number | undefined;
  err: number | undefined;
}

/** See the head of the file. */
export class ClientTap implements Net {
  /** While false, requests are passed over; answers of those taken before still count. */
  taking = false;
  /** Requests beyond the limit. */
  untaken = 0;
  private readonly net: Net;
  private readonly clock: Pick<Clock, 'wallMs'>;
  private readonly limit: number;
  private readonly seen: Seen[] = [];

  /** Keeps the first `limit` requests. The clock should have microseconds. */
  constructor(net: Net, clock: Pick<Clock, 'wallMs'>, limit: number) {
    this.net = net;
    this.clock = clock;
    this.limit = limit;
  }

  /** The requests so far, in the order they left. */
  get requests(): RequestKey[] {
    return this.seen.map(({ session, cxid, ...client }) => ({ session, cxid, client }));
  }

  listen(
    at: { host: string; port: number; backlog?: number; keepAlive?: boolean },
    accept: (socket: Socket) => SocketHandler | undefined,
    done: (result: ListenResult) => void,
  ): void {
    this.net.listen(at, accept, done);
  }

  connect(
    to: { host: string; port: number; timeoutMs: number },
    handler: SocketHandler & { opened(socket: Socket): void },
  ): { cancel(): void } {
    const talk = new TappedTalk(this.clock, [addressText(to)], (request) => this.take(request));
    return this.net.connect(to, {
      opened: (socket) => {
        talk.to.push(addressText({ host: socket.remoteAddress, port: socket.remotePort }));
        handler.opened(new TappedSocket(socket, talk));
      },
      data: (chunk) => {
        talk.received(chunk);
        handler.data(chunk);
      },
      drained: () => handler.drained(),
      ended: () => handler.ended(),
      closed: (error) => handler.closed(error),
    });
  }

  private take(request: Seen): boolean {
    if (!this.taking) return false;
    if (this.seen.length >= this.limit) {
      this.untaken++;
      return false;
    }
    this.seen.push(request);
    return true;
  }
}

/** What is said over one connection. */
class TappedTalk {
  readonly to: string[];
  private readonly clock: Pick<Clock, 'wallMs'>;
  private readonly take: (request: Seen) => boolean;
  private readonly up = new FrameSplitter(FRAME_BYTES_MAX);
  private readonly down = new FrameSplitter(FRAME_BYTES_MAX);
  /** Taken and not answered, by xid; as many as the client has under way, and the tap's limit. */
  private readonly waiting = new Map<number, Seen>();
  private opening: Seen | undefined;
  private greeted = false;
  private session = 0n;
  private welcomed = false;
  private broken = false;

  constructor(clock: Pick<Clock, 'wallMs'>, to: string[], take: (request: Seen) => boolean) {
    this.clock = clock;
    this.to = to;
    this.take = take;
  }

  sent(bytes: Buffer): void {
    const now = this.clock.wallMs();
    this.guarded(() => {
      this.up.feed(bytes, (frame, start, end) => {
        if (this.greeted) this.request(frame, start, end, now);
        else this.greeting(frame, start, end, now);
        return true;
      });
    });
  }

  received(chunk: Buffer): void {
    const now = this.clock.wallMs();
    this.guarded(() => {
      this.down.feed(chunk, (frame, start, end) => {
        if (this.welcomed) this.reply(frame, start, end, now);
        else this.welcome(frame, start, end, now);
        return true;
      });
    });
  }

  /** What is no protocol is the client's to complain of; nothing more is seen of this connection then. */
  private guarded(look: () => void): void {
    if (this.broken) return;
    try {
      look();
    } catch (error) {
      if (!(error instanceof JuteError)) throw error;
      this.broken = true;
    }
  }

  private greeting(frame: Buffer, start: number, end: number, now: number): void {
    this.greeted = true;
    const { sessionId } = ConnectRequest.read(new JuteReader(frame, start, end));
    if (sessionId !== 0n) return;
    const { to } = this;
    const request = { session: 0n, cxid: 0, op: 'createSession', path: '', bytes: end - start, to };
    const seen: Seen = { ...request, sentMs: now, answeredMs: undefined, err: undefined };
    if (this.take(seen)) this.opening = seen;
  }

  private welcome(frame: Buffer, start: number, end: number, now: number): void {
    this.welcomed = true;
    const { sessionId, timeOut } = ConnectResponse.read(new JuteReader(frame, start, end));
    this.session = sessionId;
    const { opening } = this;
    if (opening === undefined || timeOut <= 0) return;
    opening.session = sessionId;
    opening.answeredMs = now;
    opening.err = 0;
  }

  private request(frame: Buffer, start: number, end: number, now: number): void {
    if (end - start < REQUEST_HEADER_BYTES) return;
    const cxid = frame.readInt32BE(start);
    // Pings, credentials and watches set again: they bear no numbers of their own.
    if (cxid <= 0) return;
    const op = frame.readInt32BE(start + 4);
    const seen: Seen = {
      session: this.session,
      cxid,
      op: opName(op) ?? String(op),
      path: requestPath(op, frame, start + REQUEST_HEADER_BYTES, end),
      bytes: end - start,
      to: this.to,
      sentMs: now,
      answeredMs: undefined,
      err: undefined,
    };
    if (this.take(seen)) this.waiting.set(cxid, seen);
  }

  private reply(frame: Buffer, start: number, end: number, now: number): void {
    if (end - start < REPLY_HEADER_BYTES) return;
    const cxid = frame.readInt32BE(start);
    const seen = this.waiting.get(cxid);
    if (seen === undefined) return;
    this.waiting.delete(cxid);
    seen.answeredMs = now;
    seen.err = frame.readInt32BE(start + 12);
  }
}

class TappedSocket implements Socket {
  private readonly socket: Socket;
  private readonly talk: TappedTalk;

  constructor(socket: Socket, talk: TappedTalk) {
    this.socket = socket;
    this.talk = talk;
  }

  get remoteAddress(): string {
    return this.socket.remoteAddress;
  }
  get remotePort(): number {
    return this.socket.remotePort;
  }
  get localAddress(): string {
    return this.socket.localAddress;
  }
  get localPort(): number {
    return this.socket.localPort;
  }
  get pendingBytes(): number {
    return this.socket.pendingBytes;
  }

  write(bytes: Buffer): boolean {
    this.talk.sent(bytes);
    return this.socket.write(bytes);
  }
  pause(): void {
    this.socket.pause();
  }
  resume(): void {
    this.socket.resume();
  }
  end(): void {
    this.socket.end();
  }
  destroy(): void {
    this.socket.destroy();
  }
}
