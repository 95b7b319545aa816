/**
 * Fast leader election (facts 8.3), as a machine: notifications, reachability and time in; notifications and
 * a decision out.
 *
 * Every server proposes itself, tells all voters, and changes its vote whenever it hears of a better one (by
 * epoch, zxid, then id). A round ends for a server when a quorum of the configuration in force, and of a
 * pending one, votes as it does in the same round. It decides at once when every other voter agrees or cannot
 * be reached, since no better vote can come then; otherwise it waits a moment for one. A server that comes
 * late joins the leader a quorum has settled on.
 */
import { invariant } from '../../base/invariant.ts';
import type { Emitter } from '../../events/bus.ts';
import type { Notification, ServerState } from '../../protocol/election.ts';
import type { Quorums } from '../quorum/quorums.ts';
import { AnswerPace } from './answer-pace.ts';
import { Ballot } from './ballot.ts';
import { ConfigGossip } from './config-gossip.ts';
import type { Candidate, ElectionEffects, ElectionTimes } from './election-effects.ts';
import { Mandate } from './mandate.ts';
import { betterBy, type CurrentVote, NO_VOTE, sameVote, type Vote, type VoteRule } from './vote.ts';

const NOTIFICATION_VERSION = 2;
/**
 * A round that far ahead is no counting of elections: whoever believed it would sooner or later be believed
 * by nobody, since there is no round beyond the last.
 */
const ROUND_LEAP_MAX = 1n << 32n;
/** A voter not heard after that many repetitions may sit behind a dead connection. */
const SILENT_AFTER = 2;

/**
 * See the head of the file. `RESTING` is before the first election, and between a role's end and the next
 * one.
 */
export class Election {
  private readonly sid: bigint;
  private readonly times: ElectionTimes;
  private readonly effects: ElectionEffects;
  private readonly events: Emitter;
  private readonly ballot: Ballot;
  private readonly pace = new AnswerPace();
  private readonly unreachable = new Set<bigint>();
  private quorums: Quorums;
  private voters: readonly bigint[];
  private readonly gossip: ConfigGossip;

  private doing: ServerState | 'RESTING' = 'RESTING';
  private candidate: Candidate = { zxid: 0n, peerEpoch: 0n, participant: false };
  private round = 0n;
  private proposal: Vote = NO_VOTE;
  private settled: CurrentVote;
  private mandate: Mandate | undefined;
  private designated: bigint | undefined;
  private startedMs = 0;
  private finalizeAt: number | undefined;
  private repeatAt = 0;
  private pauseMs = 0;
  private repeated = 0;

  constructor(
    sid: bigint,
    times: ElectionTimes,
    quorums: Quorums,
    effects: ElectionEffects,
    events: Emitter,
  ) {
    this.sid = sid;
    this.times = times;
    this.effects = effects;
    this.events = events;
    this.ballot = new Ballot(sid);
    this.settled = { leader: sid, zxid: 0n, electionEpoch: -1n, peerEpoch: 0n };
    this.quorums = quorums;
    this.voters = quorums.voters;
    this.gossip = new ConfigGossip(sid, quorums);
  }

  /** What this server says of itself; `RESTING` says nothing. */
  get state(): ServerState | 'RESTING' {
    return this.doing;
  }

  /** The vote it would tell: the proposal while it looks, else what was settled on. */
  get currentVote(): CurrentVote {
    return this.doing === 'LOOKING' ? { ...this.proposal, electionEpoch: this.round } : this.settled;
  }

  /** When `tick` is due, monotonic ms; undefined when nothing waits for time. */
  get nextDeadline(): number | undefined {
    if (this.doing !== 'LOOKING') return undefined;
    return this.finalizeAt === undefined ? this.repeatAt : Math.min(this.finalizeAt, this.repeatAt);
  }

  // ---- what the owner says ----

