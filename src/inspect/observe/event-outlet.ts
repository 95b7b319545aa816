/** Where all that an observer sees goes out: stamped, filtered, and to nobody once it is stopped. */
import { EventFilter, type FilterText } from '../../events/filter.ts';
import type { EventName, FieldsOf, ZktEvent } from '../../events/table.ts';
import type { Clock } from '../../ports/clock.ts';

/** What is said of the observing itself; no filter keeps it back. */
const ALWAYS = /^(source|feed)\./;

/** Where one watch tells what it sees. */
export interface Outlet {
  /** Whether an event of that name may be wanted: what nobody wants need not be asked for. */
  wants(name: EventName): boolean;
  /** An event that a server sent, and filtered. */
  pass(event: ZktEvent): void;
  /** An event made here, of what a server was seen to do or be. */
  emit<N extends EventName>(node: string, name: N, fields: FieldsOf<N>): void;
}

/** The outlet of one watch: when that ends, what it was about to tell is told no more. */
export class OutletGate implements Outlet {
  private readonly outlet: Outlet;
  private open = true;

  constructor(outlet: Outlet) {
    this.outlet = outlet;
  }

  /** For good. */
  shut(): void {
    this.open = false;
  }
  wants(name: EventName): boolean {
    return this.outlet.wants(name);
  }
  pass(event: ZktEvent): void {
    if (this.open) this.outlet.pass(event);
  }
  emit<N extends EventName>(node: string, name: N, fields: FieldsOf<N>): void {
    if (this.open) this.outlet.emit(node, name, fields);
  }
}

/** See the head of the file. */
export class EventOutlet implements Outlet {
  private readonly clock: Pick<Clock, 'wallMs'>;
  private readonly filter: EventFilter;
  private readonly names: ReadonlySet<EventName>;
  private readonly sequences = new Map<string, number>();
  private taker: ((event: ZktEvent) => void) | undefined;

  /** Throws ZKT_USAGE for a filter that is none. */
  constructor(clock: Pick<Clock, 'wallMs'>, filter: FilterText) {
    this.clock = clock;
    this.filter = new EventFilter(filter);
    this.names = new Set(this.filter.names);
  }

  /** From here on events go to `take`; undefined for nobody. */
  open(take: ((event: ZktEvent) => void) | undefined): void {
    this.taker = take;
  }

  wants(name: EventName): boolean {
    return this.names.has(name);
  }

  pass(event: ZktEvent): void {
    this.taker?.(event);
  }

  /**
   * Those of `source.*` and `feed.*` have the sequence number 0, as what a stream says of itself has it;
   * others are counted for each server.
   */
  emit<N extends EventName>(node: string, name: N, fields: FieldsOf<N>): void {
    const time = this.clock.wallMs();
    if (ALWAYS.test(name)) {
      this.taker?.({ name, node, seq: 0, time, fields } as ZktEvent);
      return;
    }
    if (!this.names.has(name)) return;
    const event = { name, node, seq: (this.sequences.get(node) ?? 0) + 1, time, fields } as ZktEvent;
    if (!this.filter.wants(event)) return;
    this.sequences.set(node, event.seq);
    this.taker?.(event);
  }
}
