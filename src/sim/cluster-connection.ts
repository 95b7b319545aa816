/**
 * One simulated TCP connection: two ends, and a pipe each way. Inside a pipe no byte is lost or overtakes
 * another; what a link does not let through is kept, and sent again when it does. A connection that is stuck
 * for too long is given up by the end that has bytes to send; the other end hears of it when it sends
 * something itself.
 */
import type { Prng } from '../base/prng.ts';
import type { Socket, SocketHandler } from '../ports/net.ts';
import type { Fingerprint } from './fingerprint.ts';
import type { ProcessLoop } from './host-loop.ts';
import type { LinkState } from './link-faults.ts';
import type { Schedule } from './schedule.ts';

/** What connections use of the network around them. */
export interface Wires {
  readonly schedule: Schedule;
  readonly random: Prng;
  readonly fingerprint: Fingerprint;
  /** One-way latency of an untroubled link: at least, and how much more by chance, ms. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** A pipe that is stuck this long ends its connection, ms. */
  readonly giveUpMs: number;
  /** Bytes the two kernels keep between them. */
  readonly windowBytes: number;
  hostIsUp(host: string): boolean;
  /** What the faults make of a link now. */
  stateOf(from: string, to: string, port: number): LinkState;
  /** An end is finished. */
  gone(end: ConnectionEnd): void;
}

type Segment = Buffer | 'fin' | 'rst';

/** Lost packets are sent again after up to this long, ms. */
const RESEND_MS = 250;
const DRIP_PIECES_MAX = 8;

/** Where an end is. */
export interface EndPlace {
  /** The host's name. */
  readonly host: string;
  readonly address: string;
  readonly port: number;
}

/** One end of a connection, as a process sees it. */
export class ConnectionEnd implements Socket {
  readonly place: EndPlace;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** The port of the listening side. */
  readonly service: number;
  handler: SocketHandler | undefined;
  /** What the faults make of the link from here to the peer. */
  link: LinkState;
  private readonly wires: Wires;
  /** The process it belongs to. */
  readonly loop: ProcessLoop;
  private other!: ConnectionEnd;
  // Sending.
  private kept: Buffer[] = [];
  private keptBytes = 0;
  private unread = 0;
  private wantsEnd = false;
  private sentEnd = false;
  /** Sent, and not let through. */
  private held: Segment[] = [];
  private lastArrival = 0;
  private stuckSince = -1;
  private unconfirmedSince = -1;
  /** What was held is lost: nothing behind it may arrive any more. */
  private broken = false;
  // Receiving.
  private incoming: Buffer[] = [];
  private paused = false;
  private peerEnded = false;
  private toldEnd = false;
  private finished = false;
  private vanished = false;

  constructor(
    wires: Wires,
    loop: ProcessLoop,
    own: EndPlace,
    far: EndPlace,
    service: number,
    link: LinkState,
  ) {
    this.wires = wires;
    this.loop = loop;
    this.place = own;
    this.localAddress = own.address;
    this.localPort = own.port;
    this.remoteAddress = far.address;
    this.remotePort = far.port;
    this.service = service;
    this.link = link;
  }

  /** Ties two ends together; the first bytes to `client` arrive no sooner than it knows of the connection. */
  static join(client: ConnectionEnd, server: ConnectionEnd, clientOpensAt: number): void {
    client.other = server;
    server.other = client;
    server.lastArrival = clientOpensAt;
  }

  get peer(): ConnectionEnd {
    return this.other;
  }

  get pendingBytes(): number {
    return this.keptBytes;
  }

  /** Neither side can be heard any more. */
  get isGone(): boolean {
    return this.finished;
  }

  write(bytes: Buffer): boolean {
    if (this.finished || this.wantsEnd || bytes.length === 0) return true;
    // More than the window at once goes out too, once nothing is under way: nothing else would ask for it.
    const fits = this.unread === 0 || this.unread + bytes.length <= this.wires.windowBytes;
    if (this.keptBytes === 0 && fits) {
      // The kernel copies: the writer may use its buffer again.
      this.transmit(Buffer.from(bytes));
      return true;
    }
    this.kept.push(bytes);
    this.keptBytes += bytes.length;
    return false;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.loop.deliver(() => this.hand());
  }

