/** Reads: answered from the tree as it is, on the spot (the read half of FinalRequestProcessor). */
import { hi32, lo32, put32 } from '../../base/halves.ts';
import { JuteError } from '../../jute/jute-error.ts';
import { JuteReader } from '../../jute/reader.ts';
import type { JuteWriter } from '../../jute/writer.ts';
import { AclList, PERMS } from '../../protocol/acl.ts';
import { ERR } from '../../protocol/error-codes.ts';
import {
  AddWatchRequest,
  MultiHeader,
  SetWatches,
  SetWatches2,
  WatchesRequest,
} from '../../protocol/messages.ts';
import { MultiRequest } from '../../protocol/multi.ts';
import { OP } from '../../protocol/opcodes.ts';
import { STAT_BYTES } from '../../protocol/stat.ts';
import { ADD_WATCH_MODE, EVENT, WATCHER_TYPE } from '../../protocol/watch-types.ts';
import type { Access } from '../auth/access.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { countBelow, NO_NODE, type NodeId } from '../tree/node-store.ts';
import { WATCH, type WatchMode } from '../watch/watch-modes.ts';
import { beginReply, notify } from './reply.ts';
import type { Requester } from './requester.ts';

/** A buffer's length before its bytes. */
const LENGTH_BYTES = 4;

/** The watches that reads set and look at. */
export interface Watches<W> {
  /** Registers; a connection that holds too many is closed by whoever implements this. */
  add(path: string, who: W, mode: WatchMode): void;
  /** `type` is one of WATCHER_TYPE. */
  has(path: string, who: W, type: number): boolean;
  /** False when there was none. */
  remove(path: string, who: W, type: number): boolean;
}

/** What reads need of the server around them. */
export interface ReadEnvironment<W extends Requester> {
  readonly tree: DataTree;
  readonly access: Access;
  readonly watches: Watches<W>;
  /** Most operations in a multiRead, and bytes its answer may have, or a little more. */
  readonly multiOpsMax: number;
  readonly multiReadBytesMax: number;
  /** A read is refused since it asks for more than that limit allows. */
  readonly overLimit?: (from: W, xid: number, limit: string, value: number) => void;
  /** Told of each read of a node's data or children: its path, and bytes of data or of names. */
  readonly counts?: { read(path: string, bytes: number): void };
}

/** Answers the reads of one server. */
export class ReadRequestProcessor<W extends Requester> {
  private readonly env: ReadEnvironment<W>;
  /** Monotonic ms of this turn; set by whoever drives the chain. */
  nowMs = 0;
  private op = 0;
  private arrivedMs = 0;
  private zxidHi = 0;
  private zxidLo = 0;

  constructor(env: ReadEnvironment<W>) {
    this.env = env;
  }

  /** The zxid that answers bear: the last one applied. */
  setLastProcessed(zxid: bigint): void {
    this.zxidHi = hi32(zxid);
    this.zxidLo = lo32(zxid);
  }

  /**
   * Answers a read of that operation, body in `bytes[start, end)`, which arrived at `arrivedMs` (monotonic).
   * False for an operation that is no read.
   */
  process(
    op: number,
    from: W,
    xid: number,
    bytes: Buffer,
    start: number,
    end: number,
    arrivedMs: number,
  ): boolean {
    this.op = op;
    this.arrivedMs = arrivedMs;
    const r = new JuteReader(bytes, start, end);
    try {
      switch (op) {
        case OP.getData:
          return this.getData(from, xid, r);
        case OP.exists:
          return this.exists(from, xid, r);
        case OP.ping:
          this.refuse(from, xid, ERR.OK);
          return true;
        case OP.getChildren:
        case OP.getChildren2:
          return this.getChildren(from, xid, r, op === OP.getChildren2);
        case OP.getACL:
          return this.getAcl(from, xid, r);
        case OP.sync:
          return this.sync(from, xid, r);
        default:
          return this.processRare(op, from, xid, r);
      }
    } catch (error) {
      if (!(error instanceof JuteError)) throw error;
      this.refuse(from, xid, ERR.MARSHALLINGERROR);
      return true;
    }
  }

  private processRare(op: number, from: W, xid: number, r: JuteReader): boolean {
    switch (op) {
      case OP.setWatches:
        return this.setWatches(from, xid, {
          ...SetWatches.read(r),
          persistentWatches: [],
          persistentRecursiveWatches: [],
        });
      case OP.setWatches2:
        return this.setWatches(from, xid, SetWatches2.read(r));
      case OP.addWatch:
        return this.addWatch(from, xid, r);
      case OP.checkWatches:
      case OP.removeWatches:
        return this.lookForWatch(from, xid, r, op === OP.removeWatches);
      case OP.getEphemerals:
        return this.getEphemerals(from, xid, r);
      case OP.getAllChildrenNumber:
        return this.countAll(from, xid, r);
      case OP.whoAmI:
        return this.whoAmI(from, xid);
      case OP.multiRead:
        return this.multiRead(from, xid, r);
      default:
        return false;
    }
  }

