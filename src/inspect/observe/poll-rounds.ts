/**
 * Asks one server that tells no events, round after round, and tells what its answers say as events. One
 * question at a time, over one connection at a time; votes are asked for beside, so that an election port
 * that hangs holds up no round.
 */
import { addressText, type ServerAddress } from '../../client/connect-string.ts';
import type { FieldsOf } from '../../events/table.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HttpAsking } from '../../ports/http.ts';
import type { Net } from '../../ports/net.ts';
import type { Timers } from '../../ports/timers.ts';
import { parseMembershipText } from '../../server/quorum/membership-text.ts';
import { parseMntr, parseSrvr } from '../ensemble/server-answer.ts';
import { AdminQuestions } from './admin-questions.ts';
import { ElectionProbe } from './election-probe.ts';
import type { Outlet } from './event-outlet.ts';
import { isZkt, whoIs } from './first-contact.ts';
import { HotDeltas } from './hot-deltas.ts';
import { PeerStates } from './peer-states.ts';
import type { Roster } from './roster.ts';
import { ServerSamples } from './server-samples.ts';
import { sampleSessions } from './session-samples.ts';
import { type ConnectionLine, parseCons, parseDump, type SessionDump } from './session-words.ts';
import type { SourceVoice } from './source-voice.ts';
import { type ToldVote, VoteWatch } from './vote-watch.ts';
import { parseWchp, topOf, totalWatches, type WatchTable } from './watch-words.ts';
import { WordPace } from './word-pace.ts';
import type { WordAnswer, WordAsker } from './words.ts';

/** What asking takes. */
export interface PollWorld {
  readonly http: HttpAsking;
  readonly timers: Timers;
  readonly clock: Clock;
  readonly outlet: Outlet;
  readonly roster: Roster;
  readonly timeoutMs: number;
  /** By which this observer asks election ports. */
  readonly askerId: bigint;
}

/**
 * How a round ended: well (undefined), with news of the configuration, or the server is another now, or lost.
 */
export type RoundEnd = undefined | 'told' | 'other' | { readonly lost: string };

/** Rounds from one look for an AdminServer, at the configuration, at watches, to the next. */
const ADMIN_ROUNDS = 60;
const CONF_ROUNDS = 30;
const WATCH_ROUNDS = 5;
const STATE_ROUNDS = 10;
/** Of more watches than that no table is asked for: its answer costs the server more than it tells. */
const WATCHES_MAX = 20_000;
const WATCHES_TOLD = 20;
const UNKNOWN = -1;
const NO_DUMP: SessionDump = {
  ...{ buckets: [], timeouts: new Map(), ephemerals: new Map(), locals: new Set() },
};
const NO_WATCHES: WatchTable = { paths: new Map(), sessions: new Map() };

/** See the head of the file. */
export class PollRounds {
  private readonly world: PollWorld;
  private readonly asker: WordAsker;
  private readonly voice: SourceVoice;
  private readonly address: ServerAddress;
  private readonly pace: WordPace;
  private readonly samples = new ServerSamples();
  private readonly hot = new HotDeltas();
  private readonly states: PeerStates;
  private readonly admin: AdminQuestions;
  private readonly votes: VoteWatch;
  private zkt = false;
  private id: number | undefined;
  private alone = false;
  private wasIdle = false;
  /** A vote carried a configuration that is news. */
  private news = false;
  private number = 0;
  private adminThere = false;
  private leaderTold: number | undefined;
  private epochTold: number | undefined;
  private watches: WatchTable = NO_WATCHES;
  private connections: readonly ConnectionLine[] = [];
  private tickMs = UNKNOWN;
  private uptimeMs = UNKNOWN;
  private sampled: Pick<FieldsOf<'server.sampled'>, 'mode' | 'epoch'> | undefined;

  constructor(
    world: PollWorld,
    net: Pick<Net, 'connect'>,
    asker: WordAsker,
    voice: SourceVoice,
    address: ServerAddress,
  ) {
    this.world = world;
    this.asker = asker;
    this.voice = voice;
    this.address = address;
    const { outlet, roster, clock, timers, http, askerId, timeoutMs } = world;
    this.pace = new WordPace(asker);
    this.states = new PeerStates(outlet, roster, clock);
    this.admin = new AdminQuestions(http, address, timeoutMs);
    const probe = new ElectionProbe(net, timers, askerId, timeoutMs);
    this.votes = new VoteWatch(probe, outlet, voice, clock, (text) => {
      const membership = text === undefined ? undefined : parseMembershipText(text);
      if (membership !== undefined && roster.offer(membership)) this.news = true;
      this.voted();
    });
  }

