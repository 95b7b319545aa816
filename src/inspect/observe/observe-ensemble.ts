/**
 * Watches an ensemble, whatever its servers are: as one stream of events.
 *
 * The servers that are named are asked who else there is; each server has a watch of its own, so that one
 * that hangs holds up nobody. Who belongs to the ensemble is asked again as it changes.
 */
import { Prng } from '../../base/prng.ts';
import type { ServerAddress } from '../../client/connect-string.ts';
import type { FilterText } from '../../events/filter.ts';
import type { ZktEvent } from '../../events/table.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HttpAsking } from '../../ports/http.ts';
import type { Net } from '../../ports/net.ts';
import type { Timer, Timers } from '../../ports/timers.ts';
import type { Member, Membership } from '../../server/quorum/membership.ts';
import { clientAddressOf } from '../ensemble/judge.ts';
import { plainHost } from '../ensemble/server-answer.ts';
import { readConfiguration } from '../ensemble/survey.ts';
import type { EventSource } from '../source.ts';
import { askerId } from './election-probe.ts';
import { EventOutlet } from './event-outlet.ts';
import { Rest } from './rest.ts';
import { placeOf, Roster } from './roster.ts';
import { ServerWatch, type WatchOwner, type WatchWorld } from './server-watch.ts';

/** What it takes to observe. */
export interface ObserverPorts {
  readonly net: Net;
  readonly http: HttpAsking;
  readonly timers: Timers;
  readonly clock: Clock;
  /** Reads the configuration as a client; default: over a session of the client library. */
  readonly configuration?: (
    servers: readonly ServerAddress[],
    timeoutMs: number,
  ) => Promise<Membership | undefined>;
}

/** Whom to observe, and how. */
export interface ObserverOptions {
  /** At least one; the others are found. */
  readonly servers: readonly ServerAddress[];
  readonly filter?: FilterText | undefined;
  /** `trace` events a second and server; undefined for all. */
  readonly budget?: number | undefined;
  /** Events of before to begin with, of each server. */
  readonly last?: number | undefined;
  /** For HTTP admins that want one. Sent to the servers that are named and to the members they name. */
  readonly token?: string | undefined;
  /** A server that has not answered a question after so long hangs. */
  readonly timeoutMs: number;
  /** Servers that tell no events are asked so often, ms. Default 1000. */
  readonly pollMs?: number | undefined;
}

const POLL_MS = 1000;
/** Watches at a time: the members of an ensemble, at most 255, and those that were named. */
const WATCHES_MAX = 300;
/** Servers may tell the configuration themselves before a session is opened to read it, ms. */
const FIRST_WORDS_MS = 300;
/** A session to read the configuration is opened no more often than that. */
const READ_AGAIN_MS = 60_000;
/** After a reconfiguration, the new configuration is read so much later. */
const SETTLED_MS = 1_000;
/** How often it is asked whether there is a new configuration, and how many servers are. */
const ASK_MS = 30_000;
const ASKED_MAX = 3;
/** Those that were named say in this time who they are. */
const UNREACHABLE_MS = 3_000;

/** Begins when it is started. Throws ZKT_USAGE for a filter that is none. See the head of the file. */
export function observeEnsemble(ports: ObserverPorts, options: ObserverOptions): EventSource {
  return new EnsembleObserver(ports, options);
}

class EnsembleObserver implements EventSource, WatchOwner {
  private readonly ports: ObserverPorts;
  private readonly options: ObserverOptions;
  private readonly world: WatchWorld;
  private readonly outlet: EventOutlet;
  private readonly rest: Rest;
  private readonly watches: ServerWatch[] = [];
  /** Members whose client port nobody tells. */
  private readonly unreachable = new Set<number>();
  private readonly told = new Set<number>();
  private asking: Timer | undefined;
  private reading: Promise<void> | undefined;
  private readMs = Number.NEGATIVE_INFINITY;

  constructor(ports: ObserverPorts, options: ObserverOptions) {
    this.ports = ports;
    this.options = options;
    const { net, http, timers, clock } = ports;
    const { filter = {}, budget, last = 0, token, timeoutMs, pollMs = POLL_MS } = options;
    const random = new Prng(Math.floor(clock.wallMs() * 1000) >>> 0);
    this.outlet = new EventOutlet(clock, filter);
    this.world = {
      ...{ net, http, timers, clock, filter, budget, last, token, timeoutMs, pollMs },
      random,
      askerId: askerId(random),
      outlet: this.outlet,
      roster: new Roster(),
    };
    this.rest = new Rest(timers);
  }

  start(take: (event: ZktEvent) => void): void {
    this.outlet.open(take);
    for (const address of this.options.servers) this.watch(address, undefined);
    this.asking = this.ports.timers.every(ASK_MS, () => void this.askAround());
  }

  stop(): void {
    this.asking?.cancel();
    this.outlet.open(undefined);
    this.rest.end();
    for (const watch of this.watches) watch.stop();
  }

