/**
 * One connection of the quorum port, from either side: packets in, packets out, and now and then a snapshot
 * between them.
 *
 * Output is gathered over a turn of the loop and leaves with one write. Who does not read is closed once too
 * much waits (`unsentBytesMax`); who sends bytes that are no packets, or is silent for longer than the read
 * timeout, is closed as well. Nothing of that reaches beyond this connection.
 *
 * Every packet between two servers goes through here once on either side: here they are counted, and told.
 */
import { hostPort } from '../../base/host-port.ts';
import type { Emitter } from '../../events/bus.ts';
import { JuteError } from '../../jute/jute-error.ts';
import { JuteWriter } from '../../jute/writer.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Socket, SocketHandler } from '../../ports/net.ts';
import type { Timer, Timers } from '../../ports/timers.ts';
import type { Id } from '../../protocol/acl.ts';
import { type PacketLimits, PacketParser, type PacketSink } from './packet-parser.ts';
import { PacketTraffic, STRANGER } from './packet-traffic.ts';

/** The limits of a connection. */
export interface PacketLinkLimits extends PacketLimits {
  /** Bytes that may wait to be sent before the peer counts as gone (`zkt.learnerQueueBytesMax`). */
  readonly unsentBytesMax: number;
}

/** The world a connection lives in. */
export interface PacketLinkWorld {
  readonly timers: Timers;
  readonly clock: Clock;
  readonly events: Emitter;
}

/**
 * What a connection tells its owner; never from inside a call of the owner's, `close` and `send` included.
 */
export interface PacketLinkHandler extends PacketSink {
  /**
   * `PacketSink.packet` and `raw` may throw `JuteError` for bytes that are not what they should be: the
   * connection is then closed, as it is for bytes that are no packet. Other errors are not caught.
   */
  packet(type: number, zxid: bigint, data: Buffer | null, authinfo: readonly Id[] | null): void;
  /** What had to wait has been sent. */
  drained(): void;
  /** Gone, and why, in words; said once, the last word. */
  closed(why: string): void;
}

/** Beyond jute.maxbuffer: the header of a log entry and its digest, or of a forwarded request. */
const DATA_SLACK_BYTES = 64 * 1024;
/** 12 bytes a session. */
const PING_BYTES_MAX = 8 * 1024 * 1024;
const AUTHINFO_MAX = 1_000;
const UNSENT_BYTES_MAX = 64 * 1024 * 1024;

/** The limits that follow from `jute.maxbuffer`. */
export function packetLinkLimits(juteMaxBuffer: number, unsentBytesMax = UNSENT_BYTES_MAX): PacketLinkLimits {
  return {
    dataBytesMax: juteMaxBuffer + DATA_SLACK_BYTES,
    pingBytesMax: Math.max(PING_BYTES_MAX, juteMaxBuffer),
    authinfoMax: AUTHINFO_MAX,
    authinfoBytesMax: juteMaxBuffer + DATA_SLACK_BYTES,
    unsentBytesMax,
  };
}

/** Output gathered beyond this is handed to the socket without waiting for the end of the turn. */
const FLUSH_BYTES = 256 * 1024;
/** A buffer that grew beyond this is not kept for the next turn. */
const KEPT_BYTES_MAX = 512 * 1024;
const FIRST_BUFFER_BYTES = 16 * 1024;
/** A connection that was closed may take this long to read what was sent. */
const CLOSING_TIMEOUT_MS = 5_000;

/** See the head of the file. */
export class PacketLink {
  /** `address:port` of the peer, brackets around IPv6. */
  readonly remote: string;
  /** What the socket is to be attached to. */
  readonly handler: SocketHandler;
  /** What went over it. `peer` is its owner's to set. */
  readonly traffic: PacketTraffic;
  private readonly socket: Socket;
  private readonly limits: PacketLinkLimits;
  private readonly world: PacketLinkWorld;
  private readonly owner: PacketLinkHandler;
  private readonly parser: PacketParser;
  private out = new JuteWriter(FIRST_BUFFER_BYTES);
  private flushing = false;
  private wrote = false;
  private state: 'open' | 'closing' | 'closed' = 'open';
  private why = '';
  private readTimeoutMs = 0;
  private lastHeardMs: number;
  private readTimer: Timer | undefined;
  private closingTimer: Timer | undefined;

