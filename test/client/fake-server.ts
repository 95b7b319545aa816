import { FrameSplitter } from '../../src/jute/frames.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import type { Codec } from '../../src/jute/schema.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import type { Socket, SocketHandler } from '../../src/ports/net.ts';
import { ERR } from '../../src/protocol/error-codes.ts';
import * as m from '../../src/protocol/messages.ts';
import { OP, XID } from '../../src/protocol/opcodes.ts';
import { parentPath } from '../../src/protocol/paths.ts';
import type { Stat } from '../../src/protocol/stat.ts';
import { EVENT, type EventType, WatcherEvent } from '../../src/protocol/watch-types.ts';
import type { World } from './world.ts';

interface Node {
  data: Buffer | null;
  czxid: bigint;
  mzxid: bigint;
  pzxid: bigint;
  version: number;
}

type Kind = 'data' | 'child' | 'persistent' | 'recursive';

type Answer = (err: number, body?: (w: JuteWriter) => void) => void;

/** One client's connection to the fake. */
interface Link {
  readonly socket: Socket;
  session: bigint;
  readonly watches: Record<Kind, Set<string>>;
}

/**
 * As much of a ZooKeeper server as the client's tests need: one tree, sessions that live for ever, all watch
 * kinds, the order of replies and events. Written for the tests alone, so that it and the server do not share
 * mistakes.
 */
export class FakeServer {
  readonly nodes = new Map<string, Node>([
    ['/', { data: null, czxid: 0n, mzxid: 0n, pzxid: 0n, version: 0 }],
  ]);
  readonly sessions = new Map<bigint, Buffer>();
  readonly links = new Set<Link>();
  /** Everything that changed the tree, in order. */
  readonly applied: string[] = [];
  /** Auth packets received. */
  readonly auths: string[] = [];
  zxid = 0n;
  readOnly = false;
  /** Connections are accepted and closed at once. */
  refusing = false;
  /** Requests are taken and never answered. */
  mute = false;
  /** Spoils what is sent, if set. */
  spoil: ((bytes: Buffer) => Buffer) | undefined;

  constructor(world: World, port = 2181) {
    world.net.listen(
      { host: 'zk', port },
      (socket) => this.accept(socket),
      () => {},
    );
  }

  private accept(socket: Socket): SocketHandler | undefined {
    if (this.refusing) {
      socket.destroy();
      return undefined;
    }
    const watches = {
      data: new Set<string>(),
      child: new Set<string>(),
      persistent: new Set<string>(),
      recursive: new Set<string>(),
    };
    const link: Link = { socket, session: 0n, watches };
    this.links.add(link);
    const splitter = new FrameSplitter(1 << 20);
    let first = true;
    return {
      data: (chunk) => {
        if (first && chunk.toString('latin1') === 'isro') {
          socket.write(Buffer.from(this.readOnly ? 'ro' : 'rw'));
          socket.end();
          return;
        }
        first = false;
        splitter.feed(chunk, (bytes, start, end) => {
          this.frame(link, new JuteReader(bytes, start, end));
          return this.links.has(link);
        });
      },
      drained() {},
      ended: () => this.drop(link),
      closed: () => void this.links.delete(link),
    };
  }

  /** Closes a connection from this side. */
  drop(link: Link): void {
    this.links.delete(link);
    link.socket.destroy();
  }

  dropAll(): void {
    for (const link of this.links) this.drop(link);
  }

  private send(link: Link, write: (w: JuteWriter) => void): void {
    const w = new JuteWriter();
    w.writeInt(0);
    write(w);
    const bytes = w.copy();
    bytes.writeInt32BE(bytes.length - 4, 0);
    link.socket.write(this.spoil === undefined ? bytes : this.spoil(bytes));
  }

  private frame(link: Link, r: JuteReader): void {
    if (link.session === 0n) {
      this.connect(link, m.ConnectRequest.read(r));
      return;
    }
    const { xid, type } = m.RequestHeader.read(r);
    if (this.mute) return;
    const answer = (err: number, body?: (w: JuteWriter) => void) =>
      this.send(link, (w) => {
        m.ReplyHeader.write(w, { xid, zxid: this.zxid, err });
        if (err === 0) body?.(w);
      });
    this.operate(link, type, r, answer);
  }

