/**
 * Watches one server for as long as it is wanted: finds out what it is, listens to its events where it tells
 * them, and asks again and again where it does not. A server that is down is tried for ever.
 */
import type { Prng } from '../../base/prng.ts';
import { addressText, type ServerAddress } from '../../client/connect-string.ts';
import type { Net } from '../../ports/net.ts';
import { adminUrlOf } from './admin-url.ts';
import { OutletGate } from './event-outlet.ts';
import { FeedListener, type ListenWorld } from './feed-listener.ts';
import { type Contact, contact, whoIs } from './first-contact.ts';
import { OpenConnections } from './open-connections.ts';
import { Patience } from './patience.ts';
import { PollRounds, type PollWorld } from './poll-rounds.ts';
import { Rest } from './rest.ts';
import { SourceVoice } from './source-voice.ts';
import { WordAsker } from './words.ts';

/** A feed that was refused is tried again after so long, ms. */
const REFUSED_AGAIN_MS = 30_000;
/** One that has no HTTP admin yet is looked at again so soon, ms, and then less and less often. */
const ADMIN_SOON_MS = 500;

/** Rounds are so much shorter while an election goes on. */
const UNSETTLED_PACE = 4;

/** What all watches share. */
export interface WatchWorld extends ListenWorld, PollWorld {
  readonly net: Net;
  readonly random: Prng;
  readonly pollMs: number;
}

/** Who hears of what a watch finds out. */
export interface WatchOwner {
  /** The id of the server is known; false when another watch has it, so that this one is to end. */
  identified(watch: ServerWatch, id: number): boolean;
  /** A server told the configuration, or that there may be a newer one. */
  configuration(news: 'told' | 'changed'): void;
  /** Waits, for a while, until the configuration is known. */
  known(): Promise<void>;
}

/** See the head of the file. */
export class ServerWatch {
  readonly address: ServerAddress;
  /** Its id in the ensemble; undefined while it is not known, and where it has none. */
  id: number | undefined;
  /** It has answered something. */
  heard = false;
  /** It serves clients, and not alone, as far as is known. */
  serves = false;
  private readonly world: WatchWorld;
  private readonly outlet: OutletGate;
  private readonly owner: WatchOwner;
  private readonly connections: OpenConnections;
  private readonly asker: WordAsker;
  private readonly voice: SourceVoice;
  private readonly patience: Patience;
  private readonly rest: Rest;
  private readonly listener: FeedListener;
  private readonly rounds: PollRounds;
  private wasLost = true;
  /** Why its events may not be heard, while that is so. */
  private refusal: string | undefined;
  private adminAgainMs = ADMIN_SOON_MS;
  private feedAgainMs = Number.NEGATIVE_INFINITY;

  /** `id`: where the configuration told it. */
  constructor(shared: WatchWorld, owner: WatchOwner, address: ServerAddress, id: number | undefined) {
    this.outlet = new OutletGate(shared.outlet);
    const world = { ...shared, outlet: this.outlet };
    this.world = world;
    this.owner = owner;
    this.address = address;
    this.id = id;
    this.connections = new OpenConnections(world.net);
    const ask = { net: this.connections, timers: world.timers };
    this.asker = new WordAsker(ask, address, world.timeoutMs);
    const text = addressText(address);
    this.voice = new SourceVoice(world.outlet, id === undefined ? text : String(id), text);
    this.patience = new Patience(world.random);
    this.rest = new Rest(world.timers);
    this.listener = new FeedListener(world, this.asker, this.voice, {
      opened: () => this.patience.reset(),
      isServer: (sid) => this.isServer(sid),
      reconfigured: () => owner.configuration('changed'),
    });
    this.rounds = new PollRounds(world, this.connections, this.asker, this.voice, address);
  }

  /** As events name it. */
  get node(): string {
    return this.voice.node;
  }

  /** Begins; nothing is told from inside. */
  start(): void {
    void this.run();
  }

  /** Ends it, and tells nothing more. */
  stop(): void {
    this.outlet.shut();
    this.rest.end();
    this.listener.close();
    this.rounds.close();
    this.connections.closeAll();
  }

  /** Tells that it is no longer wanted, and ends it. */
  dismiss(why: string): void {
    if (!this.rest.ended) this.voice.lost(why);
    this.stop();
  }

  /** Asks it for the configuration: `news` where the roster did not know it. */
  async askConfiguration(): Promise<'news' | 'known' | 'untold'> {
    const conf = await this.asker.ask('conf');
    if (conf.kind !== 'text') return 'untold';
    return whoIs(conf, this.world.roster).membership ? 'news' : 'known';
  }

