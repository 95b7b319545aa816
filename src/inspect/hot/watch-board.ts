/** Who watches what, and leaks: a reducer over `watch.sampled`, merged over servers. */
import type { ZktEvent } from '../../events/table.ts';
import { ServerSeconds, SILENT_SECONDS } from './server-seconds.ts';

/** Kinds of keys, as `watch.sampled` names them. */
export const WATCH_KINDS = ['path', 'client'] as const;
/** One of the kinds. */
export type WatchKind = (typeof WATCH_KINDS)[number];

/** One path, or one client, over all servers; -1 for what none of them tells. */
export interface WatchRow {
  readonly kind: WatchKind;
  readonly key: string;
  readonly watches: number;
  /** Of them, those at paths where no watch ever fired. */
  readonly neverFired: number;
  /** Age of the oldest, ms. */
  readonly oldestMs: number;
  /** Watches more, or fewer, in a minute, from what was seen of it so far; 0 while that is too short. */
  readonly growthPerMin: number;
  /** Watches set and events fired since the sample before: in the last second. */
  readonly added: number;
  readonly fired: number;
  readonly nodes: readonly string[];
  /** How many watches there were, second by second, oldest first; at most a minute. */
  readonly history: readonly number[];
}

/** Orders of rows: by watches, by growth, by the age of the oldest. */
export type WatchOrder = 'watches' | 'growth' | 'age';

/** Keys kept of each kind. */
const KEYS_MAX = 200;
const HISTORY_SECONDS = 60;
/** Servers tell of watches no more seldom, seconds. */
const EVERY_SECONDS_MAX = 60;
/** Growth is told when a key was seen for so long, seconds. */
const GROWTH_SECONDS_MIN = 2;

/** What one server said last of a key, and how many watches it had before. */
type Told = Omit<WatchRow, 'kind' | 'key' | 'growthPerMin' | 'nodes' | 'history'> & {
  readonly second: number;
  readonly past: Past;
};

/** Numbers of watches by second, oldest first; a minute of them. */
type Past = { second: number; watches: number }[];

interface KeyWatches {
  /** What each server said last. */
  readonly nodes: Map<string, Told>;
  /** Second and number of watches over all servers. */
  readonly history: Past;
}

/** See the head of the file. */
export class WatchBoard {
  private readonly seconds = new ServerSeconds();
  /**
   * The newest second in which a server told of watches at all, and how many there were since the one before.
   */
  private readonly told = new Map<string, { readonly second: number; readonly every: number }>();
  private readonly keys: Readonly<Record<WatchKind, Map<string, KeyWatches>>> = {
    path: new Map(),
    client: new Map(),
  };

  /** Takes `watch.sampled`; other events tell nothing. */
  take({ name, node, time, fields }: ZktEvent): void {
    if (name !== 'watch.sampled' || (fields.kind !== 'path' && fields.kind !== 'client')) return;
    const second = this.seconds.of(node, time);
    if (second < 0) return;
    const last = this.told.get(node);
    if (last === undefined) this.told.set(node, { second, every: 1 });
    else if (second > last.second) {
      this.told.set(node, { second, every: Math.min(EVERY_SECONDS_MAX, second - last.second) });
    }
    const { watches, neverFired, oldestMs, added, fired } = fields;
    const known = this.keyOf(fields.kind, fields.key);
    const before = known.nodes.get(node);
    const awaited = (this.told.get(node)?.every ?? 1) + SILENT_SECONDS;
    const past = before === undefined || before.second < second - awaited ? [] : before.past;
    note(past, second, watches);
    known.nodes.set(node, { second, watches, neverFired, oldestMs, added, fired, past });
    const now = this.live(known).reduce((sum, [, of]) => sum + of.watches, 0);
    note(known.history, second, now);
  }

  /** The keys of a kind that are watched now. */
  rows(kind: WatchKind, order: WatchOrder): WatchRow[] {
    const rows: WatchRow[] = [];
    for (const [key, known] of this.keys[kind]) {
      const live = this.live(known);
      if (live.length > 0) rows.push(rowOf(kind, key, live, known.history));
    }
    const by: Readonly<Record<WatchOrder, (row: WatchRow) => number>> = {
      watches: (row) => row.watches,
      growth: (row) => row.growthPerMin,
      age: (row) => row.oldestMs,
    };
    const value = by[order];
    return rows.sort((a, b) => value(b) - value(a) || b.watches - a.watches || (a.key < b.key ? -1 : 1));
  }

  /** What servers say that still tell of the key, and go on telling. */
  private live({ nodes }: KeyWatches): [string, Told][] {
    const { newest } = this.seconds;
    return [...nodes].filter(([node, { second }]) => {
      const last = this.told.get(node);
      if (last === undefined || second < last.second - 1) return false;
      return last.second + last.every > newest - SILENT_SECONDS;
    });
  }

  private keyOf(kind: WatchKind, key: string): KeyWatches {
    const keys = this.keys[kind];
    let known = keys.get(key);
    if (known === undefined) {
      if (keys.size >= KEYS_MAX) forgetOldest(keys);
      known = { nodes: new Map(), history: [] };
      keys.set(key, known);
    }
    return known;
  }
}

function note(past: Past, second: number, watches: number): void {
  const last = past.at(-1);
  if (last !== undefined && last.second >= second) last.watches = watches;
  else past.push({ second, watches });
  if (past.length > HISTORY_SECONDS) past.shift();
}

/** How many watches more in a minute, from what one server said; 0 while that is too short. */
function growthOf({ past, second, watches }: Told): number {
  const first = past[0];
  const seconds = first === undefined ? 0 : second - first.second;
  return first === undefined || seconds < GROWTH_SECONDS_MIN ? 0 : ((watches - first.watches) / seconds) * 60;
}

function forgetOldest(keys: Map<string, KeyWatches>): void {
  let oldest: string | undefined;
  let second = Number.POSITIVE_INFINITY;
  for (const [key, { history }] of keys) {
    const last = history.at(-1)?.second ?? -1;
    if (last < second) [oldest, second] = [key, last];
  }
  if (oldest !== undefined) keys.delete(oldest);
}

function rowOf(
  kind: WatchKind,
  key: string,
  live: readonly [string, Told][],
  history: KeyWatches['history'],
): WatchRow {
  const sum = (of: (told: Told) => number): number => live.reduce((all, [, told]) => all + of(told), 0);
  const known = (of: (told: Told) => number): number =>
    live.every(([, told]) => of(told) < 0) ? -1 : sum((told) => Math.max(0, of(told)));
  return {
    ...{ kind, key },
    watches: sum((told) => told.watches),
    neverFired: known((told) => told.neverFired),
    oldestMs: Math.max(...live.map(([, told]) => told.oldestMs)),
    growthPerMin: sum(growthOf),
    added: known((told) => told.added),
    fired: known((told) => told.fired),
    nodes: live.map(([node]) => node).sort(),
    history: history.map(({ watches }) => watches),
  };
}