  private connect(link: Link, request: m.ConnectRequest): void {
    const known = this.sessions.get(request.sessionId);
    const resumes = request.sessionId !== 0n;
    const good = !resumes || known?.equals(request.passwd ?? Buffer.alloc(0)) === true;
    if (!resumes) {
      link.session = BigInt(this.sessions.size + 1);
      this.sessions.set(link.session, Buffer.alloc(16, this.sessions.size + 1));
    } else link.session = good ? request.sessionId : -1n;
    this.send(link, (w) =>
      m.ConnectResponse.write(w, {
        protocolVersion: 0,
        timeOut: good ? request.timeOut : 0,
        sessionId: good ? link.session : 0n,
        passwd: good ? (this.sessions.get(link.session) as Buffer) : Buffer.alloc(16),
        readOnly: this.readOnly,
      }),
    );
    if (!good) this.drop(link);
  }

  /** Ends a session from this side, as expiry does. */
  expire(session: bigint): void {
    this.sessions.delete(session);
    for (const link of this.links) if (link.session === session) this.drop(link);
  }

  private operate(link: Link, op: number, r: JuteReader, answer: Answer): void {
    const as = <T>(codec: Codec<T>): T => codec.read(r);
    switch (op) {
      case OP.ping:
        answer(0);
        break;
      case OP.auth: {
        const { scheme, auth } = as(m.AuthPacket);
        this.auths.push(`${scheme} ${String(auth)}`);
        answer(scheme === 'bad' ? ERR.AUTHFAILED : 0);
        if (scheme === 'bad') this.drop(link);
        break;
      }
      case OP.closeSession:
        this.sessions.delete(link.session);
        answer(0);
        link.socket.end();
        break;
      case OP.create: {
        const { path, data } = as(m.CreateRequest);
        const err = this.nodes.has(path) ? ERR.NODEEXISTS : this.nodes.has(parentPath(path)) ? 0 : ERR.NONODE;
        if (err === 0) this.change('create', path, data);
        answer(err, (w) => m.CreateResponse.write(w, { path }));
        break;
      }
      case OP.setData: {
        const { path, data } = as(m.SetDataRequest);
        const there = this.nodes.has(path);
        if (there) this.change('set', path, data);
        answer(there ? 0 : ERR.NONODE, (w) => m.StatResponse.write(w, { stat: this.stat(path) }));
        break;
      }
      case OP.delete: {
        const { path } = as(m.DeleteRequest);
        const there = this.nodes.has(path);
        if (there) this.change('delete', path, null);
        answer(there ? 0 : ERR.NONODE);
        break;
      }
      default:
        this.read(link, op, r, answer);
    }
  }

  private read(link: Link, op: number, r: JuteReader, answer: Answer): void {
    if (op === OP.setWatches || op === OP.setWatches2) {
      const none = { persistentWatches: [], persistentRecursiveWatches: [] };
      const request = op === OP.setWatches ? { ...m.SetWatches.read(r), ...none } : m.SetWatches2.read(r);
      this.setWatches(link, request);
      answer(0);
    } else if (op === OP.addWatch) {
      const { path, mode } = m.AddWatchRequest.read(r);
      link.watches[mode === 0 ? 'persistent' : 'recursive'].add(path);
      answer(0, (w) => m.ErrorResponse.write(w, { err: 0 }));
    } else if (op === OP.removeWatches || op === OP.checkWatches) {
      const { path } = m.WatchesRequest.read(r);
      const sets = Object.values(link.watches).filter((set) => set.has(path));
      if (op === OP.removeWatches) for (const set of sets) set.delete(path);
      answer(sets.length > 0 ? 0 : ERR.NOWATCHER);
    } else this.readNode(link, op, m.PathWatchRequest.read(r), answer);
  }

