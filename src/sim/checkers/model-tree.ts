/**
 * A tree that is obviously right: one map, one node an object, operations as the facts state them. It knows
 * nothing of ACLs and quotas; histories to be checked against it use neither.
 */
import {
  CONTAINER_OWNER,
  createTraits,
  ownerKind,
  sequenceSuffix,
  ttlOwner,
} from '../../protocol/create-mode.ts';
import { ERR } from '../../protocol/error-codes.ts';
import type {
  CheckVersionRequest,
  CreateRequest,
  CreateTtlRequest,
  DeleteRequest,
  SetAclRequest,
  SetDataRequest,
} from '../../protocol/messages.ts';
import type { MultiOp, MultiResult } from '../../protocol/multi.ts';
import { OP } from '../../protocol/opcodes.ts';
import { parentPath } from '../../protocol/paths.ts';
import type { Stat } from '../../protocol/stat.ts';
import { EVENT, type EventType } from '../../protocol/watch-types.ts';

/** A node. */
interface ModelNode {
  data: Buffer | null;
  readonly czxid: bigint;
  mzxid: bigint;
  pzxid: bigint;
  readonly ctime: bigint;
  mtime: bigint;
  version: number;
  aversion: number;
  /** Children ever created: what sequential names count. */
  births: number;
  readonly owner: bigint;
  readonly children: Set<string>;
}

/** Which transaction, by whom, when. */
export interface ModelStamp {
  readonly zxid: bigint;
  readonly time: bigint;
  readonly session: bigint;
}

/** What an operation answers: an error, or the record of its reply. */
export interface Outcome {
  readonly err: number;
  readonly body: unknown;
}

/** A change that watches tell of. */
export interface Change {
  readonly type: EventType;
  readonly path: string;
}

const EXTENDED = { enabled: true, emulate353: false } as const;
const failed = (err: number): Outcome => ({ err, body: undefined });
const done = (body: unknown): Outcome => ({ err: ERR.OK, body });

/** See the head of the file. */
export class ModelTree {
  private readonly nodes = new Map<string, ModelNode>();
  private undo: (() => void)[] = [];
  /** Changes since the last `takeChanges`. */
  private changes: Change[] = [];

  /** A tree of a fresh server. */
  constructor() {
    const none = { zxid: 0n, time: 0n, session: 0n };
    this.nodes.set('/', newNode(Buffer.alloc(0), 0n, none));
    this.put('/zookeeper', Buffer.alloc(0), 0n, none);
    this.put('/zookeeper/quota', Buffer.alloc(0), 0n, none);
    this.put('/zookeeper/config', Buffer.alloc(0), 0n, none);
    const root = this.nodes.get('/') as ModelNode;
    // Apache's fresh tree was not built by requests: these are its figures.
    root.births = 0;
    const system = this.nodes.get('/zookeeper') as ModelNode;
    system.births = 0;
    (this.nodes.get('/zookeeper/config') as ModelNode).aversion = -1;
    this.takeChanges();
    this.undo = [];
  }

  /** Changes since the last call, in order. */
  takeChanges(): Change[] {
    const { changes } = this;
    this.changes = [];
    return changes;
  }

  has(path: string): boolean {
    return this.nodes.has(path);
  }

  paths(): string[] {
    return [...this.nodes.keys()];
  }

  node(path: string): Readonly<ModelNode> | undefined {
    return this.nodes.get(path);
  }

  /** Paths of a session's ephemerals. */
  ephemeralsOf(session: bigint): string[] {
    return [...this.nodes].filter(([, n]) => isEphemeral(n) && n.owner === session).map(([path]) => path);
  }

  stat(path: string): Stat {
    const n = this.nodes.get(path) as ModelNode;
    const numChildren = n.children.size;
    return {
      czxid: n.czxid,
      mzxid: n.mzxid,
      ctime: n.ctime,
      mtime: n.mtime,
      version: n.version,
      // What clients see counts deletions too.
      cversion: 2 * n.births - numChildren,
      aversion: n.aversion,
      // The owner of a container or a TTL node is a mark, which clients do not see.
      ephemeralOwner: isEphemeral(n) ? n.owner : 0n,
      dataLength: n.data?.length ?? 0,
      numChildren,
      pzxid: n.pzxid,
    };
  }

