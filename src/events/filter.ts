/**
 * Which events a listener wants: the one grammar of `/events?…`, `zkt events`, the dashboards and recordings.
 *
 *     names   patterns, comma between: `request.*,zab.committed`; default all
 *     level   that level and above: trace, debug, info, warn, error
 *     session `0x…`: what concerns that session, and the transactions it made, wherever they go
 *     path    a path and what is below it
 *     op      operations by name, comma between: `setData,create2`
 *     zxid    `0x…`, or a range `0x…-0x…`
 *     node    servers by id, comma between
 *
 * Conditions are joined by "and". A filter follows: a request whose arrival matched matches in all its later
 * stages, which know no path any more, and a transaction once its zxid is known. What is said of everything
 * up to a zxid (`log.synced`, `zab.acked`, an ACK) matches when it is the first to cover a transaction
 * followed.
 */
import { parse64 } from '../base/brands.ts';
import { ZktError } from '../base/errors.ts';
import { EVENT_NAMES, EVENTS, type EventLevel, type EventName, type ZktEvent } from './table.ts';

/** The keys of a filter, in the order of help. */
export const FILTER_KEYS = ['names', 'level', 'session', 'path', 'op', 'zxid', 'node'] as const;
/** A key of a filter. */
export type FilterKey = (typeof FILTER_KEYS)[number];
/** A filter as text, by key; see the head of the file. */
export type FilterText = { readonly [K in FilterKey]?: string | undefined };

const LEVELS: readonly EventLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];
/** Requests and transactions followed at a time; the oldest are forgotten. */
const FOLLOWED_MAX = 4_096;
/** Of a session's events, those that name a transaction it made. */
const MAKES: ReadonlySet<EventName> = new Set<EventName>([
  'request.prepared',
  'request.logged',
  'request.applied',
  'zab.proposed',
  'zab.proposal-received',
]);
/** What is said of everything up to a zxid; packets of type ACK (3) are, too. */
const UP_TO: ReadonlySet<EventName> = new Set<EventName>(['log.synced', 'zab.acked']);
const ACK = 3;

type Fields = Readonly<Record<string, string | number | boolean | bigint | undefined>>;

/** See the head of the file. Stateful: give it every event, in order. */
export class EventFilter {
  /** The names that can match at all: what to subscribe to. */
  readonly names: readonly EventName[];
  private readonly session: bigint | undefined;
  private readonly path: string | undefined;
  private readonly ops: ReadonlySet<string> | undefined;
  private readonly zxids: { readonly from: bigint; readonly to: bigint } | undefined;
  private readonly nodes: ReadonlySet<string> | undefined;
  /** True when there is a condition on what an event is about, and not only on what it is. */
  private readonly about: boolean;
  private readonly requests = new Set<string>();
  private readonly txns = new Set<bigint>();
  /** The last of them. */
  private newest = -1n;
  /** What was said last of everything up to a zxid, by who said it. */
  private readonly covered = new Map<string, bigint>();

  /** Throws `ZKT_USAGE` for a text that is no filter. */
  constructor(text: FilterText) {
    const patterns = listOf(text.names) ?? ['*'];
    const level = text.level ?? 'trace';
    if (!LEVELS.includes(level as EventLevel))
      throw bad(`level is one of ${LEVELS.join(', ')}, not ${level}`);
    this.names = namesOf(patterns).filter(
      (n) => LEVELS.indexOf(EVENTS[n].level) >= LEVELS.indexOf(level as EventLevel),
    );
    this.session = text.session === undefined ? undefined : hexOf('session', text.session);
    this.path = text.path;
    if (text.path !== undefined && !text.path.startsWith('/'))
      throw bad(`path begins with /, not ${text.path}`);
    const ops = listOf(text.op);
    this.ops = ops === undefined ? undefined : new Set(ops);
    this.zxids = text.zxid === undefined ? undefined : rangeOf(text.zxid);
    const nodes = listOf(text.node);
    this.nodes = nodes === undefined ? undefined : new Set(nodes);
    this.about = [this.session, this.path, this.ops, this.zxids].some((it) => it !== undefined);
  }