  constructor(socket: Socket, limits: PacketLinkLimits, world: PacketLinkWorld, owner: PacketLinkHandler) {
    this.socket = socket;
    this.limits = limits;
    this.world = world;
    this.owner = owner;
    this.parser = new PacketParser(limits, {
      packet: (type, zxid, data, authinfo) => this.arrived(type, zxid, data, authinfo),
      raw: (chunk, start) => this.arrivedRaw(chunk, start),
    });
    const { remoteAddress: address, remotePort } = socket;
    this.remote = hostPort(address, remotePort);
    this.lastHeardMs = world.clock.monotonicMs();
    this.traffic = new PacketTraffic(world.clock.wallMs());
    this.handler = {
      data: (chunk) => this.data(chunk),
      drained: () => {
        if (this.state === 'open') this.owner.drained();
      },
      ended: () => this.close('the peer closed the connection'),
      closed: (error) => this.gone(error),
    };
  }

  /** When bytes last arrived, monotonic, ms: the time of the packet at hand, from inside `packet`. */
  get heardMs(): number {
    return this.lastHeardMs;
  }

  /** True until it is closed by either side. */
  get live(): boolean {
    return this.state === 'open';
  }

  /** Bytes that were sent and that the kernel has not taken. */
  get pendingBytes(): number {
    return this.socket.pendingBytes + this.out.pos;
  }

  /** The address of this side, without brackets. */
  get localAddress(): string {
    return this.socket.localAddress;
  }

  /**
   * Sends a packet; it leaves at the end of the turn. The bytes of `data` are copied. Nothing once it is
   * closed.
   */
  send(type: number, zxid: bigint, data: Uint8Array | null, authinfo: readonly Id[] | null = null): void {
    if (this.state !== 'open') return;
    const { out } = this;
    out.writeInt(type);
    out.writeLong(zxid);
    out.writeBuffer(data);
    if (authinfo === null) out.writeInt(-1);
    else this.writeAuthinfo(authinfo);
    this.tellSent(type, zxid, data === null ? 0 : data.length);
    this.written();
  }

  /**
   * Sends bytes that are no packet, behind what was sent before. True when the buffer may be used again at
   * once, false when it belongs to the connection from now on.
   */
  sendRaw(bytes: Buffer): boolean {
    this.flush();
    if (this.state !== 'open') return true;
    this.wrote = true;
    this.traffic.noteRaw(bytes.length);
    return this.socket.write(bytes);
  }

  /** Sends what was gathered now, and not at the end of the turn. */
  flush(): void {
    const { out } = this;
    if (out.pos === 0 || this.state !== 'open') return;
    const waiting = this.socket.pendingBytes;
    if (waiting > this.limits.unsentBytesMax) {
      this.dropSlowPeer(waiting + out.pos);
      return;
    }
    this.wrote = true;
    const taken = this.socket.write(out.bytes());
    if (taken && out.buf.length <= KEPT_BYTES_MAX) out.reset();
    else this.out = new JuteWriter(FIRST_BUFFER_BYTES);
  }

  /** From inside `packet`: what follows it goes to `raw`. */
  readRaw(): void {
    this.parser.readRaw();
  }

  /**
   * The peer takes what is sent to it: it lives, though it says nothing. Counts as something that arrived.
   */
  takes(): void {
    this.lastHeardMs = this.world.clock.monotonicMs();
  }

  /** Closes the connection when nothing arrives for that long; 0 for never. Counts from now. */
  setReadTimeout(ms: number): void {
    this.readTimeoutMs = ms;
    this.lastHeardMs = this.world.clock.monotonicMs();
    this.readTimer?.cancel();
    this.readTimer = undefined;
    if (ms > 0 && this.state === 'open') this.armReadTimer(ms);
  }

  /** Closes after what was sent has left. What arrives from now on is not looked at. */
  close(why: string): void {
    if (this.state !== 'open') return;
    this.flush();
    if (this.state !== 'open') return;
    this.shut(why);
    if (!this.wrote) {
      this.socket.destroy();
      return;
    }
    this.closingTimer = this.world.timers.after(CLOSING_TIMEOUT_MS, () => this.socket.destroy());
    this.socket.end();
  }

