/** What the pane of sessions knows: expiry buckets, sessions, who moved, who expired. */
import { hex0x } from '../../../base/brands.ts';
import { Ring } from '../../../base/ring.ts';
import type { EventName, FieldsOf, ZktEvent } from '../../../events/table.ts';
import { kept, keptText } from '../../kept.ts';
import { PerSecond } from '../../per-second.ts';
import { Seen } from '../../seen.ts';

/** Sessions that are kept; samples push out those heard of longest ago. */
export const SESSIONS_MAX = 2_000;
/** Last events kept of a session. */
export const EVENTS_MAX = 40;
/** Last moves between buckets kept. */
const MOVES_MAX = 64;
/** Last expiries kept. */
const EXPIRIES_MAX = 32;
/** Servers whose buckets are kept. */
const NODES_MAX = 64;
/** Buckets of a server that are kept. */
const BUCKETS_MAX = 4_096;
/** Samples of one round lie no further apart; a bucket not sampled in the last round is gone. */
const ROUND_MS = 700;
/** Two times of one bucket, as samples tell them, are no further apart, ms. */
const MOVED_MS = 50;
/** Seconds that rates are kept for. */
const RATE_SECONDS = 62;

/** A session. Numbers below 0 and empty texts are not known. */
export interface SessionRow {
  readonly id: bigint;
  /** `0x…` */
  readonly key: string;
  /** The id of the server that serves it. */
  server: number;
  remote: string;
  client: string;
  timeoutMs: number;
  /** When it expires unless it is heard of, wall clock ms. */
  expiresMs: number;
  ephemerals: number;
  watches: number;
  local: boolean;
  /** Last heard of, wall clock ms. */
  seenMs: number;
  /** When it last moved to another bucket, wall clock ms. */
  movedMs: number;
  ended: { readonly how: 'expired' | 'closed'; readonly atMs: number } | undefined;
  /** What happened to it last. */
  events: Ring<ZktEvent> | undefined;
}

