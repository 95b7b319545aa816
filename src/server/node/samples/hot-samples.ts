/** `hot.sampled`: what clients ask for most. Requests are looked at only while somebody listens. */
import { Prng } from '../../../base/prng.ts';
import type { Random } from '../../../ports/random.ts';
import { HOT_KINDS, HotTables } from '../hot-tables.ts';
import type { ServingServer } from '../serving-server.ts';
import type { SampleEvents, SampleMoment, SampleTaker } from './watched-process.ts';

/** Keys told of, of each kind. */
const KEYS_TOLD = 20;
const SEEDS = 2 ** 32;

/** See the head of the file. */
export class HotSamples implements SampleTaker {
  private readonly events: SampleEvents;
  private readonly tables: HotTables;
  private server: ServingServer | undefined;

  constructor(events: SampleEvents, random: Random) {
    this.events = events;
    this.tables = new HotTables(new Prng(random.below(SEEDS)));
  }

  take({ running, ms }: SampleMoment): void {
    if (!this.events.on['hot.sampled']) {
      this.rest();
      return;
    }
    const { server } = running;
    if (server !== this.server) this.rest();
    else if (server !== undefined) this.tell(ms);
    this.server = server;
    if (server !== undefined) server.hot = this.tables;
    this.tables.restart(ms);
  }

  rest(): void {
    if (this.server !== undefined) this.server.hot = undefined;
    this.server = undefined;
  }

  private tell(ms: number): void {
    for (const kind of HOT_KINDS) {
      for (const { key, count, error, writes, bytes } of this.tables.top(kind, KEYS_TOLD)) {
        // What is certain: a key that came late is not given what others had before it.
        const certain = Math.round(count - error);
        this.events.emit('hot.sampled', { kind, key, count: certain, writes, bytes, ms: Math.round(ms) });
      }
    }
  }
}