  /** Begins an election. `decided` may come from inside. */
  look(candidate: Candidate, now: number): void {
    invariant(this.doing !== 'LOOKING', 'one election at a time');
    this.candidate = candidate;
    this.startedMs = now;
    this.doing = 'LOOKING';
    this.ballot.clear();
    // Who cannot be reached is found out anew: what was so long ago may be over.
    this.unreachable.clear();
    this.mandate = undefined;
    const { designated } = this;
    this.designated = undefined;
    if (designated !== undefined && this.mayFollow(designated)) {
      this.proposal = { leader: designated, zxid: candidate.zxid, peerEpoch: this.settled.peerEpoch };
      this.decide('designated', now);
    } else this.beginRound(this.round + 1n, now);
  }

  /** A reconfiguration named the leader: the next `look` ends with it at once. */
  adopt(leader: bigint): void {
    this.designated = leader;
    if (this.doing !== 'LOOKING') this.settled = { ...this.settled, leader };
  }

  /**
   * The leader's epoch stands: votes name it from now on, and what voters said before does not matter any
   * more.
   */
  epochEstablished(peerEpoch: bigint): void {
    this.mandate = undefined;
    if (this.doing !== 'LOOKING') this.settled = { ...this.settled, peerEpoch };
  }

  /**
   * The role is over, and the next election is not to begin yet: nobody is told of the old leader any more.
   */
  rest(): void {
    this.doing = 'RESTING';
    this.mandate = undefined;
  }

  /** Other rules are in force. An election under way begins anew. */
  configure(quorums: Quorums, now: number): void {
    this.quorums = quorums;
    if (!this.gossip.changes(quorums)) return;
    this.voters = quorums.voters;
    if (this.doing === 'LOOKING') this.beginRound(this.round + 1n, now);
  }

  // ---- what the connections say ----

  /** A notification arrived. */
  receive(from: bigint, n: Notification, now: number): void {
    if (this.events.on['election.notification-received']) {
      this.events.emit('election.notification-received', { from, ...told(n) });
    }
    if (n.electionEpoch > this.round + ROUND_LEAP_MAX || n.electionEpoch < -1n) return;
    if (this.doing === 'LOOKING') this.hearGossip(from, n);
    if (!this.quorums.isVoter(from)) {
      if (n.state === 'LOOKING') this.answer(from, n, now);
    } else if (this.doing === 'LOOKING') this.receiveLooking(from, n, now);
    else this.receiveSettled(from, n, now);
  }

  /** A server can be talked to, or not (refused, closed); unknown counts as reachable. */
  reachable(sid: bigint, isReachable: boolean, now: number): void {
    if (isReachable) this.unreachable.delete(sid);
    else {
      this.unreachable.add(sid);
      if (this.doing === 'LOOKING') this.evaluate(now);
    }
  }

  /**
   * What a server is to be told on a new connection, where nothing waits to be sent; undefined for nothing.
   */
  greeting(to: bigint): Notification | undefined {
    if (this.doing === 'RESTING') return undefined;
    if (this.doing === 'LOOKING') return this.quorums.isVoter(to) ? this.words() : undefined;
    return this.ballot.of(to)?.state === 'LOOKING' ? this.words() : undefined;
  }

  /** Time passed. */
  tick(now: number): void {
    if (this.doing !== 'LOOKING') return;
    if (this.finalizeAt !== undefined && now >= this.finalizeAt) this.decide('quorum', now);
    else if (now >= this.repeatAt) this.repeat(now);
  }

  // ---- an election ----

  private beginRound(round: bigint, now: number): void {
    this.round = round;
    this.proposal = this.ownVote();
    this.finalizeAt = undefined;
    if (this.events.on['election.round-started']) {
      const { zxid, peerEpoch, participant } = this.candidate;
      const fields = { round: Number(round), zxid, peerEpoch: Number(peerEpoch), votes: participant };
      this.events.emit('election.round-started', fields);
    }
    this.sendToVoters(now);
    this.evaluate(now);
  }

