/**
 * One connection of the client port: bytes in, frames to the service; frames out, gathered over a turn of the loop.
 *
 * A connection starts by telling what it is: four bytes that spell a four-letter word, or the length of a connect
 * request. After a connect request nothing more is handed over until the session stands; then every frame is a request.
 */
import { get32 } from '../../base/halves.ts';
import { invariant } from '../../base/invariant.ts';
import type { Emitter } from '../../events/bus.ts';
import { type FrameSink, FrameSplitter } from '../../jute/frames.ts';
import { JuteError } from '../../jute/jute-error.ts';
import { JuteReader } from '../../jute/reader.ts';
import type { JuteWriter } from '../../jute/writer.ts';
import type { Socket, SocketHandler } from '../../ports/net.ts';
import type { Id } from '../../protocol/acl.ts';
import { type FourLetterWord, fourLetterWord } from '../../protocol/four-letter.ts';
import { ConnectRequest, ConnectResponse } from '../../protocol/messages.ts';
import type { ClientPortOptions, ClientService } from './client-service.ts';
import { answerWord } from './four-letter-gate.ts';
import type { OutputPool } from './output-pool.ts';
import { LinkStats, type PortStats } from './traffic-stats.ts';

/** What a link needs of the port it belongs to. */
export interface LinkHost {
  readonly options: ClientPortOptions;
  readonly service: ClientService;
  readonly events: Emitter;
  readonly stats: PortStats;
  readonly pool: OutputPool;
  /** Monotonic ms, sampled at least once a turn in which bytes arrive. */
  readonly nowMs: number;
  /** True while more requests, or bytes of requests, are in flight than allowed. */
  readonly overloaded: boolean;
  /** Samples the clock: `nowMs` from here on. */
  beginTurn(): void;
  /** The link has output for the end of this turn. */
  flushSoon(link: ClientLink): void;
  /** The link may go on reading when there is room. */
  readSoon(link: ClientLink): void;
  began(bytes: number): void;
  answered(requests: number, bytes: number): void;
  gone(link: ClientLink): void;
}

/**
 * Where a connection is in its life: `opening` until it has told what it is, `word` while the mask of `stmk` is to come,
 * `connecting` until its session stands, `open`, `closing` while the last output leaves, `closed`.
 */
export type LinkState = 'opening' | 'word' | 'connecting' | 'open' | 'closing' | 'closed';

const NOTHING = Buffer.alloc(0);
/** Bytes of `stmk` and its mask. */
const STMK_BYTES = 12;
/** Output gathered beyond this is handed to the socket without waiting for the end of the turn. */
const FLUSH_BYTES = 256 * 1024;
/** A connection with this much unread output is not read from until the output has left. */
const UNREAD_PAUSE_BYTES = 1024 * 1024;
/** A connection that was closed may take this long to read its last reply. */
const CLOSING_TIMEOUT_MS = 5_000;

/** One client connection. */
export class ClientLink implements SocketHandler {
  /** Unique within the process. */
  readonly id: number;
  /** Without brackets, IPv4 where the connection is IPv4. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** When it was accepted, ms since 1970. */
  readonly establishedMs: number;
  readonly stats = new LinkStats();
  /** Who the client is: its address, and what it proved since. */
  authIds: Id[];
  /** 0 before the session stands; set by the service. */
  sessionId = 0n;
  /** Granted session timeout, ms; set by the service. */
  timeoutMs = 0;
  /** True when the client accepts a read-only server. */
  readOnly = false;
  /** Requests taken in and not answered. */
  outstanding = 0;
  /** Bytes of those requests. */
  outstandingBytes = 0;
  /** For whatever else the service keeps with a connection. */
  attachment: unknown = undefined;
  state: LinkState = 'opening';

  private readonly host: LinkHost;
  private readonly socket: Socket;
  private readonly splitter: FrameSplitter;
  private out: JuteWriter | undefined;
  private frameStart = -1;
  private dirty = false;
  private reading = true;
  private feeding = false;
  private first: Buffer = NOTHING;
  /** The client's connect request had no read-only flag, so the response has none. */
  private oldClient = false;
  private deadlineMs: number;
  private whyClosed = '';