  end(): void {
    if (this.wantsEnd || this.finished) return;
    this.wantsEnd = true;
    this.resume();
    this.sendEnd();
  }

  destroy(): void {
    if (this.finished) return;
    this.finish(undefined);
    // What had not been read, or a linger of 0, makes it a reset; else the peer reads an end.
    if (this.sentEnd || this.wires.random.chance(0.5)) this.transmit('rst');
    else this.transmit('fin');
    this.sentEnd = true;
  }

  /** The host lost its power: it knows nothing of the connection any more, and says nothing. */
  vanish(): void {
    this.vanished = true;
    this.finished = true;
    this.dropHeld();
    this.wires.gone(this);
  }

  /** Resets both ends, as a broken middlebox does. */
  reset(): void {
    this.hear('rst');
    this.other.hear('rst');
  }

  /** The link's state has changed, or the peer's host is up again: what was held may get through. */
  release(): void {
    if (this.held.length === 0 || this.blocked) return;
    const { schedule } = this.wires;
    const at = Math.max(this.lastArrival, schedule.now + this.delay() + this.wires.random.next() * RESEND_MS);
    this.lastArrival = at;
    schedule.at(at, () => {
      if (this.blocked) return;
      const { held } = this;
      this.held = [];
      this.stuckSince = -1;
      for (const segment of held) this.other.hear(segment);
    });
  }

  private get blocked(): boolean {
    return this.link.blocked || this.link.stalled || !this.wires.hostIsUp(this.other.place.host);
  }

  private delay(): number {
    const { latencyMs, jitterMs, random } = this.wires;
    if (this.place.host === this.other.place.host) return 0.02;
    const { delayMs, lossOneIn } = this.link;
    let ms = latencyMs + random.next() * jitterMs;
    if (delayMs > 0) ms += delayMs * (0.5 + random.next() / 2);
    for (let again = RESEND_MS; lossOneIn > 0 && random.below(lossOneIn) === 0; again *= 2) {
      ms += again;
      if (again > this.wires.giveUpMs) break;
    }
    return ms;
  }

  /** Hands something to the network. */
  private transmit(segment: Segment): void {
    if (segment instanceof Buffer) {
      this.unread += segment.length;
      if (this.link.breaks && this.place.host !== this.other.place.host) {
        this.breakAfter(segment);
        return;
      }
      if (this.link.dripMs > 0 && segment.length > 1) {
        this.drip(segment);
        return;
      }
    }
    this.send(segment, this.delay());
  }

  private send(segment: Segment, delay: number): void {
    const { schedule } = this.wires;
    const at = Math.max(this.lastArrival, schedule.now + delay);
    this.lastArrival = at;
    schedule.at(at, () => this.arrive(segment));
  }

  private drip(bytes: Buffer): void {
    const pieces = Math.min(DRIP_PIECES_MAX, bytes.length);
    const size = Math.ceil(bytes.length / pieces);
    for (let at = 0; at < bytes.length; at += size) {
      this.send(bytes.subarray(at, at + size), this.delay() + this.link.dripMs * (at / size));
    }
  }

  private breakAfter(bytes: Buffer): void {
    const part = this.wires.random.below(bytes.length);
    if (part > 0) this.send(bytes.subarray(0, part), this.delay());
    const at = Math.max(this.lastArrival, this.wires.schedule.now + this.delay());
    this.lastArrival = at;
    this.wires.schedule.at(at, () => this.reset());
  }