  /** A write, as its client asked for it. Undefined for an operation the model does not know. */
  write(op: number, body: unknown, at: ModelStamp): Outcome | undefined {
    this.undo = [];
    switch (op) {
      case OP.create:
      case OP.create2:
      case OP.createContainer:
      case OP.createTTL:
        return this.create(op, body as CreateRequest & Partial<CreateTtlRequest>, at);
      case OP.delete:
        return this.delete(body as DeleteRequest, at);
      case OP.setData:
        return this.setData(body as SetDataRequest, at);
      case OP.setACL:
        return this.setAcl(body as SetAclRequest);
      case OP.check:
        return failed(ERR.UNIMPLEMENTED);
      case OP.multi:
        return this.multi(body as MultiOp[], at);
      case OP.closeSession:
        this.closeSession(at);
        return done({});
      default:
        return undefined;
    }
  }

  /** The reaper removes a node; false when it had no right to. */
  reap(path: string, at: ModelStamp): boolean {
    const n = this.nodes.get(path);
    if (n === undefined || n.children.size > 0) return false;
    const kind = ownerKind(n.owner, EXTENDED);
    if (kind !== 'container' && kind !== 'ttl') return false;
    this.remove(path, at);
    return true;
  }

  /** Ends a session: its ephemerals go, those in `first` before the others. Answers them. */
  closeSession(at: ModelStamp, first: readonly string[] = []): string[] {
    const paths = this.ephemeralsOf(at.session);
    const place = (path: string): number => (first.indexOf(path) + first.length + 1) % (first.length + 1);
    for (const path of [...paths].sort((a, b) => place(a) - place(b))) this.remove(path, at);
    return paths;
  }

  private create(op: number, req: CreateRequest & Partial<CreateTtlRequest>, at: ModelStamp): Outcome {
    const traits = createTraits(req.flags);
    if (traits === undefined) return failed(ERR.BADARGUMENTS);
    const parent = this.nodes.get(parentPath(req.path));
    if (parent === undefined) return failed(ERR.NONODE);
    const path = traits.sequential ? req.path + sequenceSuffix(parent.births) : req.path;
    if (this.nodes.has(path)) return failed(ERR.NODEEXISTS);
    if (isEphemeral(parent)) return failed(ERR.NOCHILDRENFOREPHEMERALS);
    let owner = 0n;
    if (op === OP.createContainer) owner = CONTAINER_OWNER;
    else if (traits.ttl) owner = ttlOwner(req.ttl ?? 0n);
    else if (traits.ephemeral) owner = at.session;
    this.put(path, req.data, owner, at);
    return done(op === OP.create ? { path } : { path, stat: this.stat(path) });
  }

  private delete({ path, version }: DeleteRequest, at: ModelStamp): Outcome {
    const n = this.nodes.get(path);
    if (n === undefined) return failed(ERR.NONODE);
    if (version !== -1 && version !== n.version) return failed(ERR.BADVERSION);
    if (n.children.size > 0) return failed(ERR.NOTEMPTY);
    this.remove(path, at);
    return done({});
  }

  private setData({ path, data, version }: SetDataRequest, at: ModelStamp): Outcome {
    const n = this.nodes.get(path);
    if (n === undefined) return failed(ERR.NONODE);
    if (version !== -1 && version !== n.version) return failed(ERR.BADVERSION);
    const before = { ...n };
    this.undo.push(() => Object.assign(n, before));
    n.data = data === null ? null : Buffer.from(data);
    n.version++;
    n.mzxid = at.zxid;
    n.mtime = at.time;
    this.changes.push({ type: EVENT.nodeDataChanged, path });
    return done({ stat: this.stat(path) });
  }

