/**
 * One connection of a load: keeps up to `depth` requests in flight and times each. It is built to cost little
 * beside the server: replies are scanned in place for length, xid and error, requests are stamped from
 * templates, and a turn of the loop makes one write and asks the clock twice.
 */
import { get32 } from '../../base/halves.ts';
import { decode, encode } from '../../jute/schema.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Socket, SocketHandler } from '../../ports/net.ts';
import { ConnectRequest, ConnectResponse } from '../../protocol/messages.ts';
import { FrameBatch } from './frame-template.ts';

/** What is asked next. */
export interface RequestSource {
  /**
   * Appends a request and answers its kind, a small number that `Meter` is told; -1 when there is nothing to
   * ask.
   */
  next(batch: FrameBatch, xid: number): number;
}

/** Who is told of every answer. */
export interface Meter {
  answered(kind: number, ms: number, err: number): void;
}

/** Asks nothing. */
const NOTHING: RequestSource = { next: () => -1 };
const DEAF: Meter = { answered() {} };

/** Length prefix and reply header: xid, zxid, err. */
const HEAD_BYTES = 20;
const HEADER_BYTES = 16;
const PASSWORD_BYTES = 16;
const XID_MAX = 0x7fffffff;

/** The connection's end, or its session, as a promise would have it. */
export interface LoadConnectionListener {
  /** The session is granted. */
  opened(): void;
  /** All that was asked is answered, and there is nothing more to ask. */
  idle(): void;
  /** Gone; what was in flight has no answer. */
  lost(why: string): void;
}

/** See the top of the file. */
export class LoadConnection implements SocketHandler {
  private readonly clock: Clock;
  private readonly listener: LoadConnectionListener;
  private readonly sessionTimeoutMs: number;
  private readonly batch = new FrameBatch();
  private socket: Socket | undefined;
  private source = NOTHING;
  private meter = DEAF;
  private depth = 1;
  private sentAt = new Float64Array(2);
  private kinds = new Uint8Array(2);
  private first = 0;
  private inFlight = 0;
  private xid = 1;
  private expectedXid = 1;
  private greeted = false;
  private greeting: Buffer[] = [];
  private readonly head = Buffer.alloc(HEAD_BYTES);
  private headLength = 0;
  private bodyLeft = 0;
  private err = 0;
  private fault: string | undefined;
  /** False when it is gone. */
  alive = true;

  constructor(clock: Clock, sessionTimeoutMs: number, listener: LoadConnectionListener) {
    this.clock = clock;
    this.listener = listener;
    this.sessionTimeoutMs = sessionTimeoutMs;
  }

  /** Requests in flight. */
  get outstanding(): number {
    return this.inFlight;
  }

  /** The socket is open: asks for a session. */
  opened(socket: Socket): void {
    this.socket = socket;
    const request = encode(ConnectRequest, {
      protocolVersion: 0,
      lastZxidSeen: 0n,
      timeOut: this.sessionTimeoutMs,
      sessionId: 0n,
      passwd: Buffer.alloc(PASSWORD_BYTES),
      readOnly: false,
    });
    const length = Buffer.alloc(4);
    length.writeInt32BE(request.length);
    socket.write(Buffer.concat([length, request]));
  }

  /** Begins to ask: `depth` requests at a time, until the source has no more or `halt`. */
  ask(source: RequestSource, depth: number, meter: Meter): void {
    this.source = source;
    this.meter = meter;
    this.depth = depth;
    if (depth > this.sentAt.length) {
      this.sentAt = new Float64Array(depth);
      this.kinds = new Uint8Array(depth);
    }
    this.first = 0;
    if (this.alive) this.pump();
    if (this.inFlight === 0) this.listener.idle();
  }

  /** Asks nothing more; `idle` follows when what is in flight is answered. */
  halt(): void {
    this.source = NOTHING;
  }

  /** Sends what is pending, and closes. */
  close(): void {
    this.fault ??= 'closed';
    this.socket?.end();
  }

