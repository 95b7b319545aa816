/**
 * Is there an order of operations that explains what clients saw, without believing a single zxid? The search
 * of Wing and Gong, a key (node) at a time: of the operations that may be next, since none ended before they
 * began, one after the other is tried on a small model, and a state that was seen before is not tried again.
 *
 * Writes are looked at, and reads behind a `sync`, which must be as new; other reads may be old. An operation
 * without an answer may have happened at any time, or never. When the search grows too large the answer is
 * not known, which counts as a failure.
 */
import { createTraits } from '../../protocol/create-mode.ts';
import { ERR } from '../../protocol/error-codes.ts';
import type {
  CreateRequest,
  DeleteRequest,
  PathWatchRequest,
  SetDataRequest,
} from '../../protocol/messages.ts';
import type { MultiOp, MultiResult } from '../../protocol/multi.ts';
import { OP, opName } from '../../protocol/opcodes.ts';
import type { Stat } from '../../protocol/stat.ts';
import type { History, HistoryConnection, HistoryRequest, Violation } from './history.ts';

/** A node as the model sees it; undefined while there is none. */
type KeyState = { readonly version: number; readonly data: string } | undefined;

/** One operation on one key. */
interface KeyOp {
  readonly text: string;
  readonly from: number;
  /** Infinite for a lost one. */
  readonly to: number;
  /** The state afterwards; `null` where it cannot happen in that state. */
  readonly apply: (state: KeyState) => KeyState | null;
}

/** The verdict, and how much was searched. */
export interface WingGongVerdict {
  readonly violations: readonly Violation[];
  readonly keys: number;
  readonly operations: number;
}

const STATES_MAX = 300_000;

/** See the head of the file. */
export function checkLinearizable(history: History): WingGongVerdict {
  const keys = new Keys();
  for (const connection of history.connections) keys.take(connection);
  const violations: Violation[] = [];
  let operations = 0;
  let count = 0;
  for (const [path, ops] of keys.all()) {
    count++;
    operations += ops.length;
    const answer = search(ops);
    if (answer === undefined) continue;
    const rule =
      answer === 'unknown' ? 'an order of operations can be searched for' : 'there is an order of operations';
    const list = ops.length > 12 ? '' : `: ${ops.map((op) => op.text).join('; ')}`;
    violations.push({
      rule,
      text: `${path}, ${ops.length} operations${answer === 'unknown' ? '' : `, ${answer}`}${list}`,
    });
  }
  return { violations, keys: count, operations };
}

/** Sorts operations by the node they concern. */
class Keys {
  private readonly byPath = new Map<string, KeyOp[]>();
  /** Nodes that clients made, by the name they have. */
  private readonly made = new Set<string>();
  /** Nodes that the server itself names or removes: no clients' operations explain them. */
  private readonly excluded = new Set<string>();

  *all(): Iterable<[string, KeyOp[]]> {
    for (const [path, ops] of this.byPath) {
      if (this.made.has(path) && !this.excluded.has(path)) yield [path, ops];
    }
  }

  take({ requests }: HistoryConnection): void {
    let syncSent: number | undefined;
    let syncDone = Number.POSITIVE_INFINITY;
    for (const request of requests) {
      if (request.op === OP.sync && request.reply?.err === ERR.OK) {
        syncSent = request.sentMs;
        syncDone = request.reply.atMs;
      } else if (request.op === OP.getData && syncSent !== undefined && syncDone <= request.sentMs) {
        this.read(request, syncSent);
      } else if (request.op === OP.multi) this.multi(request);
      else this.write(request);
    }
  }

  private add(path: string, op: KeyOp): void {
    const list = this.byPath.get(path);
    if (list === undefined) this.byPath.set(path, [op]);
    else list.push(op);
  }

  private read({ body, reply }: HistoryRequest, from: number): void {
    if (reply === undefined || (reply.err !== ERR.OK && reply.err !== ERR.NONODE)) return;
    const { path } = body as PathWatchRequest;
    const got = reply.body as { data: Buffer | null; stat: Stat } | undefined;
    const apply = (state: KeyState): KeyState | null => {
      if (got === undefined) return state === undefined ? state : null;
      const same =
        state !== undefined && state.data === textOf(got.data) && state.version === got.stat.version;
      return same ? state : null;
    };
    this.add(path, {
      text: `read ${got === undefined ? 'none' : `v${got.stat.version}`}`,
      from,
      to: reply.atMs,
      apply,
    });
  }

  private multi(request: HistoryRequest): void {
    const { reply, sentMs: from } = request;
    const ops = request.body as MultiOp[];
    const results = reply?.body as MultiResult[] | undefined;
    const failed = reply !== undefined && (reply.err !== ERR.OK || results?.some((r) => r.op === OP.error));
    ops.forEach((part, i) => {
      if (part.op === OP.getData || part.op === OP.getChildren) return;
      if ('flags' in part.req) this.sort(part.req);
      if (failed) return;
      const stat = (results?.[i] as { stat?: Stat } | undefined)?.stat;
      const outcome = reply === undefined ? undefined : { err: ERR.OK, stat };
      this.addWrite(part.op, part.req as unknown, from, reply?.atMs, outcome);
    });
  }

