/**
 * PrepRequestProcessor: turns writes into transactions, in the order of their arrival.
 *
 * Every write gets the next zxid and a log entry, one that fails too: its entry carries the error (facts
 * 2.2).
 */

import type { Zxid } from '../../base/brands.ts';
import { zxid } from '../../base/brands.ts';
import { hi32, lo32 } from '../../base/halves.ts';
import type { Emitter } from '../../events/bus.ts';
import { JuteError } from '../../jute/jute-error.ts';
import { JuteReader } from '../../jute/reader.ts';
import { JuteWriter } from '../../jute/writer.ts';
import { ERR } from '../../protocol/error-codes.ts';
import {
  CreateRequest,
  CreateTtlRequest,
  DeleteRequest,
  PathRequest,
  ReconfigRequest,
  SetAclRequest,
  SetDataRequest,
} from '../../protocol/messages.ts';
import { type MultiOp, MultiRequest } from '../../protocol/multi.ts';
import { OP, opName } from '../../protocol/opcodes.ts';
import { type SubTxn, TXN_CODECS, type Txn } from '../../protocol/txn.ts';
import type { Access } from '../auth/access.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { type ChangeCounts, PendingChanges } from './pending-changes.ts';
import {
  type Plan,
  type PlanContext,
  planCheck,
  planCloseSession,
  planCreate,
  planDelete,
  planDeleteContainer,
  planSetAcl,
  planSetData,
  type Writer,
} from './plan.ts';
import { planReconfig, type ReconfigRules } from './plan-reconfig.ts';
import type { Request } from './request.ts';

/** What prep needs to know of the server around it. */
export interface PrepEnvironment {
  readonly tree: DataTree;
  readonly access: Access;
  readonly events: Emitter;
  /** The code for a session that may not write (expired, moved), or OK. */
  readonly sessionFault: (request: Request) => number;
  /**
   * False for a session that no transaction will ever close (a local one): it must own nothing. Left out
   * where there are none.
   */
  readonly mayOwn?: (session: bigint) => boolean;
  /** The last zxid in use: the next write gets the one after it. */
  readonly lastZxid: bigint;
  readonly enforceQuota: boolean;
  /** `reconfigEnabled`; a standalone server refuses reconfig either way, with another code. */
  readonly reconfigEnabled: boolean;
  /** What decides over a reconfig, where there is an ensemble to change. */
  readonly reconfig?: ReconfigRules;
  /** Largest transaction, bytes (`jute.maxbuffer`): a sequence of small requests must not add up to more. */
  readonly txnBytesMax: number;
  /** `closeSessionTxn.enabled`. */
  readonly closeSessionPaths: boolean;
  /** Most operations in a multi. */
  readonly multiOpsMax: number;
  /**
   * The last counter of zxids that is given out (`zkt.epochTransactionsMax`); it must not reach ffffffff
   * (1277).
   */
  readonly lastCounter?: number;
  readonly counts?: PrepCounts;
}

/** What prep counts. */
export interface PrepCounts extends ChangeCounts {
  /** A write was refused for the quota over that path. */
  quotaRefused(path: string): void;
}

/** The last counter that is given out. */
const LAST_COUNTER = 0xfffffffe;

/** The first processor of the chain. */
export class PrepRequestProcessor {
  readonly changes: PendingChanges;
  private readonly env: PrepEnvironment;
  private readonly ctx: PlanContext;
  private readonly scratch = new JuteWriter();
  private zxid: bigint;

  constructor(env: PrepEnvironment) {
    this.env = env;
    this.changes = new PendingChanges(env.tree, env.counts);
    this.zxid = env.lastZxid;
    this.ctx = {
      tree: env.tree,
      changes: this.changes,
      access: env.access,
      enforceQuota: env.enforceQuota,
      txnBytesMax: env.txnBytesMax,
      closeSessionPaths: env.closeSessionPaths,
      mayOwn: env.mayOwn ?? (() => true),
      quotaRefused: (path) => env.counts?.quotaRefused(path),
      softQuota: (path, count, bytes) => this.warnOfQuota(path, count, bytes),
    };
  }

  /** The zxid given out last. */
  get lastZxid(): Zxid {
    return zxid(this.zxid);
  }

  /** True when the epoch has no zxid left. */
  get exhausted(): boolean {
    return lo32(this.zxid) >= (this.env.lastCounter ?? LAST_COUNTER);
  }

  /**
   * Makes a write into a transaction: fills the request's header, record and digest. `wallMs` is the
   * transaction's time. False when nothing is to be done after all (a container that is in use again); no
   * zxid is spent then.
   */
  prepare(request: Request, wallMs: number): boolean {
    const next = this.zxid + 1n;
    const at = { zxidHi: hi32(next), zxidLo: lo32(next), time: wallMs };
    request.change = this.changes.begin();
    const plan = this.plan(request, { session: request.session, ids: request.ids, at });
    if (plan === undefined) return false;
    this.zxid = next;
    const txn: Txn = typeof plan === 'number' ? { type: OP.error, err: plan } : plan;
    request.txn = txn;
    request.header = {
      clientId: request.session,
      cxid: request.cxid,
      zxid: next,
      time: BigInt(wallMs),
      type: txn.type,
    };
    request.digestHi = this.changes.digest.hi;
    request.digestLo = this.changes.digest.lo;
    if (this.env.events.on['request.prepared']) {
      this.env.events.emit('request.prepared', {
        session: request.session,
        cxid: request.cxid,
        op: opName(request.op) ?? String(request.op),
        zxid: next,
        err: typeof plan === 'number' ? plan : ERR.OK,
      });
    }
    return true;
  }

