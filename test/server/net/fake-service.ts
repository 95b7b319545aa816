import { Bus } from '../../../src/events/bus.ts';
import { EVENT_NAMES, type ZktEvent } from '../../../src/events/table.ts';
import { encode } from '../../../src/jute/schema.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Socket, SocketHandler } from '../../../src/ports/net.ts';
import type { Timer, Timers } from '../../../src/ports/timers.ts';
import type { FourLetterWord } from '../../../src/protocol/four-letter.ts';
import { ConnectRequest, ReplyHeader, RequestHeader } from '../../../src/protocol/messages.ts';
import type { ClientLink } from '../../../src/server/net/client-link.ts';
import { ClientPort } from '../../../src/server/net/client-port.ts';
import {
  CLIENT_PORT_DEFAULTS,
  type ClientPortOptions,
  type ClientService,
} from '../../../src/server/net/client-service.ts';
import { MemoryNet } from '../../../src/sim/net.ts';

/** Time that moves when told. */
export class HandClock implements Clock, Timers {
  private nowMs = 1000;
  private readonly sleeping = new Set<{ at: number; every: number; fn: () => void }>();
  private turn: (() => void)[] = [];
  monotonicMs = (): number => this.nowMs;
  wallMs = (): number => 1_700_000_000_000 + this.nowMs;
  after(ms: number, fn: () => void): Timer {
    const entry = { at: this.nowMs + ms, every: 0, fn };
    this.sleeping.add(entry);
    return { cancel: () => this.sleeping.delete(entry) };
  }
  every(ms: number, fn: () => void): Timer {
    const entry = { at: this.nowMs + ms, every: ms, fn };
    this.sleeping.add(entry);
    return { cancel: () => this.sleeping.delete(entry) };
  }
  soon(fn: () => void): void {
    this.turn.push(fn);
  }
  /** Ends the turn: what was asked for `soon`. */
  endTurn(): boolean {
    const due = this.turn;
    this.turn = [];
    for (const fn of due) fn();
    return due.length > 0;
  }
  pass(ms: number): void {
    const end = this.nowMs + ms;
    for (;;) {
      const due = [...this.sleeping].filter((e) => e.at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.nowMs = Math.max(this.nowMs, due.at);
      if (due.every > 0) due.at += due.every;
      else this.sleeping.delete(due);
      due.fn();
    }
    this.nowMs = end;
  }
}

/** Answers connect requests at once or when told, and every request with its xid; keeps what it saw. */
export class EchoService implements ClientService<ClientLink> {
  serving = true;
  /** How a connect request is answered. */
  connects: 'at once' | 'later' | 'never' = 'at once';
  /** Requests stay unanswered while this is set. */
  holds = false;
  /** Bytes of body of each reply. */
  replyBytes = 0;
  readonly requests: { link: ClientLink; xid: number; bytes: number }[] = [];
  readonly connectRequests: ConnectRequest[] = [];
  readonly links: ClientLink[] = [];
  readonly closedLinks: ClientLink[] = [];
  more: Buffer | undefined;

  connect(link: ClientLink, request: ConnectRequest): void {
    this.links.push(link);
    this.connectRequests.push(request);
    if (this.connects === 'at once') this.answerConnect(link);
  }
  answerConnect(link: ClientLink): void {
    link.sessionId = 7n;
    link.sendConnectResponse({
      protocolVersion: 0,
      timeOut: 4000,
      sessionId: 7n,
      passwd: Buffer.alloc(16),
      readOnly: false,
    });
  }
  request(link: ClientLink, bytes: Buffer, start: number, end: number): void {
    const request = { link, xid: bytes.readInt32BE(start), bytes: end - start };
    this.requests.push(request);
    if (this.holds) link.began(request.bytes);
    else this.reply(link, request.xid);
  }
  reply(link: ClientLink, xid: number): void {
    const out = link.beginFrame();
    ReplyHeader.write(out, { xid, zxid: 0x1_0000_0002n, err: 0 });
    if (this.replyBytes > 0) out.writeRaw(Buffer.alloc(this.replyBytes));
    link.endReply(3, 1000, 1002);
  }
  /** Answers what is held, oldest first. */
  release(count = Number.POSITIVE_INFINITY): void {
    for (const { link, xid, bytes } of this.requests.splice(0, count)) {
      this.reply(link, xid);
      link.answered(bytes);
    }
  }
  drained(): void {}