  /** A server is asked from now on: of which kind, and who. `anew`: it was away, or is another. */
  begin(zkt: boolean, id: number | undefined, anew: boolean): void {
    const same = !anew && zkt === this.zkt && id === this.id;
    this.zkt = zkt;
    this.id = id;
    this.number = 0;
    if (same) return;
    this.uptimeMs = UNKNOWN;
    this.sampled = undefined;
    this.samples.forget();
    this.hot.forget();
    this.states.forget();
    this.forget();
  }

  /** No more is asked. */
  close(): void {
    this.admin.close();
    this.votes.close();
  }

  /** One round. Never rejects. */
  async round(): Promise<RoundEnd> {
    this.pace.next();
    const first = await this.asker.ask('srvr');
    if (first.kind === 'silent') return { lost: first.why };
    const srvr = first.kind === 'text' ? parseSrvr(first.text) : undefined;
    if (srvr !== undefined && 'fault' in srvr) return { lost: `it answers nonsense: ${srvr.fault}` };
    if (srvr !== undefined && isZkt(srvr.version) !== this.zkt) return 'other';
    const alone = srvr?.mode === 'standalone';
    if (this.number > 0 && srvr !== undefined && alone !== this.alone) return 'other';
    this.alone = alone;
    if (this.id === undefined && !alone && this.canBeNamed(first.kind === 'idle')) return 'other';
    this.voice.connected(this.zkt ? 'zkt' : 'apache', srvr?.version ?? '');
    let { news } = this;
    this.news = false;
    const round = this.number++;
    if (first.kind !== 'idle') {
      await this.lookForAdmin(round);
      if (await this.configuration()) news = true;
    }
    const metrics = first.kind === 'idle' ? new Map<string, string>() : await this.metrics();
    this.server(first, metrics);
    if (first.kind !== 'idle') {
      await this.clients();
      await this.watchTable();
      this.tellLimits(first.kind === 'forbidden');
    }
    return news ? 'told' : undefined;
  }

  /** A server that looked for a leader says who it is once it serves, or others know it meanwhile. */
  private canBeNamed(idle: boolean): boolean {
    const woke = this.wasIdle && !idle;
    this.wasIdle = idle;
    return woke || this.world.roster.idAt(this.address, this.asker.reachedHost) !== undefined;
  }

  // ---- how it is ----

  private async metrics(): Promise<Map<string, string>> {
    const text = await this.pace.ask('mntr');
    if (text !== undefined) return parseMntr(text);
    return this.adminThere ? this.admin.monitor() : new Map();
  }

  private server(srvr: WordAnswer, metrics: Map<string, string>): void {
    const { outlet, clock, roster } = this.world;
    const { voice, id } = this;
    const now = clock.monotonicMs();
    const known = { kind: this.zkt ? 'zkt' : 'apache', id, address: addressText(this.address) } as const;
    const sampled = this.samples.take({ ...known, asked: this.asker.asked }, srvr, metrics, now);
    if (sampled.uptimeMs < this.uptimeMs) this.forget();
    this.uptimeMs = sampled.uptimeMs;
    const state = PeerStates.of(sampled.mode);
    if (state !== this.states.state) this.forget();
    const member = id === undefined ? undefined : roster.member(id);
    if (state !== '' && member !== undefined && outlet.wants('election.vote-told')) {
      this.votes.look(member, this.address.host, state === 'LOOKING');
    }
    const alone = sampled.mode === 'standalone';
    const epoch = alone ? sampled.epoch : Math.max(sampled.epoch, this.settled()?.epoch ?? UNKNOWN);
    this.sampled = { mode: sampled.mode, epoch: Math.max(epoch, this.epochTold ?? UNKNOWN) };
    for (const hot of this.hot.ofMetrics(metrics, now)) outlet.emit(voice.node, 'hot.sampled', hot);
    outlet.emit(voice.node, 'server.sampled', { ...sampled, epoch: this.sampled.epoch });
    this.voted();
  }

  /** What its vote says, unless it is of an election that goes on. */
  private settled(): ToldVote | undefined {
    const { told } = this.votes;
    return told === undefined || told.state === 'LOOKING' ? undefined : told;
  }

  /** What it does, as its words say, and for whom, as its vote does. */
  private voted(): void {
    if (this.sampled === undefined) return;
    const told = this.settled();
    const sample = { ...this.sampled, epoch: Math.max(this.sampled.epoch, told?.epoch ?? UNKNOWN) };
    this.states.take(this.voice.node, this.id, sample, told?.leader ?? this.leaderTold);
  }

  /** Another life of the server, or another part that it plays: what it told of the one before is past. */
  private forget(): void {
    this.watches = NO_WATCHES;
    this.leaderTold = undefined;
    this.epochTold = undefined;
    this.votes.hurry();
  }

  // ---- whose clients it has ----

