import { get32, get64 } from '../../base/halves.ts';
import { hostPort } from '../../base/host-port.ts';
import { invariant } from '../../base/invariant.ts';
import type { JuteWriter } from '../../jute/writer.ts';
import type { Socket } from '../../ports/net.ts';
import { OP, opName, XID } from '../../protocol/opcodes.ts';
import type { OutputHost } from './link-host.ts';
import { LinkStats } from './traffic-stats.ts';

/**
 * Where a connection is in its life: `opening` until it has told what it is, `word` while the mask of `stmk`
 * is to come, `connecting` until its session stands, `open`, `closing` while the last output leaves,
 * `closed`.
 */
export type LinkState = 'opening' | 'word' | 'connecting' | 'open' | 'closing' | 'closed';

/** Operations whose latency counts as that of an update. */
const isUpdate = (op: number): boolean => {
  switch (op) {
    case OP.create:
    case OP.create2:
    case OP.createContainer:
    case OP.createTTL:
    case OP.delete:
    case OP.setData:
    case OP.setACL:
    case OP.multi:
    case OP.reconfig:
    case OP.closeSession:
      return true;
    default:
      return false;
  }
};

/** Output gathered beyond this is handed to the socket without waiting for the end of the turn. */
const FLUSH_BYTES = 256 * 1024;
/**
 * A connection with this much unread output is not read from, nor are its waiting reads answered, until the
 * output has left.
 */
export const UNREAD_PAUSE_BYTES = 1024 * 1024;

/** A connection that was closed may take this long to read its last reply. */
const CLOSING_TIMEOUT_MS = 5_000;

/**
 * The half of a connection that writes: frames gathered over a turn, closing, and what is known of the peer.
 */
export abstract class LinkOutput {
  /** Unique within the process. */
  readonly id: number;
  /** Without brackets, IPv4 where the connection is IPv4. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** When it was accepted, ms since 1970. */
  readonly establishedMs: number;
  readonly stats = new LinkStats();
  /** Requests taken in and not answered. */
  outstanding = 0;
  /** Bytes of those requests. */
  outstandingBytes = 0;
  state: LinkState = 'opening';
  /** The session that it serves; 0 before it stands. */
  abstract sessionId: bigint;

  protected readonly host: OutputHost;
  protected readonly socket: Socket;
  protected deadlineMs: number;
  /** Set while bytes that arrived are looked at; output then leaves when all of them have been. */
  protected feeding = false;
  protected dirty = false;
  protected out: JuteWriter | undefined;
  private frameStart = -1;
  private whyClosed = '';
  /** The most that was handed to the socket at once since it was last empty. */
  private largestPending = 0;

  constructor(host: OutputHost, id: number, socket: Socket, wallMs: number) {
    this.host = host;
    this.id = id;
    this.socket = socket;
    this.remoteAddress = socket.remoteAddress;
    this.remotePort = socket.remotePort;
    this.establishedMs = wallMs;
    this.deadlineMs = host.nowMs + host.options.connectRequestTimeoutMs;
  }

  /** `address:port`, brackets around IPv6. */
  get remote(): string {
    return hostPort(this.remoteAddress, this.remotePort);
  }

  /** True until the connection is closed by either side: replies are of use. */
  get live(): boolean {
    return this.state !== 'closing' && this.state !== 'closed';
  }

  /** Output written and not taken by the kernel, bytes. */
  get unreadBytes(): number {
    return this.socket.pendingBytes + (this.out?.pos ?? 0);
  }

  /** True while the client is behind with reading: more answers should wait for `drained` of the service. */
  get congested(): boolean {
    this.flushIfLarge();
    return this.live && this.socket.pendingBytes > UNREAD_PAUSE_BYTES;
  }

  protected flushIfLarge(): void {
    if (this.out !== undefined && this.out.pos >= FLUSH_BYTES) this.flush();
  }

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
    const { stats } = this.host;
    this.stats.sent++;
    stats.packetsSent++;
    if (get32(out.buf, frameStart + 4) === XID.notification) stats.watchBytes += end - frameStart - 4;
    if (!this.dirty) {
      this.dirty = true;
      if (!this.feeding) this.host.flushSoon(this);
    }
  }

  /**
   * Ends a frame that is the reply to a request of operation `op` that arrived at `arrivedMs`, at `nowMs`
   * (both monotonic); keeps the statistics of `cons`, `stat` and `mntr`. The payload must start with a reply
   * header.
   */
  endReply(op: number, arrivedMs: number, nowMs: number): void {
    const { out, frameStart } = this;
    invariant(out !== undefined && frameStart >= 0, 'a frame was begun');
    const { buf } = out;
    const { stats } = this.host;
    const err = get32(buf, frameStart + 16);
    const update = isUpdate(op);
    stats.addResponse(out.pos - frameStart - 4);
    (update ? stats.updateLatency : stats.readLatency).add(nowMs - arrivedMs);
    if (op === OP.auth && err !== 0) stats.authFailures++;
    const xid = get32(buf, frameStart + 4);
    // As in Apache, a write that failed leaves no name behind.
    const shownOp = update && err !== 0 ? 0 : op;
    this.noteReply(shownOp, xid, get32(buf, frameStart + 8), get32(buf, frameStart + 12), arrivedMs, nowMs);
    if (this.host.events.on['request.replied']) {
      this.tellReplied(op, xid, get64(buf, frameStart + 8), err, arrivedMs);
    }
    this.endFrame();
  }

  /** Tells that a request was answered; `endReply` does, for all that have a reply of their own. */
  tellReplied(op: number, cxid: number, zxid: bigint, err: number, arrivedMs: number): void {
    const { events } = this.host;
    if (!this.live || !events.on['request.replied']) return;
    const { sessionId: session } = this;
    const ms = this.host.now() - arrivedMs;
    events.emit('request.replied', { session, cxid, op: opName(op) ?? String(op), zxid, err, ms });
  }

  /**
   * Counts an answer in the statistics; for a new session, whose answer is no reply (xid 0, op
   * createSession).
   */
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
    const { recent } = host.stats;
    if (recent !== undefined && --recent.gap < 0) recent.take(host.now() - arrivedMs);
    if (op === OP.createSession) host.stats.updateLatency.add(nowMs - arrivedMs);
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
    if (unread === 0) this.largestPending = 0;
    // One answer may by itself be larger than the limit; who is still taking that one is no slow reader.
    if (unread > this.host.options.unreadBytesMax + this.largestPending) {
      this.dropSlowReader(unread + out.pos);
      return;
    }
    this.largestPending = Math.max(this.largestPending, out.pos);
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
    this.host.answered(1, bytes, this.outstanding === 0);
  }

  /** The socket is gone: gives back what the link holds of the port. Answers why, in words. */
  protected release(error: Error | undefined): string {
    const { host } = this;
    this.state = 'closed';
    if (this.out !== undefined && this.frameStart < 0) {
      host.pool.give(this.out);
      this.out = undefined;
    }
    host.answered(this.outstanding, this.outstandingBytes, true);
    this.outstanding = 0;
    this.outstandingBytes = 0;
    return this.whyClosed !== '' ? this.whyClosed : (error?.message ?? 'the client closed the connection');
  }
}
