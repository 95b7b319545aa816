/**
 * What `cons` and `dump` tell (facts 11.1), read line by line. Everything in them is foreign: lines that are
 * none are passed over, numbers are checked, and no more is kept than named here. Pure.
 */
import { parse64 } from '../../base/brands.ts';

/** Connections, sessions and buckets taken from one answer; the rest is passed over. */
const ENTRIES_MAX = 200_000;
/** The longest line of `cons`. */
const LINE_CHARS_MAX = 2_000;

/** A client's connection. */
export interface ConnectionLine {
  /** `address:port`. */
  readonly remote: string;
  /** Undefined for a connection without a session, such as that of a four-letter word. */
  readonly session: bigint | undefined;
  /** Of the session, ms; -1 where it is not told. */
  readonly timeoutMs: number;
  /** Requests so far. */
  readonly received: number;
}

/** Sessions that expire at the same time. */
export interface DumpBucket {
  /** Wall clock ms; undefined where the time zone is not understood. */
  readonly wallMs: number | undefined;
  readonly sessions: readonly bigint[];
}

/** What `dump` tells of sessions. */
export interface SessionDump {
  /** By time, the next first; of a leader or a server that stands alone. */
  readonly buckets: readonly DumpBucket[];
  /** Of a learner: timeouts of all sessions it knows, ms. */
  readonly timeouts: ReadonlyMap<bigint, number>;
  /** Ephemeral nodes, by session. */
  readonly ephemerals: ReadonlyMap<bigint, number>;
  readonly locals: ReadonlySet<bigint>;
}

const CONNECTION = /^ ?\/([^[\s]{1,64})\[[0-9a-f]{0,8}\]\(/;
const SESSION = /,sid=(0x[0-9a-f]{1,16})[,)]/;
const TIMEOUT = /,to=(\d{1,15})[,)]/;
const RECEIVED = /[(,]recved=(\d{1,15})[,)]/;

/** The lines of `cons`. */
export function parseCons(text: string): ConnectionLine[] {
  const found: ConnectionLine[] = [];
  for (const line of text.split('\n')) {
    const remote = CONNECTION.exec(line)?.[1];
    if (remote === undefined || line.length > LINE_CHARS_MAX) continue;
    if (found.length >= ENTRIES_MAX) break;
    found.push({
      remote,
      session: sessionOf(SESSION.exec(line)?.[1]),
      timeoutMs: Number(TIMEOUT.exec(line)?.[1] ?? -1),
      received: Number(RECEIVED.exec(line)?.[1] ?? 0),
    });
  }
  return found;
}

const sessionOf = (text: string | undefined): bigint | undefined => {
  const id = text?.startsWith('0x') === true ? parse64(text) : undefined;
  return id === 0n ? undefined : id;
};

const BUCKET = /^\d{1,9} expire at (.{1,60}):$/;
const LEARNER_SESSION = /^(0x[0-9a-f]{1,16})\t(\d{1,10})ms$/;

/** The text of `dump`. */
export function parseDump(text: string): SessionDump {
  const buckets: { wallMs: number | undefined; sessions: bigint[] }[] = [];
  const timeouts = new Map<bigint, number>();
  const ephemerals = new Map<bigint, number>();
  const locals = new Set<bigint>();
  let part: 'sessions' | 'ephemerals' = 'sessions';
  let local = false;
  let owner: bigint | undefined;
  let entries = 0;
  for (const line of text.split('\n')) {
    // What follows is of connections, `cons` tells more.
    if (line.startsWith('Connections dump:') || entries >= ENTRIES_MAX) break;
    if (line.startsWith('ephemeral nodes dump:')) part = 'ephemerals';
    else if (/^(Local |Global )?Session(s| Sets)/.test(line) && !line.includes('Ephemerals')) {
      local = line.startsWith('Local ');
    } else if (part === 'ephemerals') {
      if (line.startsWith('\t')) {
        if (owner !== undefined) ephemerals.set(owner, (ephemerals.get(owner) ?? 0) + 1);
      } else owner = sessionOf(line.replace(/:$/, ''));
      entries++;
    } else {
      entries++;
      const id = sessionLine(line, buckets, timeouts);
      if (id !== undefined && local) locals.add(id);
    }
  }
  const byTime = (at: number | undefined): number => at ?? Number.POSITIVE_INFINITY;
  buckets.sort((a, b) => (byTime(a.wallMs) === byTime(b.wallMs) ? 0 : byTime(a.wallMs) - byTime(b.wallMs)));
  return { buckets, timeouts, ephemerals, locals };
}

function sessionLine(
  line: string,
  buckets: { wallMs: number | undefined; sessions: bigint[] }[],
  timeouts: Map<bigint, number>,
): bigint | undefined {
  const bucket = BUCKET.exec(line);
  if (bucket !== null) {
    buckets.push({ wallMs: timeOf(bucket[1] as string), sessions: [] });
    return undefined;
  }
  if (line.startsWith('\t')) {
    const id = sessionOf(line.slice(1));
    if (id !== undefined) buckets.at(-1)?.sessions.push(id);
    return id;
  }
  const learner = LEARNER_SESSION.exec(line);
  const id = sessionOf(learner?.[1]);
  if (id !== undefined) timeouts.set(id, Number(learner?.[2]));
  return id;
}

/** `Sat Nov 21 14:19:57 UTC 2026`; undefined for zones that JavaScript has no name for. */
function timeOf(text: string): number | undefined {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