  identified(watch: ServerWatch, id: number): boolean {
    this.unreachable.delete(id);
    const other = this.watches.find((it) => it !== watch && it.id === id);
    if (other === undefined) return true;
    // Reached by two addresses: the one that leads somewhere is kept.
    const loser = watch.heard && !other.heard ? other : watch;
    loser.stop();
    this.forget(loser);
    return loser !== watch;
  }

  configuration(news: 'told' | 'changed'): void {
    if (news === 'told') this.meet();
    else {
      this.readMs = Number.NEGATIVE_INFINITY;
      this.reading = undefined;
      void this.rest.sleep(SETTLED_MS).then(() => this.readAnew());
    }
  }

  async known(): Promise<void> {
    if (this.world.roster.membership === undefined) await this.readAnew();
  }

  private watch(address: ServerAddress, id: number | undefined): void {
    if (this.watches.length >= WATCHES_MAX) return;
    if (this.watches.some((other) => placeOf(other.address) === placeOf(address))) return;
    const watch = new ServerWatch(this.world, this, address, id);
    this.watches.push(watch);
    watch.start();
  }

  private forget(watch: ServerWatch): void {
    const at = this.watches.indexOf(watch);
    if (at >= 0) this.watches.splice(at, 1);
  }

  /** Watches members that are not watched yet, and lets go of those that are members no longer. */
  private meet(): void {
    const { roster } = this.world;
    const members = roster.membership?.members ?? [];
    const named = new Set(this.options.servers.map(placeOf));
    for (const watch of [...this.watches]) {
      const gone = watch.id !== undefined && !members.some((m) => m.id === watch.id);
      if (!gone || named.has(placeOf(watch.address))) continue;
      watch.dismiss('it is no longer in the configuration of the ensemble');
      this.forget(watch);
    }
    for (const member of members) this.meetMember(member);
    if (this.unreachable.size > 0) void this.rest.sleep(UNREACHABLE_MS).then(() => this.tellUnreachable());
  }

  private meetMember(member: Member): void {
    if (this.watches.some((watch) => watch.id === member.id)) return;
    const at = clientAddressOf(member) ?? this.guess(member);
    if (at !== undefined) this.watch(at, member.id);
    else this.unreachable.add(member.id);
  }

  /**
   * Most configurations tell no client ports, and have the same on every host: on another host than those
   * that are watched, the port of the first that was named is tried.
   */
  private guess(member: Member): ServerAddress | undefined {
    const [named] = this.options.servers;
    const host = member.addresses[0]?.host;
    if (named === undefined || host === undefined) return undefined;
    const hosts = this.watches.map((watch) => plainHost(watch.address.host));
    return hosts.includes(plainHost(host)) ? undefined : { host, port: named.port };
  }

  /** Asks for the configuration, by all means; at most once a minute, and all who wait get one answer. */
  private readAnew(): Promise<void> {
    const now = this.ports.clock.monotonicMs();
    if (this.reading === undefined || now - this.readMs > READ_AGAIN_MS) {
      this.readMs = now;
      this.reading = this.read();
    }
    return this.reading;
  }

  private async read(): Promise<void> {
    const { roster } = this.world;
    const before = roster.membership;
    await this.rest.sleep(FIRST_WORDS_MS);
    if (this.rest.ended || roster.membership !== before) return;
    const told = await this.askAround();
    if (this.rest.ended || told === 'known') return;
    const able = this.watches.filter((watch) => watch.serves).map((watch) => watch.address);
    if (able.length === 0) {
      // Nobody to ask yet: the next who wants to know may try again.
      this.readMs = Number.NEGATIVE_INFINITY;
      return;
    }
    const { configuration = readConfiguration } = this.ports;
    const membership = await configuration(able, this.options.timeoutMs);
    if (this.rest.ended || membership === undefined) return;
    if (roster.offer(membership)) this.meet();
  }

  /** Asks a few that serve, for what `conf` may tell: no session is needed then. */
  private async askAround(): Promise<'known' | 'untold'> {
    const able = this.watches.filter((watch) => watch.serves).slice(0, ASKED_MAX);
    const told = await Promise.all(able.map((watch) => watch.askConfiguration()));
    if (this.rest.ended) return 'known';
    if (told.includes('news')) this.meet();
    return told.some((it) => it !== 'untold') ? 'known' : 'untold';
  }

  /** Members whose client port nobody tells cannot be watched; none of those that were named may be one. */
  private tellUnreachable(): void {
    const { roster, outlet } = this.world;
    for (const id of this.unreachable) {
      const member = roster.member(id);
      if (member === undefined || this.rest.ended || this.told.has(id)) continue;
      this.told.add(id);
      const address = member.addresses[0]?.host ?? '';
      const what = 'the configuration does not tell its client port; name it with -s to see it';
      outlet.emit(String(id), 'source.limited', { address, what });
    }
  }
}