  /** Closes now; what has not left is lost. */
  destroy(why: string): void {
    if (this.state === 'closed') return;
    this.shut(why);
    this.socket.destroy();
  }

  // ---- input ----

  private data(chunk: Buffer): void {
    if (this.state !== 'open') return;
    this.lastHeardMs = this.world.clock.monotonicMs();
    try {
      this.parser.push(chunk);
    } catch (thrown) {
      if (!(thrown instanceof JuteError)) throw thrown;
      this.refuse(thrown.message);
    }
  }

  private arrived(type: number, zxid: bigint, data: Buffer | null, authinfo: readonly Id[] | null): void {
    const { traffic } = this;
    const { events } = this.world;
    const bytes = data === null ? 0 : data.length;
    traffic.noteReceived(type, bytes);
    if (events.on['zab.packet-received']) {
      events.emit('zab.packet-received', { peer: traffic.peer, type, zxid, bytes });
    }
    this.owner.packet(type, zxid, data, authinfo);
  }

  private arrivedRaw(chunk: Buffer, start: number): number | undefined {
    const used = this.owner.raw(chunk, start);
    this.traffic.noteRaw(used ?? chunk.length - start);
    return used;
  }

  private refuse(why: string): void {
    const { events } = this.world;
    if (events.on['quorum.peer-refused']) {
      events.emit('quorum.peer-refused', { port: 'quorum', remote: this.remote, why });
    }
    this.destroy(why);
  }

  private armReadTimer(ms: number): void {
    this.readTimer = this.world.timers.after(ms, () => {
      const left = this.lastHeardMs + this.readTimeoutMs - this.world.clock.monotonicMs();
      if (left > 0) this.armReadTimer(left);
      // This process may have stood still: what arrived meanwhile is read first.
      else this.world.timers.soon(() => this.lookAtSilence());
    });
  }

  private lookAtSilence(): void {
    if (this.state !== 'open' || this.readTimeoutMs === 0) return;
    const left = this.lastHeardMs + this.readTimeoutMs - this.world.clock.monotonicMs();
    if (left > 0) this.setReadTimer(left);
    else this.silent(`nothing was heard for ${this.readTimeoutMs} ms`);
  }

  /** Whoever has not even said who it is leaves no other trace. */
  private silent(why: string): void {
    if (this.traffic.peer === STRANGER) this.refuse(why);
    else this.destroy(why);
  }

  private setReadTimer(ms: number): void {
    this.readTimer?.cancel();
    this.armReadTimer(ms);
  }

  // ---- output ----

  private writeAuthinfo(authinfo: readonly Id[]): void {
    const { out } = this;
    out.writeInt(authinfo.length);
    for (const { scheme, id } of authinfo) {
      out.writeString(scheme);
      out.writeString(id);
    }
  }

  private tellSent(type: number, zxid: bigint, bytes: number): void {
    const { traffic } = this;
    const { events } = this.world;
    traffic.noteSent(type, bytes);
    if (events.on['zab.packet-sent']) {
      events.emit('zab.packet-sent', { peer: traffic.peer, type, zxid, bytes });
    }
  }

  private written(): void {
    if (this.out.pos >= FLUSH_BYTES) this.flush();
    else if (!this.flushing) {
      this.flushing = true;
      this.world.timers.soon(this.endTurn);
    }
  }

  private readonly endTurn = (): void => {
    this.flushing = false;
    this.flush();
  };

  private dropSlowPeer(bytes: number): void {
    const { events } = this.world;
    if (events.on['quorum.slow-peer']) {
      const limit = this.limits.unsentBytesMax;
      events.emit('quorum.slow-peer', { remote: this.remote, bytes, limit });
    }
    this.destroy('it does not read what is sent to it');
  }

  // ---- the end ----

  private shut(why: string): void {
    if (this.state === 'open') this.why = why;
    this.state = 'closing';
    this.parser.stop();
    this.readTimer?.cancel();
    this.readTimer = undefined;
    this.out.reset();
  }

  private gone(error: Error | undefined): void {
    if (this.state === 'closed') return;
    this.shut(error?.message ?? 'the peer closed the connection');
    this.state = 'closed';
    this.closingTimer?.cancel();
    this.owner.closed(this.why);
  }
}
