/**
 * Is a history of a server or an ensemble, with the log it left, one that a single correct tree could have
 * made?
 *
 * The log says in which order writes happened, and what became of those whose reply was lost. The requests
 * are done again in that order on a model; every reply must be the model's, every read the model's at the
 * zxid it bears. Beyond that: nothing acknowledged is missing from the log, nothing is in it twice, and
 * nothing that no client asked for; zxids have no gaps; a session's writes are in the order it sent them;
 * what began after something had ended comes after it.
 *
 * In an ensemble, zxids begin anew with each epoch, and a read may be answered by a server that lags behind:
 * it is right for the zxid it bears, and no session ever goes back. Only a `sync` has to be as new as all
 * that was answered before it was asked.
 */
import { hex0x } from '../../base/brands.ts';
import { ERR } from '../../protocol/error-codes.ts';
import type { PathWatchRequest } from '../../protocol/messages.ts';
import { OP, opName, XID } from '../../protocol/opcodes.ts';
import { SYSTEM_PATHS } from '../../protocol/paths.ts';
import { readSubTxns, type Txn, type TxnEntry } from '../../protocol/txn.ts';
import { canonical, type History, type HistoryRequest, requestsOf, type Violation } from './history.ts';
import { type Change, ModelTree, type Outcome } from './model-tree.ts';
import { outOfTime } from './real-time.ts';
import { sorted } from './sorted-names.ts';

/** The verdict, and what further checks need. */
export interface HistoryVerdict {
  readonly violations: readonly Violation[];
  /** The tree after the last transaction. */
  readonly tree: ModelTree;
  /** Sessions that live then, with their timeouts, ms. */
  readonly sessions: ReadonlyMap<bigint, number>;
  /** What each transaction changed, by zxid. */
  readonly changes: ReadonlyMap<bigint, readonly Change[]>;
  /** How much was looked at. */
  readonly counts: {
    readonly writes: number;
    readonly lost: number;
    readonly found: number;
    readonly reads: number;
  };
}

/** Refusals that concern the session and not the tree. */
const SESSION_FAULTS: ReadonlySet<number> = new Set([ERR.SESSIONEXPIRED, ERR.SESSIONMOVED]);

/** Operations that become transactions. */
export const WRITES: ReadonlySet<number> = new Set([
  OP.create,
  OP.create2,
  OP.createContainer,
  OP.createTTL,
  OP.delete,
  OP.setData,
  OP.setACL,
  OP.multi,
  OP.reconfig,
  OP.closeSession,
]);

/** What kind of service it was. */
export interface HistoryOptions {
  /** Several servers. Default: one. */
  readonly ensemble?: boolean;
}

/**
 * The log, oldest first, from the first transaction of a fresh server or ensemble on: what is committed, and
 * nothing else.
 */
export function checkHistory(
  history: History,
  log: readonly TxnEntry[],
  options: HistoryOptions = {},
): HistoryVerdict {
  return new HistoryCheck(history, log, options.ensemble ?? false).run();
}

const epochOf = (zxid: bigint): bigint => zxid >> 32n;
const counterOf = (zxid: bigint): bigint => zxid & 0xffffffffn;
const keyOf = (session: bigint, cxid: number): string => `${session}:${cxid}`;

class HistoryCheck {
  private readonly requests: readonly HistoryRequest[];
  private readonly history: History;
  private readonly log: readonly TxnEntry[];
  private readonly ensemble: boolean;
  private readonly violations: Violation[] = [];
  private readonly tree = new ModelTree();
  private readonly sessions = new Map<bigint, number>();
  private readonly ended = new Set<bigint>();
  private readonly changes = new Map<bigint, readonly Change[]>();
  private readonly writes = new Map<string, HistoryRequest>();
  private readonly readsAt = new Map<bigint, HistoryRequest[]>();
  /** The zxid the log gave to a write. */
  private readonly zxids = new Map<HistoryRequest, bigint>();
  /** Requests that the log refuses because of their session. */
  private readonly moved = new Set<HistoryRequest>();
  private reads = 0;