  private setAcl({ path, version }: SetAclRequest): Outcome {
    const n = this.nodes.get(path);
    if (n === undefined) return failed(ERR.NONODE);
    if (version !== -1 && version !== n.aversion) return failed(ERR.BADVERSION);
    n.aversion++;
    return done({ stat: this.stat(path) });
  }

  private check({ path, version }: CheckVersionRequest): Outcome {
    const n = this.nodes.get(path);
    if (n === undefined) return failed(ERR.NONODE);
    return version !== -1 && version !== n.version ? failed(ERR.BADVERSION) : done({});
  }

  /** All or nothing; of a failed one, what came before the culprit answers 0 and what comes after -2. */
  private multi(ops: readonly MultiOp[], at: ModelStamp): Outcome {
    const marked = this.changes.length;
    const results: MultiResult[] = [];
    for (const [i, part] of ops.entries()) {
      const outcome = this.part(part, at);
      if (outcome.err === ERR.OK) {
        results.push({ op: resultOp(part.op), ...(outcome.body as object) } as MultiResult);
        continue;
      }
      for (const undo of this.undo.splice(0).reverse()) undo();
      this.changes.length = marked;
      const codes = ops.map((_, n) => (n < i ? ERR.OK : n === i ? outcome.err : ERR.RUNTIMEINCONSISTENCY));
      return { err: outcome.err, body: codes.map((err) => ({ op: OP.error, err })) };
    }
    return done(results);
  }

  private part(part: MultiOp, at: ModelStamp): Outcome {
    switch (part.op) {
      case OP.delete:
        return this.delete(part.req, at);
      case OP.setData:
        return this.setData(part.req, at);
      case OP.check:
        return this.check(part.req);
      case OP.getData:
      case OP.getChildren:
        return failed(ERR.MARSHALLINGERROR);
      default:
        return this.create(part.op, part.req, at);
    }
  }

  private put(path: string, data: Buffer | null, owner: bigint, at: ModelStamp): void {
    const parent = this.nodes.get(parentPath(path)) as ModelNode;
    const before = { pzxid: parent.pzxid, births: parent.births };
    const name = path.slice(path.lastIndexOf('/') + 1);
    this.nodes.set(path, newNode(data === null ? null : Buffer.from(data), owner, at));
    parent.children.add(name);
    parent.births++;
    parent.pzxid = at.zxid;
    this.undo.push(() => {
      this.nodes.delete(path);
      parent.children.delete(name);
      Object.assign(parent, before);
    });
    this.changes.push({ type: EVENT.nodeCreated, path });
    this.changes.push({ type: EVENT.nodeChildrenChanged, path: parentPath(path) });
  }

  private remove(path: string, at: ModelStamp): void {
    const n = this.nodes.get(path) as ModelNode;
    const parent = this.nodes.get(parentPath(path)) as ModelNode;
    const { pzxid } = parent;
    const name = path.slice(path.lastIndexOf('/') + 1);
    this.nodes.delete(path);
    parent.children.delete(name);
    parent.pzxid = at.zxid;
    this.undo.push(() => {
      this.nodes.set(path, n);
      parent.children.add(name);
      parent.pzxid = pzxid;
    });
    this.changes.push({ type: EVENT.nodeDeleted, path });
    this.changes.push({ type: EVENT.nodeChildrenChanged, path: parentPath(path) });
  }
}

const isEphemeral = (n: Readonly<ModelNode>): boolean => ownerKind(n.owner, EXTENDED) === 'ephemeral';

/** Containers and TTL nodes answer as create2 does. */
const resultOp = (op: number): number => (op === OP.createContainer || op === OP.createTTL ? OP.create2 : op);

const newNode = (data: Buffer | null, owner: bigint, at: ModelStamp): ModelNode => ({
  data,
  czxid: at.zxid,
  mzxid: at.zxid,
  pzxid: at.zxid,
  ctime: at.time,
  mtime: at.time,
  version: 0,
  aversion: 0,
  births: 0,
  owner,
  children: new Set(),
});