  constructor(host: LinkHost, id: number, socket: Socket, wallMs: number) {
    this.host = host;
    this.id = id;
    this.socket = socket;
    this.remoteAddress = socket.remoteAddress;
    this.remotePort = socket.remotePort;
    this.establishedMs = wallMs;
    this.authIds = [{ scheme: 'ip', id: socket.remoteAddress }];
    this.splitter = new FrameSplitter(host.options.frameBytesMax);
    this.deadlineMs = host.nowMs + host.options.connectRequestTimeoutMs;
  }

  /** `address:port`, brackets around IPv6. */
  get remote(): string {
    const { remoteAddress, remotePort } = this;
    return remoteAddress.includes(':')
      ? `[${remoteAddress}]:${remotePort}`
      : `${remoteAddress}:${remotePort}`;
  }

  /** True until the connection is closed by either side: replies are of use. */
  get live(): boolean {
    return this.state !== 'closing' && this.state !== 'closed';
  }

  /** True while bytes are taken from the socket. */
  get isReading(): boolean {
    return this.reading && this.live;
  }

  /** Output written and not taken by the kernel, bytes. */
  get unreadBytes(): number {
    return this.socket.pendingBytes + (this.out?.pos ?? 0);
  }

  // ---- output -------------------------------------------------------------------------------------------------

  /** Begins an outgoing frame: write its payload to the answer, then call `endFrame`. Frames do not nest. */
  beginFrame(): JuteWriter {
    invariant(this.frameStart < 0, 'one frame at a time is written to a link');
    let out = this.out;
    if (out === undefined) {
      out = this.host.pool.take();
      this.out = out;
    }
    this.frameStart = out.pos;
    out.reserve(4);
    out.pos += 4;
    return out;
  }

  /** Ends the frame; it leaves at the end of this turn. On a closed link it is dropped. */
  endFrame(): void {
    const { out, frameStart } = this;
    invariant(out !== undefined && frameStart >= 0, 'a frame was begun');
    this.frameStart = -1;
    if (!this.live) {
      out.pos = frameStart;
      if (frameStart === 0) {
        this.out = undefined;
        this.host.pool.give(out);
      }
      return;
    }
    const end = out.pos;
    out.pos = frameStart;
    out.writeInt(end - frameStart - 4);
    out.pos = end;
    this.stats.sent++;
    this.host.stats.packetsSent++;
    if (!this.dirty) {
      this.dirty = true;
      if (!this.feeding) this.host.flushSoon(this);
    }
  }

  /**
   * Ends a frame that is the reply to a request of operation `op` that arrived at `arrivedMs`, at `nowMs` (both
   * monotonic); keeps the statistics of `cons`, `stat` and `mntr`. The payload must start with a reply header.
   */
  endReply(op: number, arrivedMs: number, nowMs: number): void {
    const { out, frameStart } = this;
    invariant(out !== undefined && frameStart >= 0, 'a frame was begun');
    const { buf } = out;
    this.host.stats.addResponse(out.pos - frameStart - 4);
    this.noteReply(
      op,
      get32(buf, frameStart + 4),
      get32(buf, frameStart + 8),
      get32(buf, frameStart + 12),
      arrivedMs,
      nowMs,
    );
    this.endFrame();
  }

