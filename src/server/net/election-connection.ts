/**
 * One connection of the election port: the opening message (`protocol/election.ts`), then messages of `len
 * i32` (1 to 512 KiB) and as many bytes, both ways. Bytes may come cut anywhere; what a peer announces takes
 * no memory before it comes. A message that was begun must be complete within the frame timeout.
 */
import { get32, put32 } from '../../base/halves.ts';
import { hostPort } from '../../base/host-port.ts';
import { JuteError } from '../../jute/jute-error.ts';
import type { Socket, SocketHandler } from '../../ports/net.ts';
import type { Timer, Timers } from '../../ports/timers.ts';
import { decodeInitialMessage, ELECTION_MESSAGE_MAX, type InitialMessage } from '../../protocol/election.ts';

/** What a connection tells the port. */
export interface ElectionConnectionHandler {
  /** The peer that dialled says who it is; said once, before any message. */
  opening(connection: ElectionConnection, message: InitialMessage): void;
  /** A message; the bytes are the handler's to keep. */
  message(connection: ElectionConnection, body: Buffer): void;
  /** What had to wait has been sent. */
  drained(connection: ElectionConnection): void;
  /** The bytes are not those of this protocol; the connection is being closed. */
  refused(connection: ElectionConnection, why: string): void;
  /** Gone; said once, the last word. */
  closed(connection: ElectionConnection, why: string): void;
}

const FIRST_BYTES = 256;

/** See the head of the file. */
export class ElectionConnection {
  readonly socket: Socket;
  /** True where this side dialled: no opening message is waited for. */
  readonly dialled: boolean;
  readonly remote: string;
  readonly handler: SocketHandler;
  /** Whose connection it is; undefined before the opening message was seen. */
  sid: bigint | undefined;
  private readonly timers: Timers;
  private readonly owner: ElectionConnectionHandler;
  private readonly frameTimeoutMs: number;
  private frameTimer: Timer | undefined;
  private expectsOpening: boolean;
  private kept: Buffer = Buffer.alloc(0);
  private keptBytes = 0;
  private why = '';
  private live = true;

  constructor(
    socket: Socket,
    dialled: boolean,
    frameTimeoutMs: number,
    timers: Timers,
    owner: ElectionConnectionHandler,
  ) {
    this.socket = socket;
    this.dialled = dialled;
    this.expectsOpening = !dialled;
    this.frameTimeoutMs = frameTimeoutMs;
    this.timers = timers;
    this.owner = owner;
    const { remoteAddress: address, remotePort } = socket;
    this.remote = hostPort(address, remotePort);
    if (this.expectsOpening) this.armFrameTimer();
    this.handler = {
      data: (chunk) => this.data(chunk),
      drained: () => {
        if (this.live) this.owner.drained(this);
      },
      ended: () => this.close('the peer closed the connection'),
      closed: (error) => this.gone(error),
    };
  }

  /** True until it is closed by either side. */
  get open(): boolean {
    return this.live;
  }

  /** True while the peer has not taken what was sent. */
  get congested(): boolean {
    return this.socket.pendingBytes > 0;
  }

  /** Sends a message of that body. */
  send(body: Buffer): void {
    if (!this.live) return;
    const frame = Buffer.allocUnsafe(4 + body.length);
    put32(frame, 0, body.length);
    body.copy(frame, 4);
    this.socket.write(frame);
  }

  /** Closes it after what was sent; nothing that arrives is looked at any more. */
  close(why: string): void {
    if (!this.live) return;
    this.stop(why);
    this.socket.end();
    // The peer may never close its side.
    this.frameTimer = this.timers.after(this.frameTimeoutMs, () => this.socket.destroy());
  }

  /** Closes it now. */
  destroy(why: string): void {
    if (this.live) this.stop(why);
    this.socket.destroy();
  }

  private data(chunk: Buffer): void {
    let at = 0;
    while (this.live && at < chunk.length) {
      // A message that is there as a whole is not copied.
      if (this.keptBytes === 0 && !this.expectsOpening) {
        const used = this.takeMessage(chunk, at);
        if (used > 0) {
          at += used;
          continue;
        }
        if (!this.live) return;
      }
      const wanted = this.wantedBytes();
      const taken = Math.min(wanted - this.keptBytes, chunk.length - at);
      this.keep(chunk, at, at + taken);
      at += taken;
      this.takeKept();
    }
  }

  /** Bytes of the message at `at`, its length included, once it was handed on; 0 while some are missing. */
  private takeMessage(bytes: Buffer, at: number): number {
    if (bytes.length - at < 4) return 0;
    const length = this.checkedLength(get32(bytes, at));
    if (length === undefined || bytes.length - at < 4 + length) return 0;
    this.owner.message(this, bytes.subarray(at + 4, at + 4 + length));
    return 4 + length;
  }

  private checkedLength(length: number): number | undefined {
    if (length >= 1 && length <= ELECTION_MESSAGE_MAX) return length;
    this.refuse(`a message of ${length} bytes; the limit is ${ELECTION_MESSAGE_MAX}`);
    return undefined;
  }

  /** How many bytes are worth waiting for, by what is known of the message that was begun. */
  private wantedBytes(): number {
    const { kept, keptBytes } = this;
    if (!this.expectsOpening) return keptBytes < 4 ? 4 : 4 + get32(kept, 0);
    if (keptBytes < 8) return 8;
    return keptBytes < 20 ? 20 : 20 + get32(kept, 16);
  }

  private keep(chunk: Buffer, start: number, end: number): void {
    const total = this.keptBytes + end - start;
    if (this.kept.length < total) {
      const grown = Buffer.allocUnsafeSlow(Math.max(total * 2, FIRST_BYTES));
      this.kept.copy(grown, 0, 0, this.keptBytes);
      this.kept = grown;
    }
    if (this.frameTimer === undefined) this.armFrameTimer();
    chunk.copy(this.kept, this.keptBytes, start, end);
    this.keptBytes = total;
  }

  private takeKept(): void {
    const { kept, keptBytes } = this;
    if (this.expectsOpening) {
      this.takeOpening(kept.subarray(0, keptBytes));
      return;
    }
    if (keptBytes < 4) return;
    const length = this.checkedLength(get32(kept, 0));
    if (length === undefined || keptBytes < 4 + length) return;
    this.forget();
    this.owner.message(this, kept.subarray(4, 4 + length));
  }

  private takeOpening(bytes: Buffer): void {
    let found: ReturnType<typeof decodeInitialMessage>;
    try {
      found = decodeInitialMessage(bytes);
    } catch (thrown) {
      if (!(thrown instanceof JuteError)) throw thrown;
      this.refuse(thrown.message);
      return;
    }
    if (found === undefined) return;
    this.expectsOpening = false;
    this.forget();
    this.owner.opening(this, found.message);
  }

  private forget(): void {
    this.kept = Buffer.alloc(0);
    this.keptBytes = 0;
    this.frameTimer?.cancel();
    this.frameTimer = undefined;
  }

  private armFrameTimer(): void {
    this.frameTimer = this.timers.after(this.frameTimeoutMs, () => {
      this.refuse(`a message that was begun is not complete after ${this.frameTimeoutMs} ms`);
    });
  }

  private refuse(why: string): void {
    if (!this.live) return;
    this.stop(why);
    this.owner.refused(this, why);
    this.socket.destroy();
  }

  private stop(why: string): void {
    this.live = false;
    this.why = why;
    this.forget();
  }

  private gone(error: Error | undefined): void {
    if (this.live) this.stop(error?.message ?? 'the peer closed the connection');
    this.frameTimer?.cancel();
    this.owner.closed(this, this.why);
  }
}
