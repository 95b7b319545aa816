/**
 * What a server remembers of its events for those who come later: of what is worth a line in its log, and of
 * what is not, each a bounded number. Connections that come and go must not push the last election out.
 */
import { Ring } from '../../base/ring.ts';
import { type Bus, namesAtLevel, type Subscription } from '../../events/bus.ts';
import { EVENTS, type ZktEvent } from '../../events/table.ts';

/** Events kept: of `info` level and above, and of `debug`. */
const IMPORTANT_MAX = 3_000;
const OTHERS_MAX = 10_000;

/** See the head of the file. Remembers from its making on. */
export class EventPast {
  private readonly important = new Ring<ZktEvent>(IMPORTANT_MAX);
  private readonly others = new Ring<ZktEvent>(OTHERS_MAX);
  private readonly subscription: Subscription;

  constructor(bus: Bus) {
    this.subscription = bus.subscribe({
      names: namesAtLevel('debug'),
      take: (event) => (isImportant(event) ? this.important : this.others).push(event),
    });
  }

  /** Events that were forgotten. */
  get forgotten(): number {
    return this.important.dropped + this.others.dropped;
  }

  /**
   * The last `count` that are wanted, in the order they happened; where there are more, half of them of what
   * is worth a line. `wanted` is asked for each event that is remembered, in order.
   */
  last(count: number, wanted: (event: ZktEvent) => boolean): ZktEvent[] {
    const all = inOrder([...this.important, ...this.others]).filter(wanted);
    if (all.length <= count) return all;
    const important = all.filter(isImportant);
    const others = all.filter((event) => !isImportant(event));
    // Of each half, unless there are not as many of the other.
    const half = Math.ceil(count / 2);
    const most = Math.min(important.length, Math.max(half, count - others.length));
    return inOrder([...lastOf(important, most), ...lastOf(others, count - most)]);
  }

  /** Remembers nothing more. */
  close(): void {
    this.subscription.close();
  }
}

const isImportant = ({ name }: ZktEvent): boolean => EVENTS[name].level !== 'debug';
const inOrder = (events: ZktEvent[]): ZktEvent[] => events.sort((a, b) => a.seq - b.seq);
const lastOf = (events: ZktEvent[], count: number): ZktEvent[] => (count === 0 ? [] : events.slice(-count));