  closed(link: ClientLink): void {
    this.closedLinks.push(link);
  }
  command(_link: ClientLink, word: FourLetterWord, more: Buffer): string | undefined {
    this.more = more;
    return word === 'ruok' ? 'imok' : `answer to ${word}\n`;
  }
}

/** A raw client: sends bytes, keeps what came. */
export class RawClient implements SocketHandler {
  socket: Socket | undefined;
  readonly chunks: Buffer[] = [];
  gone = false;
  ends = false;
  opened(socket: Socket): void {
    this.socket = socket;
  }
  data(chunk: Buffer): void {
    this.chunks.push(chunk);
  }
  drained(): void {}
  ended(): void {
    this.ends = true;
    this.socket?.end();
  }
  closed(): void {
    this.gone = true;
  }
  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
  get text(): string {
    return this.bytes.toString();
  }
  /** Payloads of the frames that came. */
  get frames(): Buffer[] {
    const all = this.bytes;
    const frames: Buffer[] = [];
    for (let at = 0; at + 4 <= all.length; ) {
      const length = all.readInt32BE(at);
      if (at + 4 + length > all.length) break;
      frames.push(all.subarray(at + 4, at + 4 + length));
      at += 4 + length;
    }
    return frames;
  }
  /** xids of the replies after the connect response. */
  get xids(): number[] {
    return this.frames.slice(1).map((f) => f.readInt32BE(0));
  }
}

/** A frame around a payload. */
export const frame = (payload: Buffer): Buffer => {
  const bytes = Buffer.alloc(4 + payload.length);
  bytes.writeInt32BE(payload.length, 0);
  payload.copy(bytes, 4);
  return bytes;
};

/** A connect request's frame; an old client's has no read-only flag. */
export const connectFrame = (old = false, readOnly = false): Buffer =>
  frame(
    encode(ConnectRequest, {
      protocolVersion: 0,
      lastZxidSeen: 0n,
      timeOut: 4000,
      sessionId: 0n,
      passwd: Buffer.alloc(16),
      readOnly: old ? undefined : readOnly,
    }),
  );

/** A request's frame: header, and that many bytes of body. */
export const requestFrame = (xid: number, bodyBytes = 0): Buffer =>
  frame(Buffer.concat([encode(RequestHeader, { xid, type: 3 }), Buffer.alloc(bodyBytes)]));

/** A client port on a network in memory, its service, and what it emitted. */
export class Bench {
  readonly net = new MemoryNet();
  readonly clock = new HandClock();
  readonly service = new EchoService();
  readonly events: ZktEvent[] = [];
  readonly port: ClientPort;

  constructor(options: Partial<ClientPortOptions> = {}) {
    const bus = new Bus('test', this.clock);
    bus.subscribe({ names: EVENT_NAMES, take: (event) => this.events.push(event) });
    const world = { net: this.net, clock: this.clock, timers: this.clock, events: bus };
    this.port = new ClientPort(
      { ...CLIENT_PORT_DEFAULTS, allowedWords: new Set(['*']), ...options },
      world,
      this.service,
    );
    this.port.listen(() => {});
    this.settle();
  }
  /** Runs the network and the ends of turns until nothing happens. */
  settle(): void {
    do this.net.settle();
    while (this.clock.endTurn());
  }
  /** A client that has sent those bytes. */
  client(bytes?: Buffer, from = '127.0.0.1'): RawClient {
    const client = new RawClient();
    this.net.connect({ host: '127.0.0.1', port: this.port.options.port }, client, from);
    this.settle();
    if (bytes !== undefined) this.send(client, bytes);
    return client;
  }
  /** Sends in pieces of `size`. */
  send(client: RawClient, bytes: Buffer, size = bytes.length): void {
    for (let at = 0; at < bytes.length; at += size) {
      client.socket?.write(bytes.subarray(at, at + size));
      this.settle();
    }
  }
  pass(ms: number): void {
    this.clock.pass(ms);
    this.settle();
  }
  named(name: string): ZktEvent[] {
    return this.events.filter((e) => e.name === name);
  }
}