  private refuse(from: W, xid: number, err: number): true {
    beginReply(from, xid, this.zxidHi, this.zxidLo, err);
    this.end(from);
    return true;
  }

  private end(from: W): void {
    from.endReply(this.op, this.arrivedMs, this.nowMs);
  }

  private begin(from: W, xid: number): JuteWriter {
    return beginReply(from, xid, this.zxidHi, this.zxidLo, ERR.OK);
  }

  private mayRead(from: W, node: NodeId): boolean {
    return this.env.access.permits(this.env.tree.aclOf(node), PERMS.READ, from.authIds);
  }

  private writeStat(w: JuteWriter, node: NodeId): void {
    w.reserve(STAT_BYTES);
    this.env.tree.writeStat(node, w.buf, w.pos);
    w.pos += STAT_BYTES;
  }

  private writeData(w: JuteWriter, node: NodeId): void {
    const { store } = this.env.tree;
    const length = store.dataLength(node);
    w.writeInt(length);
    if (length > 0) {
      const at = store.dataOffset(node);
      w.writeRaw(store.dataSlab(node), at, at + length);
    }
  }

  /** Answers the characters of the names. */
  private writeChildren(w: JuteWriter, node: NodeId): number {
    const names = this.env.tree.childNames(node);
    w.writeInt(names.length);
    let characters = 0;
    for (const name of names) {
      w.writeString(name);
      characters += name.length;
    }
    return characters;
  }

  private getData(from: W, xid: number, r: JuteReader): true {
    const path = r.readText();
    const watch = r.readBool();
    const node = this.env.tree.find(path);
    if (node === NO_NODE) return this.refuse(from, xid, ERR.NONODE);
    if (!this.mayRead(from, node)) return this.refuse(from, xid, ERR.NOAUTH);
    if (watch) this.env.watches.add(path, from, WATCH.data);
    const w = this.begin(from, xid);
    const at = w.pos;
    this.writeData(w, node);
    this.env.counts?.read(path, w.pos - at - LENGTH_BYTES);
    this.writeStat(w, node);
    this.end(from);
    return true;
  }

  /** Not checked for READ, as in 3.8.0; a watch that fires is. */
  private exists(from: W, xid: number, r: JuteReader): true {
    const path = r.readText();
    const watch = r.readBool();
    if (path.includes('\0')) return this.refuse(from, xid, ERR.BADARGUMENTS);
    const node = this.env.tree.find(path);
    if (watch) this.env.watches.add(path, from, WATCH.data);
    if (node === NO_NODE) return this.refuse(from, xid, ERR.NONODE);
    const w = this.begin(from, xid);
    this.writeStat(w, node);
    this.env.counts?.read(path, 0);
    this.end(from);
    return true;
  }

  private getChildren(from: W, xid: number, r: JuteReader, withStat: boolean): true {
    const path = r.readText();
    const watch = r.readBool();
    const node = this.env.tree.find(path);
    if (node === NO_NODE) return this.refuse(from, xid, ERR.NONODE);
    if (!this.mayRead(from, node)) return this.refuse(from, xid, ERR.NOAUTH);
    if (watch) this.env.watches.add(path, from, WATCH.child);
    const w = this.begin(from, xid);
    this.env.counts?.read(path, this.writeChildren(w, node));
    if (withStat) this.writeStat(w, node);
    this.end(from);
    return true;
  }

  private getAcl(from: W, xid: number, r: JuteReader): true {
    const node = this.env.tree.find(r.readText());
    if (node === NO_NODE) return this.refuse(from, xid, ERR.NONODE);
    const acl = this.env.tree.aclOf(node);
    const { access } = this.env;
    if (!access.permits(acl, PERMS.READ | PERMS.ADMIN, from.authIds))
      return this.refuse(from, xid, ERR.NOAUTH);
    const w = this.begin(from, xid);
    AclList.write(w, [...access.shown(acl, from.authIds)]);
    this.writeStat(w, node);
    this.end(from);
    return true;
  }

  /** The path is any text and never looked at; a server without learners is always in sync (facts 2.7). */
  private sync(from: W, xid: number, r: JuteReader): true {
    const path = r.readString();
    const w = this.begin(from, xid);
    w.writeString(path);
    this.end(from);
    return true;
  }

  private addWatch(from: W, xid: number, r: JuteReader): true {
    const { path, mode } = AddWatchRequest.read(r);
    if (mode !== ADD_WATCH_MODE.persistent && mode !== ADD_WATCH_MODE.persistentRecursive) {
      return this.refuse(from, xid, ERR.MARSHALLINGERROR);
    }
    this.env.watches.add(path, from, mode === ADD_WATCH_MODE.persistent ? WATCH.persistent : WATCH.recursive);
    const w = this.begin(from, xid);
    w.writeInt(ERR.OK);
    this.end(from);
    return true;
  }

  private lookForWatch(from: W, xid: number, r: JuteReader, remove: boolean): true {
    const { path, type } = WatchesRequest.read(r);
    if (type < WATCHER_TYPE.children || type > WATCHER_TYPE.persistentRecursive) {
      return this.refuse(from, xid, ERR.MARSHALLINGERROR);
    }
    const { watches } = this.env;
    const found = remove ? watches.remove(path, from, type) : watches.has(path, from, type);
    return this.refuse(from, xid, found ? ERR.OK : ERR.NOWATCHER);
  }

