/** Sessions that come, come back and expire, over all servers, and whether that is a storm. */
import type { ZktEvent } from '../../events/table.ts';
import { ServerSeconds, SILENT_SECONDS } from './server-seconds.ts';

/** What a storm can be of: new sessions, reconnects, expiries. */
export type StormKind = 'created' | 'resumed' | 'expired';

/** Sessions per second; -1 for what no server tells. */
export interface SessionRates {
  readonly created: number;
  readonly resumed: number;
  readonly expired: number;
  /** Sessions there are; -1 where it is not known. */
  readonly sessions: number;
}

/** A storm that blows. */
export interface Storm {
  readonly kind: StormKind;
  readonly perS: number;
  /** What would still be no storm. */
  readonly limitPerS: number;
}

/**
 * It is a storm when more happens in a second than this share of all sessions, and no less than this many: a
 * restart of one application among hundreds is none, and neither are three clients of five.
 */
const STORMS: Readonly<Record<StormKind, { readonly share: number; readonly atLeast: number }>> = {
  created: { share: 0.1, atLeast: 50 },
  resumed: { share: 0.05, atLeast: 20 },
  expired: { share: 0.02, atLeast: 5 },
};
const KINDS: readonly StormKind[] = ['created', 'resumed', 'expired'];

interface Told extends SessionRates {
  readonly second: number;
}

/** Seconds of history. */
const HISTORY_SECONDS = 120;
const NODES_MAX = 256;

/** See the head of the file. */
export class StormBoard {
  private readonly seconds = new ServerSeconds();
  private readonly nodes = new Map<string, Told>();
  private readonly past: ({ second: number } & Record<StormKind, number>)[] = [];
  private readonly peaks: Record<StormKind, number> = { created: -1, resumed: -1, expired: -1 };

  /** Takes `server.sampled`; other events tell nothing. */
  take({ name, node, time, fields }: ZktEvent): void {
    if (name !== 'server.sampled' || (this.nodes.size >= NODES_MAX && !this.nodes.has(node))) return;
    const second = this.seconds.of(node, time);
    if (second < 0) return;
    const { sessionsCreatedPerS: created, sessionsResumedPerS: resumed } = fields;
    const { sessionsExpiredPerS: expired, sessions } = fields;
    this.nodes.set(node, { second, created, resumed, expired, sessions });
    const now = this.now();
    for (const kind of KINDS) this.peaks[kind] = Math.max(this.peaks[kind], now[kind]);
    const entry = { second, created: now.created, resumed: now.resumed, expired: now.expired };
    if (this.past.at(-1)?.second === second) this.past[this.past.length - 1] = entry;
    else this.past.push(entry);
    if (this.past.length > HISTORY_SECONDS) this.past.shift();
  }

  /** The rates of the last second; sessions of an ensemble are known to each of its servers. */
  now(): SessionRates {
    const fresh = [...this.nodes.values()].filter(
      ({ second }) => second > this.seconds.newest - SILENT_SECONDS,
    );
    const sum = (kind: StormKind): number => {
      const known = fresh.map((told) => told[kind]).filter((value) => value >= 0);
      return known.length === 0 ? -1 : known.reduce((all, value) => all + value, 0);
    };
    return {
      created: sum('created'),
      resumed: sum('resumed'),
      expired: sum('expired'),
      sessions: Math.max(-1, ...fresh.map(({ sessions }) => sessions)),
    };
  }

  /** The highest rates since the beginning; -1 for what no server tells. */
  peak(): Readonly<Record<StormKind, number>> {
    return this.peaks;
  }

  /** A rate in each of the last seconds, oldest first; -1 where it was not told. */
  history(kind: StormKind, seconds: number): number[] {
    const found = this.past.slice(-seconds).map((each) => each[kind]);
    return [...new Array<number>(seconds - found.length).fill(-1), ...found];
  }

  /** The storms that blow; `rates` default to those of now. */
  storms(rates: Readonly<Record<StormKind, number>> = this.now()): Storm[] {
    const sessions = Math.max(0, this.now().sessions);
    return KINDS.flatMap((kind) => {
      const { share, atLeast } = STORMS[kind];
      const limitPerS = Math.max(atLeast, share * sessions);
      return rates[kind] > limitPerS ? [{ kind, perS: rates[kind], limitPerS }] : [];
    });
  }
}

const STORM_WORDS: Readonly<Record<StormKind, string>> = {
  created: 'new sessions',
  resumed: 'reconnects',
  expired: 'expiries',
};

/** A storm in words: `a storm of reconnects, 320 per second`. */
export const stormText = ({ kind, perS }: Storm): string =>
  `a storm of ${STORM_WORDS[kind]}, ${Math.round(perS)} per second`;
