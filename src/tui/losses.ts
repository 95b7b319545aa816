/** What did not reach the dashboard, by server: nothing that is lost is lost in silence. */
import type { EventName, ZktEvent } from '../events/table.ts';

/** What losses are made of. */
export const LOSS_NAMES: readonly EventName[] = ['feed.dropped', 'feed.began'];

const SERVERS_MAX = 64;

/**
 * Events that were there and were not sent, by node: we read too slowly, or were away for too long. Bounded:
 * what is beyond `SERVERS_MAX` servers is counted together.
 */
export class Losses {
  private readonly counts = new Map<string, number>();

  /** By node. */
  get byNode(): ReadonlyMap<string, number> {
    return this.counts;
  }

  /** Takes an event of `LOSS_NAMES`. */
  take({ name, node, fields }: ZktEvent): void {
    if (name === 'feed.began') this.add(node, fields.forgotten);
    // What a budget leaves out was never made.
    else if (name === 'feed.dropped' && fields.why !== 'budget') this.add(node, fields.count);
  }

  private add(node: string, events: number): void {
    if (events <= 0) return;
    const key = this.counts.has(node) || this.counts.size < SERVERS_MAX ? node : 'others';
    this.counts.set(key, (this.counts.get(key) ?? 0) + events);
  }
}