  /** Counts an answer in the statistics; for a new session, whose answer is no reply (xid 0, op createSession). */
  noteReply(
    op: number,
    xid: number,
    zxidHigh: number,
    zxidLow: number,
    arrivedMs: number,
    nowMs: number,
  ): void {
    const { stats, host } = this;
    stats.lastCxid = xid;
    stats.lastOp = op;
    stats.lastZxidHigh = zxidHigh;
    stats.lastZxidLow = zxidLow;
    stats.lastResponseMs = nowMs;
    stats.latency.add(nowMs - arrivedMs);
    host.stats.latency.add(nowMs - arrivedMs);
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

  /** Hands the gathered output to the socket; called by the port at the end of a turn. */
  flush(): void {
    const { out } = this;
    this.dirty = false;
    if (out === undefined) return;
    if (out.pos === 0 || this.state === 'closed') {
      this.out = undefined;
      this.host.pool.give(out);
      return;
    }
    const unread = this.socket.pendingBytes;
    if (unread > this.host.options.unreadBytesMax) {
      this.dropSlowReader(unread + out.pos);
      return;
    }
    this.out = undefined;
    this.host.stats.bytesSent += out.pos;
    if (this.socket.write(out.bytes())) this.host.pool.give(out);
  }

  /** Closes after what was written has left. Further output is dropped, further input not looked at. */
  close(reason: string): void {
    if (!this.live) return;
    this.whyClosed = reason;
    this.flush();
    if (!this.live) return;
    this.state = 'closing';
    this.deadlineMs = this.host.nowMs + CLOSING_TIMEOUT_MS;
    this.socket.end();
  }

  /** Closes now; what is not sent is lost. */
  destroy(reason: string): void {
    if (this.state === 'closed') return;
    if (this.whyClosed === '') this.whyClosed = reason;
    this.state = 'closing';
    this.socket.destroy();
  }

  private dropSlowReader(bytes: number): void {
    const { host } = this;
    host.stats.dropped++;
    if (host.events.on['connection.slow-reader']) {
      host.events.emit('connection.slow-reader', { connection: this.id, remote: this.remote, bytes });
    }
    this.destroy('does not read its replies');
  }

  // ---- accounting -----------------------------------------------------------------------------------------------

  /** A request of that many bytes was taken in and will be answered later. */
  began(bytes: number): void {
    this.outstanding++;
    this.outstandingBytes += bytes;
    this.host.began(bytes);
  }

  /** It was answered, or dropped. */
  answered(bytes: number): void {
    if (this.state === 'closed') return;
    this.outstanding--;
    this.outstandingBytes -= bytes;
    this.host.answered(1, bytes);
  }

  // ---- input ----------------------------------------------------------------------------------------------------

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
    else this.refuse('no connect request in time');
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

  /** A frame ended since the deadline of a started frame was last looked at. */
  private tookFrame = false;

  private readonly take: FrameSink = (bytes, start, end) => {
    this.tookFrame = true;
    this.stats.received++;
    this.host.stats.packetsReceived++;
    if (this.state === 'open') {
      this.host.service.request(this, bytes, start, end);
      if (this.out !== undefined && this.out.pos >= FLUSH_BYTES) this.flush();
    } else if (!this.askedToConnect) this.takeConnect(bytes, start, end);
    return this.mayRead();
  };

  /** The connect request was handed over. */
  private askedToConnect = false;

  private takeConnect(bytes: Buffer, start: number, end: number): void {
    const request = ConnectRequest.read(new JuteReader(bytes, start, end, this.host.options.frameBytesMax));
    this.askedToConnect = true;
    this.oldClient = request.readOnly === undefined;
    this.readOnly = request.readOnly ?? false;
    this.deadlineMs = Number.POSITIVE_INFINITY;
    if (this.host.service.serving) this.host.service.connect(this, request);
    else this.destroy('the server is not serving');
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

  // ---- the socket's other words ---------------------------------------------------------------------------------

  drained(): void {
    if (this.state === 'open' && !this.reading) this.host.readSoon(this);
  }

  ended(): void {
    if (this.state !== 'closing') this.close('the client closed the connection');
  }

  closed(error: Error | undefined): void {
    if (this.state === 'closed') return;
    const { host } = this;
    const reason =
      this.whyClosed !== '' ? this.whyClosed : (error?.message ?? 'the client closed the connection');
    this.state = 'closed';
    if (this.out !== undefined && this.frameStart < 0) {
      host.pool.give(this.out);
      this.out = undefined;
    }
    host.answered(this.outstanding, this.outstandingBytes);
    this.outstanding = 0;
    this.outstandingBytes = 0;
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