  constructor(history: History, log: readonly TxnEntry[], ensemble: boolean) {
    this.history = history;
    this.log = log;
    this.ensemble = ensemble;
    this.requests = requestsOf(history);
  }

  run(): HistoryVerdict {
    this.sortRequests();
    this.checkReads(0n);
    let last = 0n;
    for (const entry of this.log) {
      const { zxid } = entry.header;
      const begins = this.ensemble && epochOf(zxid) > epochOf(last) && counterOf(zxid) === 1n;
      if (zxid !== last + 1n && !begins)
        this.say('zxids have no gaps', `${hex0x(zxid)} follows ${hex0x(last)}`);
      this.checkReadsBefore(zxid, last);
      last = zxid;
      this.replay(entry);
      this.changes.set(zxid, this.tree.takeChanges());
      this.checkReads(zxid);
    }
    this.checkReadsBefore(undefined, last);
    this.checkAcknowledged(last);
    this.checkSessionOrder();
    this.checkRealTime();
    const lost = this.requests.filter((r) => WRITES.has(r.op) && r.reply === undefined);
    return {
      violations: this.violations,
      tree: this.tree,
      sessions: this.sessions,
      changes: this.changes,
      counts: {
        writes: this.writes.size,
        lost: lost.length,
        found: lost.filter((r) => this.zxids.has(r)).length,
        reads: this.reads,
      },
    };
  }

  private say(rule: string, text: string): void {
    this.violations.push({ rule, text });
  }

  private sortRequests(): void {
    for (const request of this.requests) {
      if (WRITES.has(request.op)) {
        const key = keyOf(request.session, request.cxid);
        if (this.writes.has(key)) this.say('one cxid, one request', `${key} was sent twice`);
        this.writes.set(key, request);
      } else if (request.reply !== undefined && READS.has(request.op)) {
        const { zxid } = request.reply;
        const list = this.readsAt.get(zxid);
        if (list === undefined) this.readsAt.set(zxid, [request]);
        else list.push(request);
      }
    }
  }

  private replay({ header, txn }: TxnEntry): void {
    const { clientId: session, cxid, zxid, time } = header;
    const at = { zxid, time, session };
    if (txn.type === OP.createSession) {
      if (this.sessions.has(session)) this.say('a session begins once', hex0x(session));
      this.sessions.set(session, txn.timeOut);
      return;
    }
    if (txn.type === OP.deleteContainer) {
      if (!this.tree.reap(txn.path, at))
        this.say('only idle containers are reaped', `${txn.path} at ${hex0x(zxid)}`);
      return;
    }
    const request = this.writes.get(keyOf(session, cxid));
    if (txn.type === OP.closeSession) this.closeSession(txn, request, at);
    else if (request === undefined) {
      this.say('nobody invents writes', `${hex0x(zxid)} is a ${opName(txn.type)} of ${keyOf(session, cxid)}`);
    } else this.write(request, txn, at);
  }

  private closeSession(
    txn: Txn & { type: typeof OP.closeSession },
    request: HistoryRequest | undefined,
    at: { zxid: bigint; time: bigint; session: bigint },
  ): void {
    // A client's own goodbye may come when its session has expired: through a learner that was cut off.
    const late = this.ensemble && this.ended.has(at.session) && (txn.paths2Delete ?? []).length === 0;
    if (!this.sessions.has(at.session) && !late) this.say('a session ends once', hex0x(at.session));
    this.sessions.delete(at.session);
    this.ended.add(at.session);
    const listed = txn.paths2Delete ?? [];
    const expected = this.tree.closeSession(at, listed).sort();
    const actual = [...listed].sort();
    if (canonical(expected) !== canonical(actual)) {
      const text = `${hex0x(at.session)}: the log deletes ${actual.join()}, its ephemerals are ${expected.join()}`;
      this.say('ephemerals go with their session', text);
    }
    if (request !== undefined) this.settle(request, at.zxid, { err: ERR.OK, body: {} });
  }