  /**
   * A client that comes back tells what it watched and what it saw last; what it missed is told now (facts
   * 4).
   */
  private setWatches(from: W, xid: number, seen: SetWatches2): true {
    const { tree, watches } = this.env;
    for (const path of seen.dataWatches) {
      const node = tree.find(path);
      if (node === NO_NODE) notify(from, EVENT.nodeDeleted, path);
      else if (tree.mzxidOf(node) > seen.relativeZxid) notify(from, EVENT.nodeDataChanged, path);
      else watches.add(path, from, WATCH.data);
    }
    for (const path of seen.existWatches) {
      if (tree.find(path) !== NO_NODE) notify(from, EVENT.nodeCreated, path);
      else watches.add(path, from, WATCH.data);
    }
    for (const path of seen.childWatches) {
      const node = tree.find(path);
      if (node === NO_NODE) notify(from, EVENT.nodeDeleted, path);
      else if (tree.pzxidOf(node) > seen.relativeZxid) notify(from, EVENT.nodeChildrenChanged, path);
      else watches.add(path, from, WATCH.child);
    }
    for (const path of seen.persistentWatches) watches.add(path, from, WATCH.persistent);
    for (const path of seen.persistentRecursiveWatches) watches.add(path, from, WATCH.recursive);
    return this.refuse(from, xid, ERR.OK);
  }

  private getEphemerals(from: W, xid: number, r: JuteReader): true {
    const prefix = r.readString() ?? '';
    const all = prefix.trim() === '' || prefix === '/';
    const paths = this.env.tree.owned.ephemeralsOf(from.sessionId).filter((p) => all || p.startsWith(prefix));
    const w = this.begin(from, xid);
    w.writeInt(paths.length);
    for (const path of paths) w.writeString(path);
    this.end(from);
    return true;
  }

  private countAll(from: W, xid: number, r: JuteReader): true {
    const { tree } = this.env;
    const node = tree.find(r.readText());
    if (node === NO_NODE) return this.refuse(from, xid, ERR.NONODE);
    if (!this.mayRead(from, node)) return this.refuse(from, xid, ERR.NOAUTH);
    const count = node === 0 ? tree.nodeCount - 1 : countBelow(tree.store, node);
    const w = this.begin(from, xid);
    w.writeInt(count);
    this.end(from);
    return true;
  }

  private whoAmI(from: W, xid: number): true {
    const who = this.env.access.whoAmI(from.authIds);
    const w = this.begin(from, xid);
    w.writeInt(who.length);
    for (const { authScheme, user } of who) {
      w.writeString(authScheme);
      w.writeString(user);
    }
    this.end(from);
    return true;
  }

  /** Each part is answered for itself; its watch flag means nothing (facts 2.6). */
  private multiRead(from: W, xid: number, r: JuteReader): true {
    const ops = MultiRequest.read(r);
    if (ops.length > this.env.multiOpsMax) {
      this.env.overLimit?.(from, xid, 'zkt.multiOperationsMax', this.env.multiOpsMax);
      return this.refuse(from, xid, ERR.BADARGUMENTS);
    }
    if (ops.some(({ op }) => op !== OP.getData && op !== OP.getChildren)) {
      // Apache's refusal has a body all the same: the end of an empty list.
      const w = beginReply(from, xid, this.zxidHi, this.zxidLo, ERR.MARSHALLINGERROR);
      MultiHeader.write(w, { type: -1, done: true, err: -1 });
      this.end(from);
      return true;
    }
    const w = this.begin(from, xid);
    const start = w.pos;
    for (const { op, req } of ops) {
      // A request of a megabyte may ask for the same large node ten thousand times.
      if (w.pos - start > this.env.multiReadBytesMax) {
        this.env.overLimit?.(from, xid, 'zkt.unreadBytesMax', this.env.multiReadBytesMax);
        return this.refuseMultiRead(from, w, start);
      }
      const node = this.env.tree.find(req.path);
      const err = node === NO_NODE ? ERR.NONODE : this.mayRead(from, node) ? ERR.OK : ERR.NOAUTH;
      if (err !== ERR.OK) {
        MultiHeader.write(w, { type: OP.error, done: false, err });
        w.writeInt(err);
        continue;
      }
      MultiHeader.write(w, { type: op, done: false, err: ERR.OK });
      if (op === OP.getData) {
        this.writeData(w, node);
        this.writeStat(w, node);
      } else this.writeChildren(w, node);
    }
    MultiHeader.write(w, { type: -1, done: true, err: -1 });
    this.end(from);
    return true;
  }

  /** Takes back what was written behind the reply's header; the code in the header is its last field. */
  private refuseMultiRead(from: W, w: JuteWriter, start: number): true {
    put32(w.buf, start - 4, ERR.BADARGUMENTS);
    w.pos = start;
    this.end(from);
    return true;
  }
}
