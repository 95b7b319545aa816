/**
 * A ZooKeeper of a few lines behind the network port: enough operations for a load, and misbehaviour on
 * demand.
 */
import { decode, encode } from '../../../src/jute/schema.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Net, Socket } from '../../../src/ports/net.ts';
import type { Timers } from '../../../src/ports/timers.ts';
import { ERR } from '../../../src/protocol/error-codes.ts';
import {
  AuthPacket,
  ConnectResponse,
  CreateRequest,
  DeleteRequest,
  PathRequest,
  PathWatchRequest,
  ReplyHeader,
  RequestHeader,
  SetDataRequest,
} from '../../../src/protocol/messages.ts';
import { OP } from '../../../src/protocol/opcodes.ts';
import { parentPath } from '../../../src/protocol/paths.ts';

/** How the server behaves. */
export interface Behaviour {
  /** Replies are cut into chunks of this many bytes. */
  readonly chunkBytes?: number;
  /** Answers a session timeout of 0. */
  readonly refuseSessions?: boolean;
  /** Nobody listens. */
  readonly down?: boolean;
  /** Closes a connection after so many requests on it. */
  readonly dropAfter?: number;
  /** The error of an operation on a path, if any. */
  readonly fault?: (op: number, path: string) => number | undefined;
  /** Answers with an xid that was not asked. */
  readonly wrongXid?: boolean;
  /** Writes are taken late, so that the sender must not use its buffer again. */
  readonly slowWrites?: boolean;
}

/** See the top of the file. */
export class FakeServer implements Net {
  readonly nodes = new Map<string, Buffer>([['/', Buffer.alloc(0)]]);
  readonly asked = new Map<number, number>();
  readonly credentials: string[] = [];
  sessions = 0;
  closedSessions = 0;
  private readonly behaviour: Behaviour;
  private readonly children = new Map<string, number>();

  constructor(behaviour: Behaviour = {}) {
    this.behaviour = behaviour;
  }

  listen(): void {
    throw new Error('a client listens to nobody');
  }

  connect(_to: { host: string; port: number }, handler: Parameters<Net['connect']>[1]): { cancel(): void } {
    if (this.behaviour.down) {
      setImmediate(() => handler.closed(new Error('ECONNREFUSED')));
      return { cancel() {} };
    }
    setImmediate(() => handler.opened(this.serve(handler)));
    return { cancel() {} };
  }

  private serve(handler: Parameters<Net['connect']>[1]): Socket {
    let input = Buffer.alloc(0);
    let greeted = false;
    let open = true;
    let count = 0;
    const { chunkBytes = 1 << 20, slowWrites, dropAfter } = this.behaviour;
    const send = (bytes: Buffer): void => {
      for (let at = 0; at < bytes.length && open; at += chunkBytes) {
        handler.data(Buffer.from(bytes.subarray(at, at + chunkBytes)));
      }
    };
    const close = (): void => {
      if (!open) return;
      open = false;
      setImmediate(() => handler.closed(undefined));
    };
    const take = (bytes: Buffer): void => {
      if (!open) return;
      input = Buffer.concat([input, bytes]);
      const out: Buffer[] = [];
      while (input.length >= 4 && input.length >= 4 + input.readInt32BE(0)) {
        const end = 4 + input.readInt32BE(0);
        const frame = input.subarray(4, end);
        input = input.subarray(end);
        if (dropAfter !== undefined && count++ > dropAfter) {
          close();
          return;
        }
        out.push(framed(greeted ? this.answer(frame) : this.greet()));
        greeted = true;
      }
      send(Buffer.concat(out));
    };
    return {
      remoteAddress: '',
      remotePort: 0,
      localAddress: '',
      localPort: 0,
      pendingBytes: 0,
      write(bytes) {
        if (slowWrites) setImmediate(() => take(bytes));
        else {
          const copy = Buffer.from(bytes);
          setImmediate(() => take(copy));
        }
        return slowWrites !== true;
      },
      pause() {},
      resume() {},
      end: close,
      destroy: close,
    };
  }

  private count(path: string, by: number): void {
    const parent = parentPath(path);
    this.children.set(parent, (this.children.get(parent) ?? 0) + by);
  }

  private greet(): Buffer {
    this.sessions++;
    const timeOut = this.behaviour.refuseSessions ? 0 : 30_000;
    return encode(ConnectResponse, {
      protocolVersion: 0,
      timeOut,
      sessionId: BigInt(this.sessions),
      passwd: Buffer.alloc(16),
      readOnly: false,
    });
  }

  private answer(frame: Buffer): Buffer {
    const header = decode(RequestHeader, frame.subarray(0, 8));
    const { err, body } = this.apply(header.type, frame.subarray(8));
    this.asked.set(header.type, (this.asked.get(header.type) ?? 0) + 1);
    const xid = this.behaviour.wrongXid && header.type === OP.getData ? header.xid + 1 : header.xid;
    return Buffer.concat([encode(ReplyHeader, { xid, zxid: 1n, err }), body]);
  }

  private apply(op: number, body: Buffer): { err: number; body: Buffer } {
    const plain = (err: number, bytes = 0) => ({ err, body: Buffer.alloc(err === 0 ? bytes : 0) });
    const fault = (path: string) => this.behaviour.fault?.(op, path);
    switch (op) {
      case OP.create: {
        const { path, data } = decode(CreateRequest, body);
        const err = fault(path);
        if (err !== undefined) return plain(err);
        if (!this.nodes.has(parentPath(path))) return plain(ERR.NONODE);
        if (this.nodes.has(path)) return plain(ERR.NODEEXISTS);
        this.nodes.set(path, Buffer.from(data ?? []));
        this.count(path, 1);
        return plain(0, 4 + path.length);
      }
      case OP.delete: {
        const { path } = decode(DeleteRequest, body);
        const err = fault(path);
        if (err !== undefined) return plain(err);
        if ((this.children.get(path) ?? 0) > 0) return plain(ERR.NOTEMPTY);
        if (this.nodes.has(path)) this.count(path, -1);
        return plain(this.nodes.delete(path) ? 0 : ERR.NONODE);
      }
      case OP.getData: {
        const { path } = decode(PathWatchRequest, body);
        const data = this.nodes.get(path);
        return plain(fault(path) ?? (data === undefined ? ERR.NONODE : 0), 72 + (data?.length ?? 0));
      }
      case OP.setData: {
        const { path, data } = decode(SetDataRequest, body);
        if (!this.nodes.has(path)) return plain(ERR.NONODE);
        this.nodes.set(path, Buffer.from(data ?? []));
        return plain(fault(path) ?? 0, 68);
      }
      case OP.sync:
        return plain(0, 4 + decode(PathRequest, body).path.length);
      case OP.auth: {
        const { scheme, auth } = decode(AuthPacket, body);
        this.credentials.push(`${scheme}:${auth}`);
        return plain(fault(scheme) ?? 0);
      }
      case OP.closeSession:
        this.closedSessions++;
        return plain(0);
      default:
        return plain(ERR.UNIMPLEMENTED);
    }
  }
}

function framed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** The real clock and timers, since a load is about time. */
export const realClock: Clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };
/** See `realClock`. */
export const realTimers: Timers = {
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    return { cancel: () => clearTimeout(timer) };
  },
  every(ms, fn) {
    const timer = setInterval(fn, ms);
    return { cancel: () => clearInterval(timer) };
  },
  soon: (fn) => void setImmediate(fn),
};