  private arrive(segment: Segment): void {
    if (this.broken) return;
    if (this.held.length === 0 && !this.blocked) {
      this.other.hear(segment);
      if (this.other.link.blocked) this.awaitConfirmation();
      return;
    }
    this.held.push(segment);
    if ((this.link.stalled && !this.link.blocked) || this.stuckSince >= 0) return;
    const { schedule, giveUpMs } = this.wires;
    const since = schedule.now;
    this.stuckSince = since;
    schedule.at(since + giveUpMs, () => {
      if (this.stuckSince === since && this.held.length > 0) this.giveUp();
    });
  }

  /** What was sent arrives, but the word of it does not come back. */
  private awaitConfirmation(): void {
    if (this.unconfirmedSince >= 0) return;
    const { schedule, giveUpMs } = this.wires;
    this.unconfirmedSince = schedule.now;
    schedule.at(schedule.now + giveUpMs, () => {
      this.unconfirmedSince = -1;
      if (this.other.link.blocked && !this.finished) this.giveUp();
    });
  }

  private dropHeld(): void {
    if (this.held.length > 0) this.broken = true;
    this.held = [];
  }

  private giveUp(): void {
    this.dropHeld();
    if (!this.finished) this.finish(Object.assign(new Error('connection timed out'), { code: 'ETIMEDOUT' }));
  }

  /** Something arrives at this end's host. */
  private hear(segment: Segment): void {
    const { fingerprint, schedule } = this.wires;
    fingerprint.add(schedule.now * 1000);
    fingerprint.add(segment instanceof Buffer ? segment.length : -1);
    if (this.finished) {
      // Nobody is there: whoever sends hears so. An end that meets an end is a farewell.
      if (segment instanceof Buffer || (segment === 'fin' && this.vanished)) this.refuse();
      return;
    }
    if (segment === 'rst') {
      this.finish(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
      return;
    }
    if (segment === 'fin') this.peerEnded = true;
    else this.incoming.push(segment);
    this.loop.deliver(() => this.hand());
  }

  private refuse(): void {
    const { other, wires } = this;
    // Nobody keeps the link of an end that is gone up to date.
    this.link = wires.stateOf(this.place.host, other.place.host, this.service);
    if (other.finished || this.link.blocked || !wires.hostIsUp(other.place.host)) return;
    wires.schedule.at(wires.schedule.now + this.delay(), () => {
      if (!other.finished) other.hear('rst');
    });
  }

  /** In the process's turn: hands on what has arrived. */
  private hand(): void {
    const { handler } = this;
    if (this.finished || this.paused || handler === undefined) return;
    const chunk = this.incoming.shift();
    if (chunk !== undefined) {
      handler.data(chunk);
      this.other.read(chunk.length);
      if (this.incoming.length > 0 || this.peerEnded) this.loop.deliver(() => this.hand());
      return;
    }
    if (!this.peerEnded || this.toldEnd) return;
    this.toldEnd = true;
    handler.ended();
    this.closeIfBothEnded();
  }

  /** The peer has read that much: there is room for more. */
  private read(bytes: number): void {
    this.unread -= bytes;
    if (this.keptBytes === 0 || this.finished) return;
    while (this.kept.length > 0 && this.unread < this.wires.windowBytes) {
      const next = this.kept.shift() as Buffer;
      this.keptBytes -= next.length;
      this.transmit(Buffer.from(next));
    }
    if (this.keptBytes > 0) return;
    this.loop.deliver(() => {
      if (!this.finished) this.handler?.drained();
    });
    this.sendEnd();
  }

  private sendEnd(): void {
    if (!this.wantsEnd || this.sentEnd || this.keptBytes > 0 || this.finished) return;
    this.sentEnd = true;
    this.transmit('fin');
    this.loop.deliver(() => this.closeIfBothEnded());
  }

  private closeIfBothEnded(): void {
    if (this.sentEnd && this.toldEnd && !this.finished) this.finish(undefined);
  }

  private finish(error: Error | undefined): void {
    this.finished = true;
    this.kept = [];
    this.keptBytes = 0;
    this.incoming = [];
    this.wires.gone(this);
    this.loop.deliver(() => this.handler?.closed(error));
  }
}
