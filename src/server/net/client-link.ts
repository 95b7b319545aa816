/**
 * One connection of the client port: bytes in, frames to the service; frames out, gathered over a turn of the
 * loop.
 *
 * A connection starts by telling what it is: four bytes that spell a four-letter word, or the length of a
 * connect request. After a connect request nothing more is handed over until the session stands; then every
 * frame is a request.
 */
import { invariant } from '../../base/invariant.ts';
import { type FrameSink, FrameSplitter } from '../../jute/frames.ts';
import { JuteError } from '../../jute/jute-error.ts';
import { JuteReader } from '../../jute/reader.ts';
import type { Socket, SocketHandler } from '../../ports/net.ts';
import type { Id } from '../../protocol/acl.ts';
import { type FourLetterWord, fourLetterWord } from '../../protocol/four-letter.ts';
import {
  CLIENT_NAME_BYTES_MAX,
  ConnectName,
  ConnectRequest,
  ConnectResponse,
} from '../../protocol/messages.ts';
import { answerWord } from './four-letter-gate.ts';
import type { LinkHost } from './link-host.ts';
import { LinkOutput, UNREAD_PAUSE_BYTES } from './link-output.ts';

const NOTHING = Buffer.alloc(0);
/** Bytes of `stmk` and its mask. */
const STMK_BYTES = 12;

/** One client connection. */
export class ClientLink extends LinkOutput implements SocketHandler {
  protected override readonly host: LinkHost<ClientLink>;
  /** Who the client is: its address, and what it proved since. */
  authIds: Id[];
  /** 0 before the session stands; set by the service. */
  sessionId = 0n;
  /** Granted session timeout, ms; set by the service. */
  timeoutMs = 0;
  /** What the client calls itself; foreign text, and empty for most. */
  clientName = '';
  /** True when the client accepts a read-only server. */
  readOnly = false;
  /** For whatever else the service keeps with a connection. */
  attachment: unknown = undefined;

  private readonly splitter: FrameSplitter;
  private reading = true;
  private first: Buffer = NOTHING;
  /** The connect request was handed over. */
  private askedToConnect = false;
  /** The client's connect request had no read-only flag, so the response has none. */
  private oldClient = false;
  /** A frame ended since the deadline of a started frame was last looked at. */
  private tookFrame = false;

  constructor(host: LinkHost<ClientLink>, id: number, socket: Socket, wallMs: number) {
    super(host, id, socket, wallMs);
    this.host = host;
    this.authIds = [{ scheme: 'ip', id: socket.remoteAddress }];
    this.splitter = new FrameSplitter(host.options.frameBytesMax);
  }

  /** The address of this server that the client reached. */
  get localAddress(): string {
    return this.socket.localAddress;
  }

  /** True while bytes are taken from the socket. */
  get isReading(): boolean {
    return this.reading && this.live;
  }

  /** Answers the connect request; what the client sent after it is then handed over. */
  sendConnectResponse(response: ConnectResponse): void {
    if (!this.live) return;
    invariant(this.state === 'connecting', 'a connect request is answered once');
    const out = this.beginFrame();
    ConnectResponse.write(out, {
      ...response,
      readOnly: this.oldClient ? undefined : (response.readOnly ?? false),
    });
    this.endFrame();
    this.state = 'open';
    this.deadlineMs = Number.POSITIVE_INFINITY;
    if (!this.feeding) this.host.readSoon(this);
  }

  /** Bytes from the socket. */
  data(chunk: Buffer): void {
    if (!this.live) return;
    const { host } = this;
    host.beginTurn();
    host.stats.bytesReceived += chunk.length;
    if (this.state === 'opening' || this.state === 'word') this.open(chunk);
    else this.feed(chunk);
  }

  /** Goes on with what was held back, and reads on; called by the port when there is room. */
  resume(): void {
    if (!this.live || this.reading) return;
    this.reading = true;
    this.feed(NOTHING);
    if (this.reading && this.live) this.socket.resume();
  }

  /** Looks whether a time limit has passed; called by the port now and then. */
  checkDeadline(nowMs: number): void {
    if (nowMs < this.deadlineMs) return;
    this.host.stats.dropped++;
    if (this.state === 'closing') this.destroy('does not read its last reply');
    else if (this.state === 'open') this.refuse('a frame was begun and not finished in time');
    else {
      this.host.stats.sessionlessExpired++;
      this.refuse('no connect request in time');
    }
  }

  private open(chunk: Buffer): void {
    const bytes = this.first.length === 0 ? chunk : Buffer.concat([this.first, chunk]);
    if (bytes.length < 4) {
      this.first = bytes;
      return;
    }
    const word = fourLetterWord(bytes.readInt32BE(0));
    if (word === undefined) {
      this.first = NOTHING;
      this.state = 'connecting';
      this.feed(bytes);
    } else if (word === 'stmk' && bytes.length < STMK_BYTES) {
      this.state = 'word';
      this.first = bytes;
    } else {
      this.first = NOTHING;
      this.answerWord(word, word === 'stmk' ? bytes.subarray(4, STMK_BYTES) : NOTHING);
    }
  }