  private write({ op, body, sentMs, reply }: HistoryRequest): void {
    if (op === OP.create || op === OP.create2 || op === OP.createContainer || op === OP.createTTL) {
      this.sort(body as CreateRequest);
      if (op === OP.createContainer || op === OP.createTTL) this.excluded.add((body as CreateRequest).path);
    }
    const stat = (reply?.body as { stat?: Stat } | undefined)?.stat;
    const outcome = reply === undefined ? undefined : { err: reply.err, stat };
    this.addWrite(op, body, sentMs, reply?.atMs, outcome);
  }

  private sort({ path, flags }: Pick<CreateRequest, 'path' | 'flags'>): void {
    const traits = createTraits(flags);
    if (traits === undefined || traits.ephemeral || traits.sequential || traits.ttl) this.excluded.add(path);
    else this.made.add(path);
  }

  private addWrite(
    op: number,
    body: unknown,
    from: number,
    to = Number.POSITIVE_INFINITY,
    outcome: { err: number; stat: Stat | undefined } | undefined,
  ): void {
    const apply = effectOf(op, body, outcome);
    if (apply === undefined) return;
    const err = outcome === undefined ? 'lost' : outcome.err === ERR.OK ? 'ok' : `${outcome.err}`;
    const { path } = body as { path: string };
    this.add(path, { text: `${opName(op)} ${err}`, from, to, apply });
  }
}

const textOf = (data: Buffer | null): string => (data === null ? 'null' : data.toString('latin1'));

/** What an operation does to the model, given its answer; undefined where it says nothing. */
function effectOf(
  op: number,
  body: unknown,
  outcome: { err: number; stat: Stat | undefined } | undefined,
): KeyOp['apply'] | undefined {
  const err = outcome?.err ?? ERR.OK;
  const wants = (version: number, state: KeyState): boolean =>
    state !== undefined && (version === -1 || version === state.version);
  switch (op) {
    case OP.create:
    case OP.create2: {
      const { data } = body as CreateRequest;
      if (err === ERR.NODEEXISTS) return (state) => (state === undefined ? null : state);
      if (err !== ERR.OK) return undefined;
      return (state) => (state === undefined ? { version: 0, data: textOf(data) } : null);
    }
    case OP.setData: {
      const { data, version } = body as SetDataRequest;
      if (err === ERR.NONODE) return (state) => (state === undefined ? state : null);
      if (err === ERR.BADVERSION)
        return (state) => (state !== undefined && !wants(version, state) ? state : null);
      if (err !== ERR.OK) return undefined;
      const told = outcome?.stat?.version;
      return (state) => {
        if (state === undefined || !wants(version, state)) return null;
        if (told !== undefined && told !== state.version + 1) return null;
        return { version: state.version + 1, data: textOf(data) };
      };
    }
    case OP.delete: {
      const { version } = body as DeleteRequest;
      if (err === ERR.NONODE) return (state) => (state === undefined ? state : null);
      if (err === ERR.BADVERSION)
        return (state) => (state !== undefined && !wants(version, state) ? state : null);
      if (err !== ERR.OK) return undefined;
      return (state) => (wants(version, state) ? undefined : null);
    }
    case OP.check: {
      const { version } = body as DeleteRequest;
      return err === ERR.OK ? (state) => (wants(version, state) ? state : null) : undefined;
    }
    default:
      return undefined;
  }
}

/** Undefined when there is an order; else how far one could be found, or `unknown`. */
function search(all: readonly KeyOp[]): string | undefined {
  const ops = [...all].sort((a, b) => a.from - b.from);
  const done = new Uint8Array(ops.length);
  const answered = ops.filter((op) => op.to !== Number.POSITIVE_INFINITY).length;
  const seen = new Set<string>();
  let best = 0;
  let states = 0;
  /** Operations before this one are done, as far as they must be. */
  const explore = (state: KeyState, first: number, count: number): boolean | 'unknown' => {
    if (count === answered) return true;
    best = Math.max(best, count);
    while (done[first] === 1) first++;
    const key = `${first} ${done.slice(first, first + 64).join('')} ${lostBehind(ops, done, first)} ${state?.version} ${state?.data}`;
    if (seen.has(key)) return false;
    seen.add(key);
    if (++states > STATES_MAX) return 'unknown';
    let soonestEnd = Number.POSITIVE_INFINITY;
    for (let i = first; i < ops.length && (ops[i] as KeyOp).from <= soonestEnd; i++) {
      if (done[i] !== 1) soonestEnd = Math.min(soonestEnd, (ops[i] as KeyOp).to);
    }
    for (let i = first; i < ops.length; i++) {
      const op = ops[i] as KeyOp;
      if (op.from > soonestEnd) break;
      if (done[i] === 1) continue;
      const next = op.apply(state);
      if (next === null) continue;
      done[i] = 1;
      const answer = explore(next, first, count + (op.to === Number.POSITIVE_INFINITY ? 0 : 1));
      if (answer !== false) return answer;
      done[i] = 0;
    }
    return false;
  };
  const answer = explore(undefined, 0, 0);
  if (answer === true) return undefined;
  return answer === 'unknown' ? 'unknown' : `${best} of ${answered} can be put in order`;
}

/** Which operations further on are done: with few exceptions none. */
function lostBehind(ops: readonly KeyOp[], done: Uint8Array, first: number): string {
  let text = '';
  for (let i = first + 64; i < ops.length; i++) if (done[i] === 1) text += `${i},`;
  return text;
}