  private write(
    request: HistoryRequest,
    txn: Txn,
    at: { zxid: bigint; time: bigint; session: bigint },
  ): void {
    if (txn.type === OP.error && SESSION_FAULTS.has(txn.err)) {
      this.moved.add(request);
      this.settle(request, at.zxid, { err: txn.err, body: undefined });
      return;
    }
    if (this.ended.has(at.session)) this.say('nothing after the end of a session', this.tell(request));
    if (request.op === OP.reconfig) {
      this.reconfigured(request, txn, at.zxid);
      return;
    }
    const outcome = this.tree.write(request.op, request.body, at);
    if (outcome === undefined) return;
    const logged = txnResult(txn);
    if (logged !== outcome.err) {
      this.say(
        'the log holds what was asked',
        `${this.tell(request)}: ${logged} in the log, ${outcome.err} expected`,
      );
    }
    // A failed multi has results of its own; its header says OK.
    this.settle(request, at.zxid, request.op === OP.multi ? { err: ERR.OK, body: outcome.body } : outcome);
  }

  /** What the members should be, the model does not know: the answer is what the log says. */
  private reconfigured(request: HistoryRequest, txn: Txn, zxid: bigint): void {
    const answer = request.reply?.body as { readonly stat?: unknown } | undefined;
    const body = txn.type === OP.reconfig ? { data: txn.data, stat: answer?.stat } : undefined;
    this.settle(request, zxid, { err: txnResult(txn), body });
  }

  /** The log holds this request at that zxid, and it should have been answered so. */
  private settle(request: HistoryRequest, zxid: bigint, outcome: Outcome): void {
    const before = this.zxids.get(request);
    if (before !== undefined) {
      this.say('nothing is applied twice', `${this.tell(request)} at ${hex0x(before)} and ${hex0x(zxid)}`);
      return;
    }
    this.zxids.set(request, zxid);
    const { reply } = request;
    if (reply === undefined) return;
    if (reply.zxid !== zxid) {
      this.say(
        'a reply bears its zxid',
        `${this.tell(request)}: ${hex0x(reply.zxid)}, logged at ${hex0x(zxid)}`,
      );
    }
    const expected = canonical([outcome.err, outcome.err === ERR.OK ? (outcome.body ?? {}) : null]);
    const actual = canonical([reply.err, reply.err === ERR.OK ? (reply.body ?? {}) : null]);
    if (expected !== actual)
      this.say('replies are right', `${this.tell(request)}: ${actual}, expected ${expected}`);
  }

  /** A new leader bears the zxid of its epoch, of which there is no transaction, until there is the first. */
  private checkReadsBefore(zxid: bigint | undefined, last: bigint): void {
    if (!this.ensemble || (zxid !== undefined && epochOf(zxid) === epochOf(last))) return;
    for (const at of [...this.readsAt.keys()]) {
      if (counterOf(at) === 0n && at > last && (zxid === undefined || at < zxid)) this.checkReads(at);
    }
  }

  private checkReads(zxid: bigint): void {
    for (const read of this.readsAt.get(zxid) ?? []) {
      this.reads++;
      const expected = this.read(read);
      if (expected === undefined || read.reply === undefined) continue;
      const { err, body } = read.reply;
      const actual = { err, body: err === ERR.OK ? sorted(read.op, body) : undefined };
      if (canonical(expected) !== canonical(actual)) {
        const text = `${this.tell(read)} at ${hex0x(zxid)}: ${canonical(actual)}, expected ${canonical(expected)}`;
        this.say('reads are right', text);
      }
    }
    this.readsAt.delete(zxid);
  }

  private read({ op, body, session }: HistoryRequest): Outcome | undefined {
    const { tree } = this;
    if (op === OP.getEphemerals)
      return { err: ERR.OK, body: { ephemerals: tree.ephemeralsOf(session).sort() } };
    const { path } = body as PathWatchRequest;
    // Each server of an ensemble writes its configuration there itself.
    if (this.ensemble && path === SYSTEM_PATHS.config) return undefined;
    const node = tree.node(path);
    if (node === undefined) return { err: ERR.NONODE, body: undefined };
    const stat = tree.stat(path);
    const children = [...node.children].sort();
    switch (op) {
      case OP.exists:
        return { err: ERR.OK, body: { stat } };
      case OP.getData:
        return { err: ERR.OK, body: { data: node.data, stat } };
      case OP.getChildren:
        return { err: ERR.OK, body: { children } };
      case OP.getChildren2:
        return { err: ERR.OK, body: { children, stat } };
      default:
        return undefined;
    }
  }

