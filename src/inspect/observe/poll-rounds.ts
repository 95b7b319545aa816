/**
 * Asks one server that tells no events, round after round, and tells what its answers say as events. One
 * question at a time, over one connection at a time.
 */
import type { Prng } from '../../base/prng.ts';
import type { ServerAddress } from '../../client/connect-string.ts';
import { addressText } from '../../client/connect-string.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HttpAsking } from '../../ports/http.ts';
import type { Net } from '../../ports/net.ts';
import type { Timers } from '../../ports/timers.ts';
import { parseMntr, parseSrvr } from '../ensemble/server-answer.ts';
import type { EventOutlet } from './event-outlet.ts';
import { isZkt, whoIs } from './first-contact.ts';
import { PeerStates } from './peer-states.ts';
import type { Roster } from './roster.ts';
import { ServerSamples } from './server-samples.ts';
import type { SourceVoice } from './source-voice.ts';
import type { WordAsker } from './words.ts';

/** What asking takes. */
export interface PollWorld {
  readonly http: HttpAsking;
  readonly timers: Timers;
  readonly clock: Clock;
  readonly random: Prng;
  readonly outlet: EventOutlet;
  readonly roster: Roster;
  readonly token: string | undefined;
  readonly timeoutMs: number;
}

/** How a round ended: well (undefined), with news of the configuration, or the server is another now, or lost. */
export type RoundEnd = undefined | 'told' | 'other' | { readonly lost: string };

/** See the head of the file. */
export class PollRounds {
  private readonly world: PollWorld;
  private readonly asker: WordAsker;
  private readonly voice: SourceVoice;
  private readonly address: string;
  private readonly samples: ServerSamples;
  private readonly states: PeerStates;
  private zkt = false;
  private id: number | undefined;
  private number = 0;

  constructor(
    world: PollWorld,
    _net: Pick<Net, 'connect'>,
    asker: WordAsker,
    voice: SourceVoice,
    address: ServerAddress,
  ) {
    this.world = world;
    this.asker = asker;
    this.voice = voice;
    this.address = addressText(address);
    this.samples = new ServerSamples();
    this.states = new PeerStates(world.outlet, world.roster);
  }

  /** A server is asked from now on: of which kind, and who. */
  begin(zkt: boolean, id: number | undefined): void {
    this.zkt = zkt;
    this.id = id;
    this.number = 0;
    this.samples.forget();
  }

  /** No more is asked. */
  close(): void {}

  /** One round. Never rejects. */
  async round(): Promise<RoundEnd> {
    const { outlet, roster, clock } = this.world;
    const { asker, voice } = this;
    const first = await asker.ask('srvr');
    if (first.kind === 'silent') return { lost: first.why };
    const kind = this.zkt ? 'zkt' : 'apache';
    const srvr = first.kind === 'text' ? parseSrvr(first.text) : undefined;
    if (srvr !== undefined && 'fault' in srvr) return { lost: `it answers nonsense: ${srvr.fault}` };
    if (srvr !== undefined && isZkt(srvr.version) !== this.zkt) return 'other';
    voice.connected(kind, srvr?.version ?? '');
    const mntr = srvr === undefined ? undefined : await asker.ask('mntr');
    const conf = this.number++ % 30 === 0 && srvr !== undefined ? await asker.ask('conf') : undefined;
    const news = conf === undefined ? undefined : whoIs(conf, roster);
    const metrics = mntr?.kind === 'text' ? parseMntr(mntr.text) : new Map<string, string>();
    const server = { kind, id: this.id, address: this.address, asked: asker.asked } as const;
    const fields = this.samples.take(server, first, metrics, clock.monotonicMs());
    outlet.emit(voice.node, 'server.sampled', fields);
    this.states.take(voice.node, this.id, fields);
    return news?.membership ? 'told' : undefined;
  }
}