  private async run(): Promise<void> {
    while (!this.rest.ended) {
      const found = await contact(this.asker, this.world.roster);
      if (this.rest.ended) return;
      this.heard ||= found.state !== 'silent';
      this.serves = found.state === 'serving' && found.mode !== 'standalone';
      if (found.membership) this.owner.configuration('told');
      if (!(await this.identify(found))) return;
      if (found.state === 'silent') this.lose(found.why);
      else await this.attend(found);
      if (!this.rest.ended) await this.rest.sleep(this.patience.next());
    }
  }

  /** Settles by what id events name it; false when it is watched already. */
  private async identify(found: Contact): Promise<boolean> {
    const { roster } = this.world;
    const standsAlone = found.state === 'serving' && found.mode === 'standalone';
    let id = standsAlone ? undefined : (found.id ?? this.id);
    if (id === undefined && !standsAlone) {
      await this.owner.known();
      id = roster.idAt(this.address, this.asker.reachedHost);
    }
    if (this.rest.ended) return false;
    this.id = id;
    this.voice.node = id === undefined ? addressText(this.address) : String(id);
    if (id === undefined || this.owner.identified(this, id)) return true;
    this.stop();
    return false;
  }

  private lose(why: string): void {
    const { roster, clock } = this.world;
    this.serves = false;
    this.wasLost = true;
    this.adminAgainMs = ADMIN_SOON_MS;
    if (this.id !== undefined && roster.leader === this.id) {
      roster.leader = undefined;
      roster.unsettle(clock.monotonicMs());
    }
    this.voice.lost(why);
  }

  /** A stream of events says whose it is; false when that server is watched already. */
  private isServer(id: number): boolean {
    if (this.id !== undefined) return true;
    this.id = id;
    this.voice.node = String(id);
    if (this.owner.identified(this, id)) return true;
    this.stop();
    return false;
  }

  /** Listens to a server, or asks it again and again, until it is lost. */
  private async attend(found: Exclude<Contact, { state: 'silent' }>): Promise<void> {
    const { clock } = this.world;
    const url = found.admin === undefined ? undefined : adminUrlOf(found.admin, this.address, this.asker);
    if (url !== undefined && clock.monotonicMs() >= this.feedAgainMs) {
      const end = await this.listener.listen(url, found.version);
      if (this.rest.ended) return;
      this.refusal = end.refused ? end.why : undefined;
      if (!end.refused) {
        this.lose(end.why);
        return;
      }
      this.voice.refused(end.why);
      this.feedAgainMs = clock.monotonicMs() + REFUSED_AGAIN_MS;
    }
    const { zkt } = found;
    // A server of zkt whose events cannot be heard is asked as Apache's are, and its feed is tried again: one
    // that has just started opens its client port first, and its HTTP admin a moment later.
    if (zkt && url === undefined) {
      if (this.adminAgainMs > ADMIN_SOON_MS)
        this.voice.limited('it has no HTTP admin: its events cannot be heard');
      this.feedAgainMs = clock.monotonicMs() + this.adminAgainMs;
      this.adminAgainMs = Math.min(REFUSED_AGAIN_MS, this.adminAgainMs * 4);
    }
    const untilMs = zkt ? this.feedAgainMs : Number.POSITIVE_INFINITY;
    this.patience.reset();
    const why = await this.poll(zkt, untilMs);
    if (why !== undefined && !this.rest.ended) this.lose(why);
  }

  /** Rounds of questions; answers why they ended, or undefined when the server is to be looked at anew. */
  private async poll(zkt: boolean, untilMs: number): Promise<string | undefined> {
    const { clock, pollMs, roster } = this.world;
    this.rounds.begin(zkt, this.id, this.wasLost);
    this.wasLost = false;
    while (!this.rest.ended && clock.monotonicMs() < untilMs) {
      const beganMs = clock.monotonicMs();
      const end = await this.rounds.round();
      if (this.rest.ended) return undefined;
      if (end === 'told') this.owner.configuration('told');
      else if (end === 'other') return undefined;
      else if (end !== undefined) return end.lost;
      // That it answers questions does not undo that.
      if (this.refusal !== undefined) this.voice.limited(`its events cannot be heard: ${this.refusal}`);
      const passed = clock.monotonicMs() - beganMs;
      const wait = roster.isUnsettled(beganMs) ? pollMs / UNSETTLED_PACE : pollMs;
      const sleepMs = Math.max(wait / UNSETTLED_PACE, wait - passed);
      await this.rest.sleep(Math.min(sleepMs, Math.max(1, untilMs - clock.monotonicMs())));
    }
    return undefined;
  }
}
