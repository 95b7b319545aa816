/**
 * Listens to the events of one server of zkt: over one stream after the other, without telling anything
 * twice. One that hangs is found out early, by asking it when its samples stay away.
 */
import type { FilterText } from '../../events/filter.ts';
import type { ZktEvent } from '../../events/table.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HttpAsking } from '../../ports/http.ts';
import type { Timer, Timers } from '../../ports/timers.ts';
import { plainVersion } from '../ensemble/server-answer.ts';
import type { Outlet } from './event-outlet.ts';
import { FeedMemory } from './feed-memory.ts';
import type { Roster } from './roster.ts';
import type { SourceVoice } from './source-voice.ts';
import type { WordAsker } from './words.ts';
import { type FeedEnd, ZktFeed } from './zkt-feed.ts';

/** Of the past of a server that was away for a while, this much is asked for again; doubles are left out. */
const MISSED_MAX = 1000;
/** A server whose samples stay away is asked whether it lives. */
const SAMPLES_LATE_MS = 3_500;
/** And one that is not to send samples, when even the signs of life stay away. */
const SIGNS_LATE_MS = 12_000;
const CHECK_MS = 1000;

/** What listening takes. */
export interface ListenWorld {
  readonly http: HttpAsking;
  readonly timers: Timers;
  readonly clock: Clock;
  readonly outlet: Outlet;
  readonly roster: Roster;
  readonly filter: FilterText;
  readonly budget: number | undefined;
  readonly last: number;
  readonly token: string | undefined;
  readonly timeoutMs: number;
}

/** Who hears how it goes. */
export interface ListenOwner {
  /** Events come. */
  opened(): void;
  /** The stream says whose it is; false when that server is listened to already. */
  isServer(id: number): boolean;
  /** The configuration of the ensemble has changed. */
  reconfigured(): void;
}

/** See the head of the file. */
export class FeedListener {
  private readonly world: ListenWorld;
  private readonly asker: WordAsker;
  private readonly voice: SourceVoice;
  private readonly owner: ListenOwner;
  private readonly memory = new FeedMemory();
  private feed: ZktFeed | undefined;
  private watching: Timer | undefined;
  private version = '';
  private openedMs: number | undefined;
  private began = false;
  private sampledMs: number | undefined;
  private checking = false;

  constructor(world: ListenWorld, asker: WordAsker, voice: SourceVoice, owner: ListenOwner) {
    this.world = world;
    this.asker = asker;
    this.voice = voice;
    this.owner = owner;
  }

  /** Listens until the stream is refused or lost. Never answers after `close`. */
  listen(url: string, version: string): Promise<FeedEnd> {
    const { http, timers, clock, outlet, filter, budget, last, token, timeoutMs } = this.world;
    const past = this.memory.began ? Math.max(last, MISSED_MAX) : last;
    this.version = version;
    this.openedMs = undefined;
    this.began = false;
    this.sampledMs = undefined;
    return new Promise((resolve) => {
      const settle = (end: FeedEnd): void => {
        this.close();
        resolve(end);
      };
      this.feed = new ZktFeed(
        { http, timers, clock },
        { url, filter, budget, token, timeoutMs, last: past },
        {
          opened: () => {
            this.openedMs = clock.monotonicMs();
          },
          event: (event) => this.take(event),
          dropped: (fields) => outlet.emit(this.voice.node, 'feed.dropped', fields),
          ended: settle,
        },
      );
      this.watching = timers.every(CHECK_MS, () => this.check(settle));
    });
  }

  /** Listens no more. */
  close(): void {
    this.watching?.cancel();
    this.feed?.cancel();
  }

  private take(event: ZktEvent): void {
    const { outlet, roster, clock } = this.world;
    if (event.name === 'feed.began') {
      const sid = Number(event.fields.sid);
      if (Number.isSafeInteger(sid) && sid > 0 && !this.owner.isServer(sid)) return;
      this.memory.begin(event.fields.replayed);
      this.begin(event.fields.version);
    } else if (!this.began) this.begin('');
    if (!this.memory.isNew(event)) return;
    if (event.name === 'server.sampled') {
      this.sampledMs = clock.monotonicMs();
      if (event.fields.mode === 'leader') roster.leader = Number(event.fields.sid);
    }
    if (event.name === 'peer.state' && event.fields.state === 'LOOKING') roster.unsettle(clock.monotonicMs());
    // One stream is one server's, whatever it says.
    outlet.pass(event.node === this.voice.node ? event : { ...event, node: this.voice.node });
    if (event.name === 'config.activated' || event.name === 'zab.reconfigured') this.owner.reconfigured();
  }

  /** A server that serves nobody does not tell its version in words, but in its stream. */
  private begin(version: string): void {
    this.began = true;
    this.owner.opened();
    this.voice.connected('zkt', this.version === '' ? plainVersion(version) : this.version);
  }

  /** Now and then: does it tell events at all, and does it live? */
  private check(settle: (end: FeedEnd) => void): void {
    const { clock, timeoutMs } = this.world;
    const { feed, openedMs, sampledMs } = this;
    if (feed === undefined || openedMs === undefined) return;
    const now = clock.monotonicMs();
    if (!this.began && now - openedMs > timeoutMs) {
      settle({ refused: true, why: 'what its HTTP admin sends are no events' });
      return;
    }
    const late = now - (sampledMs ?? now) > SAMPLES_LATE_MS && now - feed.heardMs > SAMPLES_LATE_MS;
    if (this.checking || !(late || now - feed.heardMs > SIGNS_LATE_MS)) return;
    this.checking = true;
    const heardMs = feed.heardMs;
    void this.asker.ask('srvr').then((answer) => {
      this.checking = false;
      if (answer.kind !== 'silent' || this.feed !== feed || feed.heardMs !== heardMs) return;
      settle({ refused: false, why: answer.why });
    });
  }
}
