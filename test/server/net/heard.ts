import { Bus } from '../../../src/events/bus.ts';
import { EVENT_NAMES, type EventName, type ZktEvent } from '../../../src/events/table.ts';

/** A bus with one listener that keeps everything. */
export class Heard {
  readonly all: ZktEvent[] = [];
  readonly bus = new Bus('test', { wallMs: () => 0 });

  constructor() {
    this.bus.subscribe({ names: EVENT_NAMES, take: (event) => this.all.push(event) });
  }

  /** The events of that name, in order. */
  named<N extends EventName>(name: N): (ZktEvent & { name: N })[] {
    return this.all.filter((e): e is ZktEvent & { name: N } => e.name === name);
  }
}
