/** A connection of the simulated network that sends whatever bytes it is told to. */
import type { Socket } from '../../src/ports/net.ts';
import { SIM_PORT, type SimWorld } from './sim-server.ts';

/** A frame: the length, and the bytes. */
export const framed = (payload: Buffer): Buffer => {
  const frame = Buffer.alloc(4 + payload.length);
  frame.writeInt32BE(payload.length, 0);
  payload.copy(frame, 4);
  return frame;
};

/** A connection without manners. */
export class RawLink {
  closed = false;
  /** What follows on this connection may not be taken for what it is. */
  lied = false;
  private readonly world: SimWorld;
  private socket: Socket | undefined;
  private waiting: Buffer[] = [];
  private received: Buffer = Buffer.alloc(0);
  /** Frames received. */
  frames = 0;

  constructor(world: SimWorld) {
    this.world = world;
  }

  /** True once the connect request was answered. */
  get stands(): boolean {
    return this.frames > 0;
  }

  dial(): void {
    this.world.net.connect(
      { host: '127.0.0.1', port: SIM_PORT },
      {
        opened: (socket) => {
          this.socket = socket;
          for (const bytes of this.waiting.splice(0)) socket.write(bytes);
        },
        data: (chunk) => {
          this.received = Buffer.concat([this.received, chunk]);
        },
        drained: () => {},
        ended: () => {
          this.closed = true;
          this.socket?.destroy();
        },
        closed: () => {
          this.closed = true;
        },
      },
    );
  }

  send(payload: Buffer): void {
    this.raw(framed(payload));
  }

  raw(bytes: Buffer): void {
    if (this.closed || bytes.length === 0) return;
    if (this.socket === undefined) this.waiting.push(Buffer.from(bytes));
    else this.socket.write(Buffer.from(bytes));
  }

  /** Frames received since the last time. */
  take(): Buffer[] {
    const frames: Buffer[] = [];
    let at = 0;
    while (this.received.length - at >= 4) {
      const length = this.received.readInt32BE(at);
      if (length < 0 || this.received.length - at - 4 < length) break;
      frames.push(this.received.subarray(at + 4, at + 4 + length));
      at += 4 + length;
    }
    this.received = this.received.subarray(at);
    this.frames += frames.length;
    return frames;
  }

  hangUp(): void {
    this.closed = true;
    this.socket?.destroy();
  }

  end(): void {
    this.socket?.end();
  }
}