  private plan(request: Request, by: Writer): Plan | undefined {
    const { op } = request;
    const r = new JuteReader(request.bytes, request.start, request.end);
    try {
      if (op === OP.createSession) return { type: OP.createSession, timeOut: r.readInt() };
      if (op === OP.closeSession) return planCloseSession(this.ctx, by);
      if (op === OP.deleteContainer) return planDeleteContainer(this.ctx, PathRequest.read(r).path, by);
      const fault = this.env.sessionFault(request);
      if (fault !== ERR.OK) return fault;
      if (op === OP.multi) return this.planMulti(request, MultiRequest.read(r), by);
      if (op === OP.reconfig) return this.planReconfig(r, by);
      return this.planSingle(op, r, by);
    } catch (error) {
      if (error instanceof JuteError) return ERR.MARSHALLINGERROR;
      throw error;
    }
  }

  private planSingle(op: number, r: JuteReader, by: Writer): Plan {
    switch (op) {
      case OP.create:
      case OP.create2:
      case OP.createContainer:
        return planCreate(this.ctx, op, CreateRequest.read(r), by);
      case OP.createTTL:
        return planCreate(this.ctx, op, CreateTtlRequest.read(r), by);
      case OP.delete:
        return planDelete(this.ctx, DeleteRequest.read(r), by);
      case OP.setData:
        return planSetData(this.ctx, SetDataRequest.read(r), by);
      case OP.setACL:
        return planSetAcl(this.ctx, SetAclRequest.read(r), by);
      case OP.error:
        return ERR.BADARGUMENTS;
      default:
        return ERR.UNIMPLEMENTED;
    }
  }

  private planReconfig(r: JuteReader, by: Writer): Plan {
    const { reconfig, reconfigEnabled } = this.env;
    if (!reconfigEnabled) return ERR.RECONFIGDISABLED;
    if (reconfig === undefined) return ERR.UNIMPLEMENTED;
    return planReconfig(this.ctx, reconfig, ReconfigRequest.read(r), by);
  }

  /**
   * All or nothing. The record of a failed multi keeps the types of the parts before the culprit; the culprit
   * bears its code, later parts RUNTIMEINCONSISTENCY (facts 6).
   */
  private planMulti(request: Request, ops: MultiOp[], by: Writer): Plan {
    if (ops.length > this.env.multiOpsMax) {
      this.tellOverLimit(request, 'zkt.multiOperationsMax', this.env.multiOpsMax);
      return ERR.BADARGUMENTS;
    }
    if (ops.some(({ op }) => op === OP.getData || op === OP.getChildren)) return ERR.MARSHALLINGERROR;
    const digest = this.changes.beginMulti();
    const parts: Txn[] = [];
    let failed: number = ERR.OK;
    for (const op of ops) {
      const plan = failed === ERR.OK ? this.planPart(op, by) : ERR.RUNTIMEINCONSISTENCY;
      if (typeof plan === 'number') {
        parts.push({ type: OP.error, err: plan });
        if (failed === ERR.OK) failed = plan;
      } else parts.push(plan);
    }
    const txns = parts.map((part) => this.encodePart(part));
    const bytes = txns.reduce((sum, t) => sum + (t.data?.length ?? 0) + 8, 0);
    if (bytes > this.env.txnBytesMax) {
      this.changes.undoMulti(digest);
      this.tellOverLimit(request, 'jute.maxbuffer', this.env.txnBytesMax);
      return ERR.BADARGUMENTS;
    }
    if (failed === ERR.OK) this.changes.keepMulti();
    else this.changes.undoMulti(digest);
    request.parts = parts;
    request.partOps = ops.map(({ op }) => op);
    return { type: OP.multi, txns };
  }

  private planPart(part: MultiOp, by: Writer): Plan {
    switch (part.op) {
      case OP.create:
      case OP.create2:
      case OP.createContainer:
      case OP.createTTL:
        return planCreate(this.ctx, part.op, part.req, by);
      case OP.delete:
        return planDelete(this.ctx, part.req, by);
      case OP.setData:
        return planSetData(this.ctx, part.req, by);
      case OP.check:
        return planCheck(this.ctx, part.req, by);
      case OP.getData:
      case OP.getChildren:
        return ERR.MARSHALLINGERROR;
    }
  }

  /** create2 is logged as create: servers up to 3.8.1 cannot apply it inside a multi (facts 6). */
  private encodePart(part: Txn): SubTxn {
    const w = this.scratch.reset();
    TXN_CODECS.get(part.type)?.write(w, part);
    return { type: part.type === OP.create2 ? OP.create : part.type, data: w.copy() };
  }

  private tellOverLimit({ session, cxid, op }: Request, limit: string, value: number): void {
    const { events } = this.env;
    if (!events.on['request.over-limit']) return;
    events.emit('request.over-limit', { session, cxid, op: opName(op) ?? String(op), limit, value });
  }

  private warnOfQuota(path: string, count: number, bytes: number): void {
    if (!this.env.events.on['tree.quota-exceeded']) return;
    for (const breach of this.env.tree.quotas.breaches(path, count, bytes)) {
      this.env.events.emit('tree.quota-exceeded', { ...breach });
    }
  }
}
