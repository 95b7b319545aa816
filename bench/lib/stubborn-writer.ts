/**
 * A client that does nothing but write, one at a time, and notes when each write was acknowledged. It resumes
 * its session at once wherever it can, without the pauses that a client library makes between tries: what is
 * seen is the outage of the servers alone.
 */
import { connect, type Socket } from 'node:net';
import { encode } from '../../src/jute/schema.ts';
import { ConnectRequest, RequestHeader, SetDataRequest } from '../../src/protocol/messages.ts';
import { OP } from '../../src/protocol/opcodes.ts';

const TIMEOUT_MS = 30_000;
/** A server that does not answer for so long is left. */
const SILENCE_MS_MAX = 1_000;
const PASSWORD_BYTES = 16;
/** Between tries: enough not to be a load of its own. */
const PAUSE_MS = 2;
const VALUE = Buffer.alloc(100, 'x');

/** See the top of the file. */
export class StubbornWriter {
  /** When writes were acknowledged, `performance.now()`. */
  readonly acknowledged: number[] = [];
  private readonly ports: readonly number[];
  private readonly path: string;
  private socket: Socket | undefined;
  private received: Buffer = Buffer.alloc(0);
  private greeted = false;
  private tries = 0;
  private xid = 1;
  private session = { id: 0n, password: Buffer.alloc(PASSWORD_BYTES) };
  private zxid = 0n;
  private closed = false;

  /**
   * Writes to `path`, which exists, through the first of the ports; the others are tried in turn when it
   * goes.
   */
  constructor(ports: readonly number[], path: string) {
    this.ports = ports;
    this.path = path;
    this.dial();
  }

  /** Ends it. */
  close(): void {
    this.closed = true;
    this.socket?.destroy();
  }

  private dial(): void {
    if (this.closed) return;
    const port = this.ports[this.tries++ % this.ports.length] as number;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket = socket;
    this.greeted = false;
    this.received = Buffer.alloc(0);
    socket.setTimeout(SILENCE_MS_MAX, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('connect', () => this.greet(socket));
    socket.on('data', (chunk) => this.take(socket, chunk));
    socket.on('close', () => setTimeout(() => this.dial(), PAUSE_MS));
  }

  private greet(socket: Socket): void {
    const { id, password } = this.session;
    const request = { protocolVersion: 0, lastZxidSeen: this.zxid, timeOut: TIMEOUT_MS, sessionId: id };
    socket.write(framed(encode(ConnectRequest, { ...request, passwd: password, readOnly: false })));
  }

  private take(socket: Socket, chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk]);
    while (this.received.length >= 4) {
      const end = 4 + this.received.readInt32BE(0);
      if (this.received.length < end) return;
      const frame = this.received.subarray(4, end);
      this.received = this.received.subarray(end);
      if (this.greeted) this.replied(frame);
      else if (!this.welcomed(frame)) socket.destroy();
      this.write(socket);
    }
  }

  /** False when the session is gone: the next try opens another. */
  private welcomed(frame: Buffer): boolean {
    const lives = frame.readInt32BE(4) > 0;
    this.session = lives
      ? { id: frame.readBigInt64BE(8), password: Buffer.from(frame.subarray(20, 20 + PASSWORD_BYTES)) }
      : { id: 0n, password: Buffer.alloc(PASSWORD_BYTES) };
    this.greeted = lives;
    return lives;
  }

  private replied(frame: Buffer): void {
    const [zxid, error] = [frame.readBigInt64BE(4), frame.readInt32BE(12)];
    if (error !== 0) throw new Error(`a write to ${this.path} was answered with error ${error}`);
    if (zxid > this.zxid) this.zxid = zxid;
    this.acknowledged.push(performance.now());
  }

  private write(socket: Socket): void {
    if (!this.greeted) return;
    const header = encode(RequestHeader, { xid: this.xid++, type: OP.setData });
    const body = encode(SetDataRequest, { path: this.path, data: VALUE, version: -1 });
    socket.write(framed(Buffer.concat([header, body])));
  }
}

function framed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
