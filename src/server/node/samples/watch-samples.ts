/** `watch.sampled`: the paths and the clients with the most watches. */
import type { ClientLink } from '../../net/client-link.ts';
import { type WatchEntry, WatchLedger } from '../../watch/watch-ledger.ts';
import type { WatchRegistry } from '../../watch/watch-registry.ts';
import { clientKey, cutKey } from './sample-keys.ts';
import type { SampleEvents, SampleMoment, SampleTaker } from './watched-process.ts';

/** Entries told of, of each kind. */
const ENTRIES_TOLD = 20;
/**
 * Paths, and watchers, looked at for a sample: about a ms. Of more it takes some samples until all were seen.
 */
const STEPS = 5_000;

/** What an entry had come to at the sample before. */
type Totals = Map<string | ClientLink, { readonly added: number; readonly fired: number }>;

/** See the head of the file. */
export class WatchSamples implements SampleTaker {
  private readonly events: SampleEvents;
  private registry: WatchRegistry<ClientLink> | undefined;
  private ledger: WatchLedger<ClientLink> | undefined;
  private before: Totals = new Map();

  constructor(events: SampleEvents) {
    this.events = events;
  }

  take({ running, nowMs }: SampleMoment): void {
    const registry = running.server?.registry;
    if (!this.events.on['watch.sampled'] || registry === undefined) {
      this.rest();
      return;
    }
    if (registry !== this.registry) {
      this.rest();
      this.registry = registry;
    }
    this.ledger ??= new WatchLedger(registry, ENTRIES_TOLD);
    this.ledger.look(STEPS);
    const totals: Totals = new Map();
    for (const entry of this.ledger.topPaths(nowMs)) this.tell('path', entry.key, entry, totals);
    for (const entry of this.ledger.topWatchers(nowMs)) this.tell('client', nameOf(entry.key), entry, totals);
    this.before = totals;
  }

  rest(): void {
    this.registry = undefined;
    this.ledger = undefined;
    this.before = new Map();
  }

  /** Of an entry that has just come to be told of, what was before is not known: it begins with 0. */
  private tell(kind: string, key: string, entry: WatchEntry<string | ClientLink>, totals: Totals): void {
    const { watches, neverFired, oldestMs, added, fired } = entry;
    const before = this.before.get(entry.key) ?? entry;
    totals.set(entry.key, { added, fired });
    this.events.emit('watch.sampled', {
      kind,
      key: cutKey(key),
      watches,
      neverFired,
      oldestMs: Math.max(0, Math.round(oldestMs)),
      added: Math.max(0, added - before.added),
      fired: Math.max(0, fired - before.fired),
    });
  }
}

/** One connection: with its port, since one host may have many. */
const nameOf = ({ remote, clientName }: ClientLink): string => clientKey(clientName, remote);