  private ownVote(): Vote {
    const { zxid, peerEpoch, participant } = this.candidate;
    return participant && this.quorums.isVoter(this.sid) ? { leader: this.sid, zxid, peerEpoch } : NO_VOTE;
  }

  private receiveLooking(from: bigint, n: Notification, now: number): void {
    const older = n.state === 'LOOKING' && n.electionEpoch < this.round;
    if (older && this.quorums.isVoter(this.sid)) this.answer(from, n, now);
    if (n.state === 'OBSERVING' || !this.quorums.isVoter(n.leader)) return;
    if (n.state !== 'LOOKING') {
      this.ballot.record(from, n);
      if (this.ballot.stands(n, this.proposal, this.round, this.quorums)) this.join(n, now);
      else this.evaluate(now);
      return;
    }
    if (n.zxid === -1n || this.candidate.zxid === -1n) return;
    this.ballot.record(from, n);
    if (n.electionEpoch > this.round) {
      this.round = n.electionEpoch;
      const own = this.ownVote();
      const rule = betterBy(n, own, this.weightOf);
      this.vote(rule === undefined ? own : n, rule ?? 'round', from, now);
    } else if (n.electionEpoch === this.round) {
      const rule = betterBy(n, this.proposal, this.weightOf);
      if (rule !== undefined) this.vote(n, rule, from, now);
      // It does not know this vote: it was no longer, or not yet, looking when it was told. It need not wait
      // to ask.
      else if (this.quorums.isVoter(this.sid) && !sameVote(n, this.proposal)) this.answer(from, n, now);
    }
    this.evaluate(now);
  }

  private readonly weightOf = (sid: bigint): number => this.quorums.current.weightOf(sid);

  private vote(vote: Vote, rule: VoteRule | 'round', from: bigint, now: number): void {
    const { leader, zxid, peerEpoch } = vote;
    this.proposal = { leader, zxid, peerEpoch };
    this.finalizeAt = undefined;
    if (this.events.on['election.vote-changed']) {
      const round = Number(this.round);
      const fields = { leader, zxid, peerEpoch: Number(peerEpoch), round, rule, from };
      this.events.emit('election.vote-changed', fields);
    }
    this.sendToVoters(now);
  }

  /** Decides when a quorum agrees and no better vote can come; else waits for one a while. */
  private evaluate(now: number): void {
    const { ballot, proposal, round, quorums } = this;
    if (this.doing !== 'LOOKING') return;
    if (this.weightOf(proposal.leader) === 0 || !ballot.elected(proposal, round, quorums)) {
      this.finalizeAt = undefined;
      return;
    }
    const open = this.voters.some((s) => !ballot.agrees(s, proposal, round) && !this.unreachable.has(s));
    if (!open) this.decide('unanimous', now);
    else this.finalizeAt ??= now + this.times.finalizeWaitMs;
  }

  /** A quorum has settled on a leader that leads. */
  private join(n: Notification, now: number): void {
    if (n.electionEpoch >= 0n) this.round = n.electionEpoch;
    this.proposal = { leader: n.leader, zxid: n.zxid, peerEpoch: n.peerEpoch };
    this.decide('standing', now);
  }

  private mayFollow(leader: bigint): boolean {
    if (!this.quorums.current.isVoter(leader)) return false;
    return leader !== this.sid || this.candidate.participant;
  }