  private answerWord(word: FourLetterWord, more: Buffer): void {
    const { host } = this;
    this.stats.received++;
    host.stats.packetsReceived++;
    this.stopReading();
    if (host.events.on['command.four-letter']) {
      host.events.emit('command.four-letter', { word, remote: this.remote });
    }
    const text = answerWord(host.service, host.options.allowedWords, this, word, more);
    if (text !== undefined && text !== '') {
      const bytes = Buffer.from(text, 'utf8');
      host.stats.bytesSent += bytes.length;
      host.stats.packetsSent++;
      this.socket.write(bytes);
    }
    this.close(`answered ${word}`);
  }

  private feed(chunk: Buffer): void {
    if (!this.reading && chunk.length === 0) return;
    this.feeding = true;
    try {
      // A stop that is over by the time the call returns (a session set up at once) goes on here.
      do {
        this.splitter.feed(chunk, this.take);
        chunk = NOTHING;
      } while (this.splitter.stopped && this.mayRead());
    } catch (thrown) {
      if (!(thrown instanceof JuteError)) throw thrown;
      this.badInput(thrown.message);
    } finally {
      this.feeding = false;
    }
    if (this.dirty) this.flush();
    if (this.live) this.afterFeed();
  }

  private afterFeed(): void {
    if (!this.mayRead()) this.stopReading();
    if (this.state !== 'open') return;
    if (!this.splitter.midFrame || !this.reading) this.deadlineMs = Number.POSITIVE_INFINITY;
    else if (this.tookFrame || this.deadlineMs === Number.POSITIVE_INFINITY) {
      this.deadlineMs = this.host.nowMs + this.host.options.frameTimeoutMs;
    }
    this.tookFrame = false;
  }

  private readonly take: FrameSink = (bytes, start, end) => {
    this.tookFrame = true;
    this.stats.received++;
    this.host.stats.packetsReceived++;
    if (this.state === 'open') {
      this.host.service.request(this, bytes, start, end);
      this.flushIfLarge();
    } else if (!this.askedToConnect) this.takeConnect(bytes, start, end);
    return this.mayRead();
  };

  private takeConnect(bytes: Buffer, start: number, end: number): void {
    const reader = new JuteReader(bytes, start, end, this.host.options.frameBytesMax);
    const request = ConnectRequest.read(reader);
    this.clientName = nameIn(reader);
    this.askedToConnect = true;
    this.oldClient = request.readOnly === undefined;
    this.readOnly = request.readOnly ?? false;
    this.deadlineMs = Number.POSITIVE_INFINITY;
    const { service, stats } = this.host;
    stats.connectRequests++;
    if (request.sessionId !== 0n) stats.revalidations++;
    if (service.serving) service.connect(this, request);
    else {
      stats.notServing++;
      this.destroy('the server is not serving');
    }
  }

  /** Whether the next frame may be looked at now. */
  private mayRead(): boolean {
    if (this.state !== 'open') return this.state === 'connecting' && !this.askedToConnect;
    if (this.host.overloaded && this.outstanding > 0) return false;
    return this.socket.pendingBytes <= UNREAD_PAUSE_BYTES;
  }

  private stopReading(): void {
    if (!this.reading) return;
    this.reading = false;
    this.socket.pause();
    if (this.state !== 'open') return;
    const { host, outstanding } = this;
    host.stats.throttled++;
    const unread = this.socket.pendingBytes > UNREAD_PAUSE_BYTES;
    if (host.events.on['connection.throttled']) {
      const limit = unread ? 'unread output' : 'outstanding requests';
      host.events.emit('connection.throttled', { connection: this.id, outstanding, limit });
    }
    if (!unread) host.readSoon(this);
  }

  private badInput(message: string): void {
    const { host } = this;
    host.stats.dropped++;
    if (host.events.on['connection.bad-input']) {
      host.events.emit('connection.bad-input', { connection: this.id, remote: this.remote, message });
    }
    this.destroy(`bad input: ${message}`);
  }

  private refuse(limit: string): void {
    const { host } = this;
    if (host.events.on['connection.refused']) {
      host.events.emit('connection.refused', { remote: this.remote, limit, value: 0 });
    }
    this.destroy(limit);
  }

  drained(): void {
    if (this.state !== 'open') return;
    this.host.service.drained(this);
    if (!this.reading) this.host.readSoon(this);
  }

  ended(): void {
    if (this.state !== 'closing') this.close('the client closed the connection');
  }

  closed(error: Error | undefined): void {
    if (this.state === 'closed') return;
    const { host } = this;
    const reason = this.release(error);
    host.gone(this);
    if (host.events.on['connection.closed']) {
      host.events.emit('connection.closed', {
        connection: this.id,
        remote: this.remote,
        session: this.sessionId,
        reason,
      });
    }
    if (this.askedToConnect) host.service.closed(this);
  }
}

/** The name behind a connect request; other bytes there are passed over, as they always were. */
function nameIn(reader: JuteReader): string {
  const { remaining } = reader;
  if (remaining < 4 || remaining > 4 + CLIENT_NAME_BYTES_MAX) return '';
  try {
    return ConnectName.read(reader).clientName;
  } catch (thrown) {
    if (thrown instanceof JuteError) return '';
    throw thrown;
  }
}