/** A session went from one bucket to another; wall clock ms. */
export interface Move {
  readonly session: bigint;
  readonly atMs: number;
  /** Below 0 when not known. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** A session expired. */
export interface Expiry {
  readonly key: string;
  readonly atMs: number;
  readonly timeoutMs: number;
  readonly who: string;
}

/** The expiry buckets of one server. */
export interface NodeBuckets {
  readonly node: string;
  /** By the time of the bucket on the monotonic clock of the server. */
  readonly buckets: Map<number, { sessions: number; readonly sampledMs: number }>;
  /** Wall clock minus monotonic clock, ms. */
  offsetMs: number;
  tickMs: number;
  sampledMs: number;
}

/** See the head of the file. */
export interface SessionsState {
  /** By id; those heard of longest ago first. */
  readonly rows: Map<bigint, SessionRow>;
  readonly nodes: Map<string, NodeBuckets>;
  /** Sessions by server, as the servers say. */
  readonly totals: Map<string, number>;
  readonly moves: Ring<Move>;
  readonly expiries: Ring<Expiry>;
  readonly rates: { readonly moves: PerSecond; readonly attached: PerSecond; readonly expired: PerSecond };
  readonly seen: Seen;
}

/** What the pane reads. */
export const SESSION_NAMES: readonly EventName[] = [
  'session.created',
  'session.resumed',
  'session.refused',
  'session.attached',
  'session.sampled',
  'session.bucket-sampled',
  'session.touched',
  'session.expired',
  'session.moved',
  'session.upgraded',
  'session.closed',
  'connection.closed',
  'request.received',
  'server.sampled',
  'feed.dropped',
];

/** An empty state. */
export const emptySessions = (): SessionsState => ({
  rows: new Map(),
  nodes: new Map(),
  totals: new Map(),
  moves: new Ring<Move>(MOVES_MAX),
  expiries: new Ring<Expiry>(EXPIRIES_MAX),
  rates: {
    moves: new PerSecond(RATE_SECONDS),
    attached: new PerSecond(RATE_SECONDS),
    expired: new PerSecond(RATE_SECONDS),
  },
  seen: new Seen(),
});

/** Takes an event in. */
export function takeSession(state: SessionsState, event: ZktEvent): void {
  switch (event.name) {
    case 'request.received': {
      const row = state.rows.get(event.fields.session);
      if (row !== undefined) note(row, event);
      return;
    }
    case 'session.touched':
      touched(state, event.node, event.time, event.fields, event);
      return;
    case 'session.sampled':
      sampled(state, event.time, event.fields);
      return;
    case 'session.bucket-sampled':
      bucketSampled(state, event.node, event.time, event.fields);
      return;
    case 'server.sampled':
      if (state.totals.size < NODES_MAX || state.totals.has(event.node)) {
        state.totals.set(event.node, event.fields.sessions);
      }
      return;
    case 'feed.dropped':
      state.seen.take(event);
      return;
    default:
      happened(state, event);
  }
}

/** What happens to single sessions now and then. */
function happened(state: SessionsState, event: ZktEvent): void {
  const { node, time } = event;
  switch (event.name) {
    case 'session.created': {
      const { session, timeoutMs, bucketMs } = event.fields;
      const dueMs = bucketTime(state, node, bucketMs);
      const row = rowOf(state, session, time);
      if (dueMs !== undefined && (row === undefined || row.expiresMs < 0)) shift(state, node, dueMs, 1);
      if (row === undefined) return;
      row.timeoutMs = timeoutMs;
      row.expiresMs = dueMs ?? time + timeoutMs;
      note(row, event);
      return;
    }
    case 'session.attached': {
      state.rates.attached.add(time);
      const row = rowOf(state, event.fields.session, time);
      if (row === undefined) return;
      const { remote, client, timeoutMs } = event.fields;
      row.server = /^\d{1,9}$/.test(node) ? Number(node) : -1;
      row.remote = keptText(remote);
      if (client !== '') row.client = keptText(client);
      row.timeoutMs = timeoutMs;
      if (row.expiresMs < 0) row.expiresMs = time + timeoutMs;
      note(row, event);
      return;
    }
    case 'session.expired':
      expired(state, event.time, event.fields, event);
      return;
    case 'session.closed': {
      const row = state.rows.get(event.fields.session);
      if (row === undefined) return;
      if (row.ended === undefined && row.expiresMs >= 0) shift(state, node, row.expiresMs, -1);
      row.ended ??= { how: 'closed', atMs: time };
      row.seenMs = time;
      note(row, event);
      return;
    }
    case 'session.resumed':
    case 'session.refused':
    case 'session.moved':
    case 'session.upgraded':
    case 'connection.closed': {
      const row = state.rows.get(event.fields.session);
      if (row !== undefined) note(row, event);
      return;
    }
    default:
  }
}

/** When a bucket is due, wall clock ms; undefined while the clocks of the server are not known. */
function bucketTime(state: SessionsState, node: string, bucketMs: number): number | undefined {
  const known = state.nodes.get(node);
  return known === undefined || bucketMs <= 0 ? undefined : known.offsetMs + bucketMs;
}

/** The row of a session; a new one while there is room, undefined when there is none. */
function rowOf(state: SessionsState, id: bigint, seenMs: number): SessionRow | undefined {
  const known = state.rows.get(id);
  if (known !== undefined) {
    known.seenMs = seenMs;
    return known;
  }
  if (state.rows.size >= SESSIONS_MAX) {
    const [oldest] = state.rows.values();
    if (oldest?.ended === undefined) return undefined;
    state.rows.delete(oldest.id);
  }
  const row: SessionRow = {
    id,
    key: hex0x(id),
    server: -1,
    remote: '',
    client: '',
    timeoutMs: -1,
    expiresMs: -1,
    ephemerals: -1,
    watches: -1,
    local: false,
    seenMs,
    movedMs: -1,
    ended: undefined,
    events: undefined,
  };
  state.rows.set(id, row);
  return row;
}

function note(row: SessionRow, event: ZktEvent): void {
  row.events ??= new Ring<ZktEvent>(EVENTS_MAX);
  row.events.push(kept(event));
}

function touched(
  state: SessionsState,
  node: string,
  time: number,
  { session, bucketMs }: FieldsOf<'session.touched'>,
  event: ZktEvent,
): void {
  state.rates.moves.add(time);
  const row = state.rows.get(session);
  const toMs = bucketTime(state, node, bucketMs);
  if (toMs !== undefined) {
    if (row !== undefined && row.expiresMs >= 0) shift(state, node, row.expiresMs, -1);
    shift(state, node, toMs, 1);
    state.moves.push({ session, atMs: time, fromMs: row?.expiresMs ?? -1, toMs });
  }
  if (row === undefined) return;
  row.expiresMs = toMs ?? time + Math.max(0, row.timeoutMs);
  row.seenMs = time;
  row.movedMs = time;
  note(row, event);
}

/** A session came to a bucket or left it since the buckets were sampled. */
function shift(state: SessionsState, node: string, atMs: number, by: number): void {
  const known = state.nodes.get(node);
  if (known === undefined || !(known.tickMs > 0)) return;
  const bucketMs = Math.round((atMs - known.offsetMs) / known.tickMs) * known.tickMs;
  const bucket = known.buckets.get(bucketMs);
  if (bucket !== undefined && known.sampledMs - bucket.sampledMs <= ROUND_MS) bucket.sessions += by;
  else if (by > 0 && known.buckets.size < BUCKETS_MAX) {
    known.buckets.set(bucketMs, { sessions: by, sampledMs: known.sampledMs });
  }
}

function sampled(state: SessionsState, time: number, fields: FieldsOf<'session.sampled'>): void {
  const { session, server, remote, client, timeoutMs, leftMs, ephemerals, watches, local } = fields;
  if (state.rows.size >= SESSIONS_MAX && !state.rows.has(session)) {
    for (const [oldest] of state.rows) {
      state.rows.delete(oldest);
      break;
    }
  }
  const row = rowOf(state, session, time);
  if (row === undefined || row.ended !== undefined) return;
  // Heard of: the last to be pushed out.
  state.rows.delete(session);
  state.rows.set(session, row);
  if (server >= 0n) row.server = Number(server);
  if (remote !== '') row.remote = keptText(remote);
  if (client !== '') row.client = keptText(client);
  if (timeoutMs >= 0) row.timeoutMs = timeoutMs;
  if (leftMs >= 0) {
    // Moves that were not told one by one are seen by the next sample.
    const fromMs = row.expiresMs;
    if (fromMs >= 0 && time + leftMs - fromMs > MOVED_MS) {
      state.rates.moves.add(time);
      state.moves.push({ session, atMs: time, fromMs, toMs: time + leftMs });
      row.movedMs = time;
    }
    row.expiresMs = time + leftMs;
  }
  if (ephemerals >= 0) row.ephemerals = ephemerals;
  if (watches >= 0) row.watches = watches;
  row.local = local;
}

function bucketSampled(
  state: SessionsState,
  node: string,
  time: number,
  { bucketMs, inMs, sessions, tickMs }: FieldsOf<'session.bucket-sampled'>,
): void {
  let known = state.nodes.get(node);
  if (known === undefined) {
    if (state.nodes.size >= NODES_MAX) return;
    known = { node, buckets: new Map(), offsetMs: 0, tickMs, sampledMs: time };
    state.nodes.set(node, known);
  }
  if (time - known.sampledMs > ROUND_MS) {
    for (const [at, bucket] of known.buckets)
      if (time - bucket.sampledMs > ROUND_MS) known.buckets.delete(at);
  }
  known.offsetMs = time + inMs - bucketMs;
  known.tickMs = tickMs;
  known.sampledMs = time;
  if (known.buckets.size < BUCKETS_MAX || known.buckets.has(bucketMs)) {
    known.buckets.set(bucketMs, { sessions, sampledMs: time });
  }
}

function expired(
  state: SessionsState,
  time: number,
  { session, timeoutMs }: FieldsOf<'session.expired'>,
  event: ZktEvent,
): void {
  state.rates.expired.add(time);
  const row = rowOf(state, session, time);
  const who = row === undefined ? '' : [row.client, row.remote].filter((it) => it !== '').join(' ');
  state.expiries.push({ key: hex0x(session), atMs: time, timeoutMs, who });
  if (row === undefined) return;
  if (row.expiresMs >= 0) shift(state, event.node, row.expiresMs, -1);
  row.timeoutMs = timeoutMs;
  row.ended = { how: 'expired', atMs: time };
  note(row, event);
}