  private decide(how: 'unanimous' | 'quorum' | 'standing' | 'designated', now: number): void {
    const { leader, zxid, peerEpoch } = this.proposal;
    const votes = this.candidate.participant && this.quorums.isVoter(this.sid);
    const state = leader === this.sid ? 'LEADING' : votes ? 'FOLLOWING' : 'OBSERVING';
    this.doing = state;
    this.finalizeAt = undefined;
    this.settled = { leader, zxid, peerEpoch, electionEpoch: this.round };
    if (how === 'unanimous' || how === 'quorum') {
      const supporters = this.voters.filter((s) => this.ballot.agrees(s, this.proposal, this.round));
      this.mandate = new Mandate(this.sid, this.settled, supporters);
    }
    if (this.events.on['election.decided']) {
      const ms = now - this.startedMs;
      const fields = {
        state,
        leader,
        zxid,
        peerEpoch: Number(peerEpoch),
        round: Number(this.round),
        how,
        ms,
      };
      this.events.emit('election.decided', fields);
    }
    this.tellTheOpen();
    this.effects.decided({ state, ...this.settled });
  }

  /** Voters that look and may not have heard enough to decide need not ask again. */
  private tellTheOpen(): void {
    for (const sid of this.voters) {
      if (sid === this.sid) continue;
      const n = this.ballot.of(sid);
      if (n?.state !== 'LOOKING') continue;
      if (n.electionEpoch !== this.round || !sameVote(n, this.proposal)) this.send(sid, this.words());
    }
  }

  // ---- after the decision ----

  private receiveSettled(from: bigint, n: Notification, now: number): void {
    if (this.doing === 'RESTING') return;
    this.ballot.record(from, n);
    const { mandate } = this;
    if (mandate?.lostBy(from, n, this.quorums)) {
      this.mandate = undefined;
      this.effects.outvoted(mandate.why);
    }
    if (n.state === 'LOOKING') this.answer(from, n, now);
  }

  // ---- words ----

  /** The notification that says where this server stands. */
  private words(): Notification {
    const { leader, zxid, electionEpoch, peerEpoch } = this.currentVote;
    const state = this.doing === 'RESTING' ? 'LOOKING' : this.doing;
    const version = NOTIFICATION_VERSION;
    return { state, leader, zxid, electionEpoch, peerEpoch, version, config: this.gossip.own };
  }

  private answer(to: bigint, question: Notification, now: number): void {
    if (this.doing === 'RESTING') return;
    const words = this.words();
    if (this.pace.allows(to, question, words, now)) this.send(to, words);
  }

  private sendToVoters(now: number): void {
    this.pauseMs = this.times.minNotificationMs;
    this.repeatAt = now + this.pauseMs;
    this.repeated = 0;
    this.sendAll();
  }

  private repeat(now: number): void {
    this.pauseMs = Math.min(this.pauseMs * 2, this.times.maxNotificationMs);
    this.repeatAt = now + this.pauseMs;
    this.repeated++;
    if (this.repeated >= SILENT_AFTER) {
      for (const sid of this.voters) {
        if (sid !== this.sid && this.ballot.of(sid) === undefined) this.effects.silent(sid);
      }
    }
    this.sendAll();
  }

  private sendAll(): void {
    const words = this.words();
    for (const sid of this.voters) {
      // A voter without an address is unreachable at once, which may decide the election.
      if (this.doing !== 'LOOKING') return;
      if (sid !== this.sid) this.send(sid, words);
    }
  }

  private send(to: bigint, n: Notification): void {
    if (this.events.on['election.notification-sent']) {
      this.events.emit('election.notification-sent', { to, ...told(n) });
    }
    this.effects.send(to, n);
  }

  private hearGossip(from: bigint, n: Notification): void {
    const news = this.gossip.news(from, n, this.candidate.peerEpoch);
    if (news === undefined) return;
    const { text, version, known } = news;
    if (this.events.on['election.config-heard']) {
      this.events.emit('election.config-heard', { from, version, known });
    }
    this.effects.configGossiped(text);
  }
}

/** A notification's fields, as events tell them. */
const told = (n: Notification) => ({
  state: n.state,
  leader: n.leader,
  zxid: n.zxid,
  peerEpoch: Number(n.peerEpoch),
  round: Number(n.electionEpoch),
  version: n.version,
});