  private checkAcknowledged(last: bigint): void {
    for (const request of this.writes.values()) {
      if (request.reply === undefined || this.zxids.has(request)) continue;
      // What the server refuses before it becomes a transaction: a full disk.
      if (request.reply.err === ERR.SYSTEMERROR) continue;
      // And what a learner refuses for a session that is not there, or not its own.
      if (this.ensemble && SESSION_FAULTS.has(request.reply.err)) continue;
      this.say(
        'nothing acknowledged is lost',
        `${this.tell(request)}, acknowledged at ${hex0x(request.reply.zxid)}`,
      );
    }
    for (const [zxid, reads] of this.readsAt) {
      for (const read of reads) {
        this.say(
          'no reply from the future',
          `${this.tell(read)} at ${hex0x(zxid)}, the log ends at ${hex0x(last)}`,
        );
      }
    }
  }

  /** A session's writes are in its order, and what it is told never goes back. */
  private checkSessionOrder(): void {
    const lastCxid = new Map<string, { cxid: number; zxid: bigint }>();
    for (const [request, zxid] of this.zxids) {
      // A request that comes late from where the session was before is refused there, in its own time.
      if (request.reply === undefined && this.moved.has(request)) continue;
      const who = this.whose(request.connection, request.session);
      const before = lastCxid.get(who);
      if (before !== undefined && before.cxid > request.cxid) {
        this.say(
          'a session keeps its order',
          `${this.tell(request)} at ${hex0x(zxid)} after cxid ${before.cxid}`,
        );
      }
      lastCxid.set(who, { cxid: request.cxid, zxid });
    }
    const lastSeen = new Map<string, bigint>();
    for (const { id, session, arrivals } of this.history.connections) {
      const who = this.whose(id, session);
      for (const arrival of arrivals) {
        if (arrival.kind !== 'reply' || arrival.request.cxid === XID.auth) continue;
        const zxid = arrival.request.reply?.zxid ?? 0n;
        const seen = lastSeen.get(who) ?? 0n;
        if (zxid < seen)
          this.say('zxids never fall in a session', `${this.tell(arrival.request)}: ${zxid} after ${seen}`);
        lastSeen.set(who, zxid > seen ? zxid : seen);
      }
    }
  }

  /** A session used by two clients keeps the order of each. */
  private whose(connection: number, session: bigint): string {
    return `${session} ${this.history.connections[connection]?.client ?? ''}`;
  }

  /**
   * What is sent after a write was answered comes after that write; a read then sees it, on one server. In an
   * ensemble it need not, but a sync does.
   */
  private checkRealTime(): void {
    const isCurrent = (op: number): boolean => (this.ensemble ? op === OP.sync : READS.has(op));
    const isWrite = (op: number): boolean => WRITES.has(op);
    for (const { request, zxid, after } of outOfTime(this.requests, this.zxids, { isWrite, isCurrent })) {
      this.say(
        'real time',
        `${this.tell(request)} at ${hex0x(zxid)}, sent after ${hex0x(after)} was answered`,
      );
    }
  }

  private tell({ session, cxid, op, body }: HistoryRequest): string {
    return `${opName(op)} ${(body as { path?: string })?.path ?? ''} (${hex0x(session)}, cxid ${cxid})`;
  }
}

const READS: ReadonlySet<number> = new Set([
  OP.exists,
  OP.getData,
  OP.getChildren,
  OP.getChildren2,
  OP.getEphemerals,
]);

/** The code a logged transaction stands for: of a failed multi the culprit's. */
function txnResult(txn: Txn): number {
  if (txn.type === OP.error) return txn.err;
  if (txn.type !== OP.multi) return ERR.OK;
  const codes = readSubTxns(txn).flatMap((part) => (part?.type === OP.error ? [part.err] : []));
  return codes.find((err) => err !== ERR.OK && err !== ERR.RUNTIMEINCONSISTENCY) ?? codes[0] ?? ERR.OK;
}
