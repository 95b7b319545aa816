/** How much of what happens is seen: what feeds say they left out. */
import type { ZktEvent } from '../events/table.ts';
import { PerSecond } from './per-second.ts';

/** Servers whose losses are kept. */
const NODES_MAX = 256;
/** Over how many seconds the share is taken. */
const SECONDS = 10;

interface Losses {
  /** Ms of silence by budget, by the second they were told in. */
  readonly silentMs: PerSecond;
  /** Events lost since we read too slowly. */
  slow: number;
  /** Lines that were no events, or events of another release. */
  garbled: number;
}

/** What was lost of a server. */
export interface Loss {
  readonly node: string;
  /** Share of the last seconds in which everything was told (0..1). */
  readonly share: number;
  /** Events lost since we read too slowly. */
  readonly slow: number;
  /** Lines that were no events, or events of another release. */
  readonly garbled: number;
}

/** See the head of the file. */
export class Seen {
  private readonly nodes = new Map<string, Losses>();

  /** Reads `feed.dropped`; other events tell nothing. */
  take({ name, node, time, fields }: ZktEvent): void {
    if (name !== 'feed.dropped') return;
    let losses = this.nodes.get(node);
    if (losses === undefined) {
      if (this.nodes.size >= NODES_MAX) return;
      losses = { silentMs: new PerSecond(SECONDS + 1), slow: 0, garbled: 0 };
      this.nodes.set(node, losses);
    }
    if (fields.why === 'budget') losses.silentMs.add(time, Math.max(0, fields.ms));
    else if (fields.why === 'garbage') losses.garbled += Math.max(0, fields.count);
    else losses.slow += Math.max(0, fields.count);
  }

  /** What was lost of each server that anything was lost of, by name. */
  losses(nowMs: number): Loss[] {
    return [...this.nodes]
      .map(([node, { silentMs, slow, garbled }]) => {
        const silent = silentMs.last(SECONDS, nowMs).reduce((sum, ms) => sum + ms, 0);
        return { node, share: 1 - Math.min(1, silent / (SECONDS * 1000)), slow, garbled };
      })
      .filter(({ share, slow, garbled }) => share < 1 || slow > 0 || garbled > 0)
      .sort((a, b) => (a.node < b.node ? -1 : 1));
  }

  /** The share of the time in which all servers told everything; 1 when nothing was left out. */
  share(nowMs: number): number {
    return this.losses(nowMs).reduce((least, { share }) => Math.min(least, share), 1);
  }
}