  /** Whether a listener wants the event. What a stream says of itself is always wanted. */
  wants(event: ZktEvent): boolean {
    if (event.name === 'feed.dropped' || event.name === 'feed.began') return true;
    if (this.nodes !== undefined && !this.nodes.has(event.node)) return false;
    if (!this.about) return true;
    const fields = event.fields as Fields;
    if (this.matches(fields)) {
      this.follow(event.name, fields);
      return true;
    }
    return this.follows(event, fields);
  }

  private matches(fields: Fields): boolean {
    const { session, path, ops, zxids } = this;
    if (session !== undefined && fields.session !== session) return false;
    if (path !== undefined && !isUnder(path, fields.path)) return false;
    if (ops !== undefined && !(typeof fields.op === 'string' && ops.has(fields.op))) return false;
    if (zxids === undefined) return true;
    const { zxid } = fields;
    return typeof zxid === 'bigint' && zxid >= zxids.from && zxid <= zxids.to;
  }

  private follow(name: EventName, { session, cxid, zxid }: Fields): void {
    if (name.startsWith('request.') && session !== undefined && cxid !== undefined) {
      remember(this.requests, `${session}/${cxid}`);
    }
    if (!MAKES.has(name) || typeof zxid !== 'bigint' || zxid <= 0n) return;
    remember(this.txns, zxid);
    if (zxid > this.newest) this.newest = zxid;
  }

  private follows({ name, node }: ZktEvent, fields: Fields): boolean {
    const { session, cxid, zxid } = fields;
    if (session !== undefined) {
      if (cxid === undefined || !this.requests.has(`${session}/${cxid}`)) return false;
      this.follow(name, fields);
      return true;
    }
    if (typeof zxid !== 'bigint') return false;
    if (UP_TO.has(name) || fields.type === ACK) return this.coversMore(`${name} ${node} ${fields.sid}`, zxid);
    return this.txns.has(zxid);
  }

  private coversMore(who: string, zxid: bigint): boolean {
    const before = this.covered.get(who) ?? -1n;
    if (zxid <= before) return false;
    this.covered.set(who, zxid);
    // Mostly all of them are long covered: they are not gone through again with every write of others.
    if (this.newest <= before) return false;
    for (const txn of this.txns) if (txn > before && txn <= zxid) return true;
    return false;
  }
}

/** A filter as the query of `/events`: `names=request.*&path=%2Fa`; empty for one that wants all. */
export function filterQuery(text: FilterText): string {
  const said = FILTER_KEYS.flatMap((key) => {
    const value = text[key];
    return value === undefined ? [] : [`${key}=${encodeURIComponent(value)}`];
  });
  return said.join('&');
}

const bad = (why: string): ZktError => new ZktError('ZKT_USAGE', { why });

const listOf = (text: string | undefined): string[] | undefined =>
  text
    ?.split(',')
    .map((it) => it.trim())
    .filter((it) => it !== '');

function namesOf(patterns: readonly string[]): EventName[] {
  const names = new Set<EventName>();
  for (const pattern of patterns) {
    const stem = pattern.endsWith('*') ? pattern.slice(0, -1) : undefined;
    const found = EVENT_NAMES.filter((n) => (stem === undefined ? n === pattern : n.startsWith(stem)));
    if (found.length === 0) throw bad(`no event is called ${pattern}; docs/events.md lists them`);
    for (const name of found) names.add(name);
  }
  return [...names];
}

function hexOf(key: string, text: string): bigint {
  const value = /^0x[0-9a-f]{1,16}$/i.test(text) ? parse64(text.slice(2)) : undefined;
  if (value === undefined) throw bad(`${key} is a hex number such as 0x1000a2b3c4d0001, not ${text}`);
  return value;
}

function rangeOf(text: string): { from: bigint; to: bigint } {
  const [from = '', to = from, ...more] = text.split('-');
  if (more.length > 0) throw bad(`zxid is 0x… or 0x…-0x…, not ${text}`);
  return { from: hexOf('zxid', from), to: hexOf('zxid', to) };
}

const isUnder = (parent: string, path: unknown): boolean => {
  if (typeof path !== 'string') return false;
  return path === parent || parent === '/' || path.startsWith(parent.endsWith('/') ? parent : `${parent}/`);
};

/** Adds to a set that forgets its oldest. */
function remember<T>(set: Set<T>, item: T): void {
  set.add(item);
  if (set.size <= FOLLOWED_MAX) return;
  for (const oldest of set) {
    set.delete(oldest);
    return;
  }
}
