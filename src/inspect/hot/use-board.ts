/** What is used most over all servers of an ensemble: a reducer over samples. */
import type { FieldsOf, ZktEvent } from '../../events/table.ts';
import { ServerSeconds } from './server-seconds.ts';
import { NO_USE, perSecond, type Use, UseSums } from './use-sums.ts';

/** Kinds of keys, as `hot.sampled` names them. */
export const USE_KINDS = ['path', 'client', 'session', 'op'] as const;
/** One of the kinds. */
export type UseKind = (typeof USE_KINDS)[number];

/** Keys kept of each kind; those not heard of for the longest time go first. */
const KEYS_MAX = 400;
const KEYS_LEFT = 300;
/** Servers told of for one key. */
const NODES_MAX = 32;

/** One key. Uses are per second. */
export interface UseRow {
  readonly kind: UseKind;
  readonly key: string;
  readonly use: Use;
  /** Its share of all that is used by the measure asked for, 0..1. */
  readonly share: number;
  /** The servers where it is used, the most first. */
  readonly nodes: readonly { readonly node: string; readonly perS: number }[];
  /** Requests in each second of the last minute, oldest first; -1 before anything was told. */
  history(): readonly number[];
}

/** What the order and the shares are made by. */
export type UseMeasure = keyof Use;

interface KeyUse {
  readonly sums: UseSums;
  readonly nodes: Map<string, { second: number; perS: number }>;
}

/** Seconds of history in a row. */
const HISTORY_SECONDS = 60;
/** A server's last word on a key counts for that long, seconds. */
const FRESH_SECONDS = 3;
/** Samples are taken no more seldom. */
const SPREAD_SECONDS_MAX = 30;

/** See the head of the file. */
export class UseBoard {
  private readonly seconds = new ServerSeconds();
  private readonly keys: Readonly<Record<UseKind, Map<string, KeyUse>>> = {
    path: new Map(),
    client: new Map(),
    session: new Map(),
    op: new Map(),
  };
  /** All requests, as far as operations tell. */
  private readonly all = new UseSums();
  /** Seconds that were told of; as far back as is kept. */
  private firstSecond = -1;

  /** Takes `hot.sampled`, and `server.sampled` for what nobody asked for; other events tell nothing. */
  take({ name, node, time, fields }: ZktEvent): void {
    // A server of zkt that nobody asks anything has no hot keys to tell of: that is no silence.
    if (name === 'server.sampled' && fields.kind === 'zkt' && fields.requestsPerS === 0) {
      this.idle(node, time);
    }
    if (name !== 'hot.sampled' || !(USE_KINDS as readonly string[]).includes(fields.kind)) return;
    const second = this.seconds.of(node, time);
    if (second < 0) return;
    if (this.firstSecond < 0) this.firstSecond = second;
    const kind = fields.kind as UseKind;
    const known = this.keyOf(kind, fields.key);
    addTo(known.sums, second, fields);
    if (kind === 'op') addTo(this.all, second, fields);
    if (known.nodes.size < NODES_MAX || known.nodes.has(node)) {
      known.nodes.set(node, { second, perS: fields.ms > 0 ? (fields.count / fields.ms) * 1000 : 0 });
    }
  }

  private idle(node: string, time: number): void {
    const second = this.seconds.of(node, time);
    if (second < 0) return;
    if (this.firstSecond < 0) this.firstSecond = second;
    this.all.add(second, NO_USE);
  }

  /** True once any server has told of anything. */
  get told(): boolean {
    return this.firstSecond >= 0;
  }

  /** Seconds that were told of so far. */
  get spanSeconds(): number {
    return this.told ? this.seconds.settled - this.firstSecond + 1 : 0;
  }

  /** When all servers have told of last, wall clock ms; -1 before the first. */
  get settledMs(): number {
    return this.told ? this.seconds.settled * 1000 : -1;
  }

  /** All requests per second, over the last `seconds`; 'all' for as long as was listened. */
  total(seconds: number | 'all'): Use {
    return this.rate(this.all, seconds);
  }

  /** Requests in each of the last `seconds`, oldest first; -1 before anything was told. */
  history(seconds: number): number[] {
    return this.historyOf(this.all, seconds);
  }

  /** The keys of a kind that were used in the last `seconds` ('all': so far), the most by `measure` first. */
  rows(kind: UseKind, measure: UseMeasure, seconds: number | 'all'): UseRow[] {
    const whole = this.total(seconds)[measure];
    const { settled } = this.seconds;
    const rows: UseRow[] = [];
    for (const [key, { sums, nodes }] of this.keys[kind]) {
      const use = this.rate(sums, seconds);
      if (use.count <= 0) continue;
      rows.push({
        ...{ kind, key, use },
        share: whole > 0 ? Math.min(1, use[measure] / whole) : 0,
        nodes: nodesOf(nodes, settled),
        history: () => this.historyOf(sums, HISTORY_SECONDS),
      });
    }
    return rows.sort((a, b) => b.use[measure] - a.use[measure] || (a.key < b.key ? -1 : 1));
  }

  private historyOf(sums: UseSums, seconds: number): number[] {
    const untold = seconds - this.spanSeconds;
    return sums.history(this.seconds.settled, seconds).map((count, i) => (i < untold ? -1 : count));
  }

  private rate(sums: UseSums, seconds: number | 'all'): Use {
    if (!this.told) return NO_USE;
    if (seconds === 'all') return sums.known(perSecond(sums.total, this.spanSeconds));
    const shown = Math.min(seconds, this.spanSeconds);
    return sums.known(perSecond(sums.sum(this.seconds.settled, shown), shown));
  }

  private keyOf(kind: UseKind, key: string): KeyUse {
    const keys = this.keys[kind];
    let known = keys.get(key);
    if (known === undefined) {
      if (keys.size >= KEYS_MAX) forgetOldest(keys);
      known = { sums: new UseSums(), nodes: new Map() };
      keys.set(key, known);
    }
    return known;
  }
}

/** What was counted over several seconds is spread over them. */
function addTo(sums: UseSums, second: number, { count, writes, bytes, ms }: FieldsOf<'hot.sampled'>): void {
  const seconds = Math.min(SPREAD_SECONDS_MAX, Math.max(1, Math.round(ms / 1000)));
  const part = (value: number): number => (value < 0 ? value : value / seconds);
  for (let i = seconds - 1; i >= 0; i--) {
    sums.add(second - i, { count: part(count), writes: part(writes), bytes: part(bytes) });
  }
}

function forgetOldest(keys: Map<string, KeyUse>): void {
  const byAge = [...keys].sort(([, a], [, b]) => a.sums.newest - b.sums.newest);
  for (const [key] of byAge.slice(0, keys.size - KEYS_LEFT)) keys.delete(key);
}

const nodesOf = (nodes: KeyUse['nodes'], settled: number): UseRow['nodes'] =>
  [...nodes]
    .filter(([, { second }]) => second > settled - FRESH_SECONDS)
    .map(([node, { perS }]) => ({ node, perS }))
    .sort((a, b) => b.perS - a.perS || (a.node < b.node ? -1 : 1));