  data(chunk: Buffer): void {
    if (!this.greeted) {
      const rest = this.greet(chunk);
      if (rest === undefined) return;
      chunk = rest;
    }
    const before = this.inFlight;
    this.scan(chunk, this.clock.monotonicMs());
    if (this.inFlight === before || !this.alive) return;
    this.pump();
    if (this.inFlight === 0) this.listener.idle();
  }

  drained(): void {}

  ended(): void {
    this.fail('the server closed the connection');
  }

  closed(error: Error | undefined): void {
    if (!this.alive) return;
    this.alive = false;
    this.listener.lost(this.fault ?? error?.message ?? 'the connection was closed');
  }

  private fail(why: string): void {
    this.fault ??= why;
    this.socket?.destroy();
  }

  /** Takes the connect response; answers what follows it, undefined while it is incomplete or refused. */
  private greet(chunk: Buffer): Buffer | undefined {
    this.greeting.push(chunk);
    const all = this.greeting.length === 1 ? chunk : Buffer.concat(this.greeting);
    if (all.length < 4) return undefined;
    const end = 4 + all.readInt32BE(0);
    if (all.length < end) return undefined;
    this.greeting = [];
    this.greeted = true;
    if (decode(ConnectResponse, all.subarray(4, end)).timeOut <= 0) {
      this.fail('the server refused a session');
      return undefined;
    }
    this.listener.opened();
    return end === all.length ? undefined : all.subarray(end);
  }

  private scan(chunk: Buffer, now: number): void {
    const end = chunk.length;
    let at = 0;
    while (at < end) {
      if (this.bodyLeft > 0) {
        const take = Math.min(this.bodyLeft, end - at);
        at += take;
        this.bodyLeft -= take;
        if (this.bodyLeft === 0) this.answered(now);
        continue;
      }
      if (this.headLength === 0 && end - at >= HEAD_BYTES) {
        if (!this.begin(chunk, at)) return;
        at += HEAD_BYTES;
      } else {
        const take = Math.min(HEAD_BYTES - this.headLength, end - at);
        chunk.copy(this.head, this.headLength, at, at + take);
        at += take;
        this.headLength += take;
        if (this.headLength < HEAD_BYTES) return;
        this.headLength = 0;
        if (!this.begin(this.head, 0)) return;
      }
      if (this.bodyLeft === 0) this.answered(now);
    }
  }

  /** Reads length and header of a reply; false when they cannot be, and the connection is given up. */
  private begin(bytes: Buffer, at: number): boolean {
    const length = get32(bytes, at);
    if (length < HEADER_BYTES || this.inFlight === 0) {
      this.fail(`the server sent a reply of ${length} bytes to ${this.inFlight} requests`);
      return false;
    }
    if (get32(bytes, at + 4) !== this.expectedXid) {
      this.fail(`the server answered xid ${get32(bytes, at + 4)} where ${this.expectedXid} was next`);
      return false;
    }
    this.err = get32(bytes, at + 16);
    this.bodyLeft = length - HEADER_BYTES;
    return true;
  }

  private answered(now: number): void {
    const first = this.first;
    this.expectedXid = this.expectedXid === XID_MAX ? 1 : this.expectedXid + 1;
    this.first = first + 1 === this.depth ? 0 : first + 1;
    this.inFlight--;
    this.meter.answered(this.kinds[first] as number, now - (this.sentAt[first] as number), this.err);
  }

  private pump(): void {
    const { batch, depth, source } = this;
    const now = this.clock.monotonicMs();
    let slot = this.first + this.inFlight;
    if (slot >= depth) slot -= depth;
    while (this.inFlight < depth) {
      const kind = source.next(batch, this.xid);
      if (kind < 0) break;
      this.xid = this.xid === XID_MAX ? 1 : this.xid + 1;
      this.sentAt[slot] = now;
      this.kinds[slot] = kind;
      this.inFlight++;
      slot = slot + 1 === depth ? 0 : slot + 1;
    }
    if (batch.end === 0) return;
    const taken = (this.socket as Socket).write(batch.bytes.subarray(0, batch.end));
    batch.clear(!taken);
  }
}