  private async clients(): Promise<void> {
    const { outlet, clock } = this.world;
    const wanted = ['session.sampled', 'session.bucket-sampled', 'hot.sampled', 'watch.sampled'] as const;
    if (!wanted.some((name) => outlet.wants(name))) return;
    const cons = await this.pace.ask('cons');
    if (cons !== undefined) this.connections = parseCons(cons);
    else if (this.pace.forbidden.includes('cons') && this.adminThere) {
      this.connections = await this.admin.connections();
    } else this.connections = [];
    const { node } = this.voice;
    if (this.connections.length > 0) {
      const hot = this.hot.ofClients(this.connections, clock.monotonicMs());
      for (const fields of hot) outlet.emit(node, 'hot.sampled', fields);
    }
    const dump = await this.pace.ask('dump');
    const samples = sampleSessions({
      sid: BigInt(this.id ?? UNKNOWN),
      dump: dump === undefined ? NO_DUMP : parseDump(dump),
      connections: this.connections,
      watches: this.watches.sessions,
      tickMs: this.tickMs,
      nowWallMs: clock.wallMs(),
    });
    for (const fields of samples.buckets) outlet.emit(node, 'session.bucket-sampled', fields);
    for (const fields of samples.sessions) outlet.emit(node, 'session.sampled', fields);
    if (samples.clockDiffers) {
      this.voice.limited(
        'its wall clock, or its time zone, is not ours: expiry times are counted from the next bucket on',
      );
    }
  }

  private async watchTable(): Promise<void> {
    const { outlet } = this.world;
    if (!outlet.wants('watch.sampled') && !outlet.wants('session.sampled')) return;
    const sum = await this.pace.ask('wchs', WATCH_ROUNDS);
    const total = sum === undefined ? undefined : totalWatches(sum);
    if (total === undefined) return;
    if (total > WATCHES_MAX) {
      this.watches = NO_WATCHES;
      this.voice.limited(`it has more than ${WATCHES_MAX} watches: whose they are is not asked`);
      return;
    }
    const text = await this.pace.ask('wchp', WATCH_ROUNDS);
    if (text === undefined) return;
    this.watches = parseWchp(text);
    const remotes = new Map(this.connections.map((line) => [line.session, line.remote]));
    const tell = (kind: string, key: string, watches: number): void => {
      const unknown = { neverFired: UNKNOWN, oldestMs: UNKNOWN, added: UNKNOWN, fired: UNKNOWN };
      outlet.emit(this.voice.node, 'watch.sampled', { kind, key, watches, ...unknown });
    };
    for (const [path, count] of topOf(this.watches.paths, WATCHES_TOLD)) tell('path', path, count);
    for (const [session, count] of topOf(this.watches.sessions, WATCHES_TOLD)) {
      tell('client', remotes.get(session) ?? `0x${BigInt.asUintN(64, session).toString(16)}`, count);
    }
  }

  // ---- who it is ----

  private async lookForAdmin(round: number): Promise<void> {
    if (this.zkt) return;
    if (round % ADMIN_ROUNDS === 0) {
      const found = await this.admin.find();
      this.adminThere = found !== undefined && (this.id === undefined || this.alone || found.id === this.id);
    }
    if (!this.adminThere || this.alone || round % STATE_ROUNDS !== 0) return;
    this.leaderTold = await this.admin.leader();
    this.epochTold = await this.admin.epoch();
  }

  /** True when the configuration of the ensemble is another than was known. */
  private async configuration(): Promise<boolean> {
    const { roster } = this.world;
    const conf = await this.pace.ask('conf', CONF_ROUNDS);
    if (conf !== undefined) {
      this.tickMs = Number(/^tickTime=(\d{1,9})$/m.exec(conf)?.[1] ?? UNKNOWN);
      return whoIs({ kind: 'text', text: conf, bytes: 0 }, roster).membership;
    }
    if (!this.pace.forbidden.includes('conf') || !this.adminThere || this.alone) return false;
    if (this.number % CONF_ROUNDS !== 1) return false;
    const membership = await this.admin.membership();
    return membership !== undefined && roster.offer(membership);
  }

  private tellLimits(noSrvr: boolean): void {
    const { voice } = this;
    const { forbidden } = this.pace;
    if (forbidden.length > 0 || noSrvr) {
      const all = ['srvr', ...forbidden, ...(forbidden.includes('wchs') ? ['wchp'] : [])].join(', ');
      const words = (noSrvr ? ['srvr', ...forbidden] : forbidden).join(', ');
      const what = `${words} may not be asked: 4lw.commands.whitelist=${all} (or *) in its configuration allows it`;
      if (noSrvr) voice.refused(what);
      else voice.limited(what);
    }
    if (this.zkt) return;
    voice.limited(
      'Apache tells no single requests, proposals or packets; latencies are those since it began; hot paths ' +
        'only as trees below the root; of watches neither age nor firing; and while it looks for a leader, the ' +
        'vote of the election before',
    );
  }
}
