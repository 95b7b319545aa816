/** A client of the simulated network that asks what it is told to, and keeps every frame it gets. */
import { JuteReader } from '../../../src/jute/reader.ts';
import { type Codec, encode } from '../../../src/jute/schema.ts';
import type { Socket } from '../../../src/ports/net.ts';
import { OPEN_ACL } from '../../../src/protocol/acl.ts';
import { errName } from '../../../src/protocol/error-codes.ts';
import * as m from '../../../src/protocol/messages.ts';
import { OP } from '../../../src/protocol/opcodes.ts';
import { eventName, WatcherEvent } from '../../../src/protocol/watch-types.ts';
import type { RoleRig } from './role-rig.ts';

/** An answer. */
export interface Reply {
  readonly xid: number;
  readonly zxid: bigint;
  /** The code's name. */
  readonly err: string;
  readonly body: Buffer;
}

/** How a client introduces itself. */
export interface Hello {
  readonly timeoutMs?: number;
  readonly session?: bigint;
  readonly passwd?: Buffer;
  readonly readOnly?: boolean;
  readonly lastZxid?: bigint;
}

/** See the head of the file. */
export class RoleClient {
  readonly replies: Reply[] = [];
  /** Replies by xid, and notifications, in the order they came: `1 OK`, `event nodeCreated /a`. */
  readonly heard: string[] = [];
  greeting: m.ConnectResponse | undefined;
  closed = false;
  private readonly rig: RoleRig;
  private socket: Socket | undefined;
  private received = Buffer.alloc(0);
  private waiting: Buffer[] = [];
  private lastXid = 0;

  /** Dials a server's client port and says hello; `open` waits for the answer. */
  constructor(rig: RoleRig, port: number, hello: Hello = {}) {
    this.rig = rig;
    this.write(
      encode(m.ConnectRequest, {
        protocolVersion: 0,
        lastZxidSeen: hello.lastZxid ?? 0n,
        timeOut: hello.timeoutMs ?? 4000,
        sessionId: hello.session ?? 0n,
        passwd: hello.passwd ?? Buffer.alloc(16),
        readOnly: hello.readOnly ?? false,
      }),
    );
    rig.net.connect(
      { host: '127.0.0.1', port },
      {
        opened: (socket) => {
          this.socket = socket;
          for (const bytes of this.waiting.splice(0)) socket.write(bytes);
        },
        data: (chunk) => this.take(chunk),
        drained: () => {},
        ended: () => this.hangUp(),
        closed: () => {
          this.closed = true;
        },
      },
    );
  }

  get session(): bigint {
    return this.greeting?.sessionId ?? 0n;
  }

  get passwd(): Buffer {
    return this.greeting?.passwd ?? Buffer.alloc(16);
  }

  /** The session, to go on with elsewhere. */
  get ticket(): Hello {
    return { session: this.session, passwd: this.passwd };
  }

  /** Resolves when the connect request was answered, or the connection closed. */
  async open(): Promise<this> {
    await this.rig.until(() => this.greeting !== undefined || this.closed);
    return this;
  }

  /** Sends a request; answers its xid. */
  send<T>(op: number, codec?: Codec<T>, body?: T): number {
    const xid = ++this.lastXid;
    const header = Buffer.alloc(8);
    header.writeInt32BE(xid, 0);
    header.writeInt32BE(op, 4);
    this.write(codec === undefined ? header : Buffer.concat([header, encode(codec, body as T)]));
    return xid;
  }

  ping(): void {
    const header = Buffer.alloc(8);
    header.writeInt32BE(-2, 0);
    header.writeInt32BE(OP.ping, 4);
    this.write(header);
  }

  /** The answer to a request sent before. */
  async answer(xid: number): Promise<Reply> {
    await this.rig.until(() => this.replies.some((r) => r.xid === xid) || this.closed);
    const found = this.replies.find((r) => r.xid === xid);
    if (found === undefined) throw new Error(`closed before the answer to ${xid}: ${this.heard.join(', ')}`);
    return found;
  }

  /** Sends, and waits for the answer. */
  ask<T>(op: number, codec?: Codec<T>, body?: T): Promise<Reply> {
    return this.answer(this.send(op, codec, body));
  }

  create(path: string, flags = 0, data = ''): number {
    return this.send(OP.create, m.CreateRequest, { path, data: Buffer.from(data), acl: OPEN_ACL, flags });
  }

  set(path: string, data: string): number {
    return this.send(OP.setData, m.SetDataRequest, { path, data: Buffer.from(data), version: -1 });
  }

  get(path: string, watch = false): number {
    return this.send(OP.getData, m.PathWatchRequest, { path, watch });
  }

  sync(path = '/'): number {
    return this.send(OP.sync, m.PathRequest, { path });
  }

  /** The data of a node as this server has it now; the error's name where it has none. */
  async read(path: string): Promise<string> {
    const { err, body } = await this.answer(this.get(path));
    return err === 'OK' ? String(m.GetDataResponse.read(new JuteReader(body)).data) : err;
  }

  hangUp(): void {
    this.closed = true;
    this.socket?.destroy();
  }

  private write(payload: Buffer): void {
    const frame = Buffer.alloc(4 + payload.length);
    frame.writeInt32BE(payload.length, 0);
    payload.copy(frame, 4);
    if (this.closed) return;
    if (this.socket === undefined) this.waiting.push(frame);
    else this.socket.write(frame);
  }

  private take(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk]);
    while (this.received.length >= 4 && this.received.length >= 4 + this.received.readInt32BE(0)) {
      const length = this.received.readInt32BE(0);
      this.frame(Buffer.from(this.received.subarray(4, 4 + length)));
      this.received = this.received.subarray(4 + length);
    }
  }

  private frame(bytes: Buffer): void {
    if (this.greeting === undefined) {
      this.greeting = m.ConnectResponse.read(new JuteReader(bytes));
      return;
    }
    const r = new JuteReader(bytes);
    const { xid, zxid, err } = m.ReplyHeader.read(r);
    if (xid === -1) {
      const { type, path } = WatcherEvent.read(r);
      this.heard.push(`event ${eventName(type)} ${path}`);
    } else if (xid >= 0) {
      const reply = { xid, zxid, err: errName(err) ?? String(err), body: bytes.subarray(16) };
      this.replies.push(reply);
      this.heard.push(`${xid} ${reply.err}`);
    }
  }
}
