/** What did not reach the dashboard, by server: nothing that is lost is lost in silence. */
import type { EventName, ZktEvent } from '../events/table.ts';

/** What losses are made of. */
export const LOSS_NAMES: readonly EventName[] = ['feed.dropped', 'feed.began'];

/** What one server's stream left out. */
export interface Loss {
  /** Events that were there and were not sent: we read too slowly, or were away for too long. */
  readonly events: number;
  /** For how long no single requests were told, since no more were asked for, ms. */
  readonly skippedMs: number;
}

const SERVERS_MAX = 64;

/** Counts by node. Bounded: what is beyond `SERVERS_MAX` servers is counted together. */
export class Losses {
  private readonly counts = new Map<string, { events: number; skippedMs: number }>();

  /** By node. */
  get byNode(): ReadonlyMap<string, Loss> {
    return this.counts;
  }

  /** Takes an event of `LOSS_NAMES`. */
  take({ name, node, fields }: ZktEvent): void {
    if (name === 'feed.began') {
      if (fields.forgotten > 0) this.of(node).events += fields.forgotten;
    } else if (name === 'feed.dropped') {
      const loss = this.of(node);
      if (fields.why === 'budget') loss.skippedMs += Math.max(0, fields.ms);
      else loss.events += Math.max(0, fields.count);
    }
  }

  private of(node: string): { events: number; skippedMs: number } {
    const key = this.counts.has(node) || this.counts.size < SERVERS_MAX ? node : 'others';
    let loss = this.counts.get(key);
    if (loss === undefined) {
      loss = { events: 0, skippedMs: 0 };
      this.counts.set(key, loss);
    }
    return loss;
  }
}