  private readNode(link: Link, op: number, { path, watch }: m.PathWatchRequest, answer: Answer): void {
    const there = this.nodes.has(path);
    if (watch && (there || op === OP.exists))
      link.watches[op === OP.getChildren2 ? 'child' : 'data'].add(path);
    answer(there ? 0 : ERR.NONODE, (w) => {
      const stat = this.stat(path);
      if (op === OP.exists) m.StatResponse.write(w, { stat });
      else if (op === OP.getData)
        m.GetDataResponse.write(w, { data: this.nodes.get(path)?.data ?? null, stat });
      else m.GetChildren2Response.write(w, { children: this.children(path), stat });
    });
  }

  private children(path: string): string[] {
    return [...this.nodes.keys()]
      .filter((p) => p !== '/' && parentPath(p) === path)
      .map((p) => p.slice(path.length === 1 ? 1 : path.length + 1));
  }

  private stat(path: string): Stat {
    const node = this.nodes.get(path) as Node;
    const numChildren = this.children(path).length;
    return {
      ...node,
      ctime: 1n,
      mtime: 1n,
      cversion: 0,
      aversion: 0,
      ephemeralOwner: 0n,
      dataLength: node.data?.length ?? 0,
      numChildren,
    };
  }

  /** Changes the tree, as if some client had asked for it, and tells those who watch. */
  change(what: 'create' | 'set' | 'delete', path: string, data: Buffer | null): void {
    this.zxid++;
    this.applied.push(`${what} ${path} ${data === null ? '' : String(data)}`);
    const old = this.nodes.get(path);
    const parent = this.nodes.get(parentPath(path));
    if (what === 'set' && old !== undefined)
      Object.assign(old, { data, mzxid: this.zxid, version: old.version + 1 });
    else if (what === 'create')
      this.nodes.set(path, { data, czxid: this.zxid, mzxid: this.zxid, pzxid: this.zxid, version: 0 });
    else this.nodes.delete(path);
    if (what !== 'set' && parent !== undefined) parent.pzxid = this.zxid;
    const type = { create: EVENT.nodeCreated, set: EVENT.nodeDataChanged, delete: EVENT.nodeDeleted }[what];
    for (const link of this.links) {
      this.fire(link, type, path);
      if (what !== 'set') this.fire(link, EVENT.nodeChildrenChanged, parentPath(path));
    }
  }

  private fire(link: Link, type: EventType, path: string): void {
    const { data, child, persistent, recursive } = link.watches;
    let hit = persistent.has(path);
    if (type === EVENT.nodeChildrenChanged) hit = child.delete(path) || hit;
    else {
      hit = data.delete(path) || hit;
      if (type === EVENT.nodeDeleted) hit = child.delete(path) || hit;
      for (const at of recursive) hit ||= at === '/' || path === at || path.startsWith(`${at}/`);
    }
    if (hit) this.event(link, type, path);
  }

  /** Sends an event to a client. */
  event(link: Link, type: EventType, path: string): void {
    this.send(link, (w) => {
      m.ReplyHeader.write(w, { xid: XID.notification, zxid: -1n, err: 0 });
      WatcherEvent.write(w, { type, state: 3, path });
    });
  }

  private setWatches(link: Link, s: m.SetWatches2): void {
    for (const path of s.dataWatches) {
      const node = this.nodes.get(path);
      if (node === undefined) this.event(link, EVENT.nodeDeleted, path);
      else if (node.mzxid > s.relativeZxid) this.event(link, EVENT.nodeDataChanged, path);
      else link.watches.data.add(path);
    }
    for (const path of s.existWatches) {
      if (this.nodes.has(path)) this.event(link, EVENT.nodeCreated, path);
      else link.watches.data.add(path);
    }
    for (const path of s.childWatches) {
      const node = this.nodes.get(path);
      if (node === undefined) this.event(link, EVENT.nodeDeleted, path);
      else if (node.pzxid > s.relativeZxid) this.event(link, EVENT.nodeChildrenChanged, path);
      else link.watches.child.add(path);
    }
    for (const path of s.persistentWatches) link.watches.persistent.add(path);
    for (const path of s.persistentRecursiveWatches) link.watches.recursive.add(path);
  }
}
