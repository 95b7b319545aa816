/**
 * `session.sampled` and `session.bucket-sampled` out of what `dump` and `cons` tell: of a leader, or a server
 * that stands alone, the sessions nearest to their expiry; of a learner those whose clients are connected to
 * it.
 */
import type { FieldsOf } from '../../events/table.ts';
import type { ConnectionLine, DumpBucket, SessionDump } from './session-words.ts';

/** As many as a server of zkt tells of in one sample. */
const SESSIONS_MAX = 200;
const BUCKETS_MAX = 500;
/** A bucket is in the past for less than that, and no further ahead than a timeout; else clocks differ. */
const PAST_MS_MAX = 5_000;
const AHEAD_MS_MAX = 24 * 3_600_000;
const UNKNOWN = -1;
const NO_SERVER = -1n;

/** What sessions are told from. */
export interface SessionFacts {
  /** -1 for a server that stands alone. */
  readonly sid: bigint;
  readonly dump: SessionDump;
  readonly connections: readonly ConnectionLine[];
  /** Watches by session; empty where it is not known. */
  readonly watches: ReadonlyMap<bigint, number>;
  /** -1 where it is not known. */
  readonly tickMs: number;
  readonly nowWallMs: number;
}

/** The samples of one round. */
export interface SessionSamples {
  readonly buckets: readonly FieldsOf<'session.bucket-sampled'>[];
  readonly sessions: readonly FieldsOf<'session.sampled'>[];
  /** The server's wall clock is not ours: times are counted from the next bucket on. */
  readonly clockDiffers: boolean;
}

/** See the head of the file. Pure. */
export function sampleSessions(facts: SessionFacts): SessionSamples {
  const { dump, connections, tickMs } = facts;
  const timed = sizesOf(dump.buckets);
  const first = timed[0]?.[0] ?? 0;
  const last = timed.at(-1)?.[0] ?? 0;
  const { nowWallMs } = facts;
  const clockDiffers =
    timed.length > 0 && (first < nowWallMs - PAST_MS_MAX || last > nowWallMs + AHEAD_MS_MAX);
  const now = clockDiffers ? first : nowWallMs;
  const buckets = timed.slice(0, BUCKETS_MAX).map(([wallMs, sessions]) => ({
    ...{ bucketMs: wallMs, inMs: Math.round(wallMs - now), sessions, tickMs },
  }));
  const here = new Map<bigint, ConnectionLine>();
  for (const line of connections) if (line.session !== undefined) here.set(line.session, line);
  const sessions: FieldsOf<'session.sampled'>[] = [];
  const tell = (session: bigint, bucketMs: number): void => {
    sessions.push({
      session,
      bucketMs,
      leftMs: bucketMs < 0 ? UNKNOWN : Math.round(bucketMs - now),
      ...rest(session),
    });
  };
  const rest = (session: bigint) => {
    const line = here.get(session);
    return {
      server: line === undefined ? NO_SERVER : facts.sid,
      remote: line?.remote ?? '',
      client: '',
      timeoutMs:
        line === undefined || line.timeoutMs < 0 ? (dump.timeouts.get(session) ?? UNKNOWN) : line.timeoutMs,
      ephemerals: dump.ephemerals.get(session) ?? 0,
      watches: facts.watches.get(session) ?? UNKNOWN,
      local: dump.locals.has(session),
    };
  };
  for (const { wallMs, sessions: ids } of dump.buckets) {
    for (const id of ids) if (sessions.length < SESSIONS_MAX) tell(id, wallMs ?? UNKNOWN);
  }
  if (dump.buckets.length === 0) {
    for (const id of here.keys()) if (sessions.length < SESSIONS_MAX) tell(id, UNKNOWN);
  }
  return { buckets, sessions, clockDiffers };
}

/**
 * Sessions by time, the next first. Times are told in whole seconds, so several buckets may have the same.
 */
function sizesOf(buckets: readonly DumpBucket[]): [number, number][] {
  const sizes = new Map<number, number>();
  for (const { wallMs, sessions } of buckets) {
    if (wallMs !== undefined && sessions.length > 0) {
      sizes.set(wallMs, (sizes.get(wallMs) ?? 0) + sessions.length);
    }
  }
  return [...sizes].sort(([a], [b]) => a - b);
}
