/**
 * What the parts of a leader share: its options and position, the learners it has, and how one is told
 * something or let go of. The parts (`discovery`, `learner-sync`, `proposals`, `heartbeat`, `confirmation`)
 * hold their own state only.
 */
import type { Emitter } from '../../events/bus.ts';
import { PACKET } from '../../protocol/quorum.ts';
import type { Membership } from '../quorum/membership.ts';
import type { Quorums } from '../quorum/quorums.ts';
import type { LeaderEffects, LearnerPort } from './leader-effects.ts';
import type { LeaderHistory } from './leader-history.ts';
import { LearnerHandle } from './learner-handle.ts';
import { ProposalWindow } from './proposal-window.ts';

/** How a leader begins. */
export interface LeaderOptions {
  readonly sid: bigint;
  /** The rules in force, with the pending configuration where a newer one was seen than is committed. */
  readonly quorums: Quorums;
  /** The newest configuration seen. */
  readonly lastSeen: Membership;
  readonly tickMs: number;
  readonly initLimitTicks: number;
  readonly syncLimitTicks: number;
  /**
   * How long a quorum may take to come at all, ms, where less than `initLimit`
   * (`leader.maxTimeToWaitForEpoch`).
   */
  readonly epochWaitMs?: number | undefined;
  /** Observers that are sent a snapshot, or a difference, at a time. */
  readonly observerSnapsMax?: number;
  readonly observerDiffsMax?: number;
  readonly acceptedEpoch: bigint;
  readonly currentEpoch: bigint;
  /** The last transaction on disk, all of them applied. */
  readonly lastLogged: bigint;
  /**
   * Servers that are in no configuration may follow, without a vote: a reconfig can add them then. Default:
   * no.
   */
  readonly joiners?: boolean;
  /** Brings every learner up to date with a snapshot (`zookeeper.forceSnapshotSync`). */
  readonly forceSnapshot?: boolean;
  /** Bytes of proposals that are not applied here; more, and this server leads no longer. */
  readonly windowBytesMax?: number;
  /** The last counter of the epoch's zxids; then this server leads no longer. */
  readonly lastCounter?: number;
}

/** Connections of the quorum port at a time, those that have not said who they are included. */
const LEARNERS_MAX = 1_000;

/** See the head of the file. */
export class LeaderCore {
  readonly options: LeaderOptions;
  readonly effects: LeaderEffects;
  readonly history: LeaderHistory;
  readonly events: Emitter;
  readonly window = new ProposalWindow();
  quorums: Quorums;
  /** The configuration NEWLEADER tells of. */
  lastSeen: Membership;
  /** The epoch of this leader; undefined until it is chosen. */
  epoch: bigint | undefined;
  /** A quorum has accepted the epoch, and this server has entered it. */
  entered = false;
  /** A quorum has the history. */
  established = false;
  over = false;
  /** The last proposal sent, and the last a quorum has on disk; both begin with the epoch's mark. */
  lastProposed = 0n;
  lastCommitted = 0n;
  /** What this server has on disk itself. */
  ownLogged: bigint;
  /** Whole ticks since the start. */
  ticks = 0;
  readonly handles = new Map<LearnerPort, LearnerHandle>();
  /** Those that said who they are, by server. */
  readonly learners = new Map<bigint, LearnerHandle>();
  /** Those that get live traffic. */
  followers: LearnerHandle[] = [];
  observers: LearnerHandle[] = [];

  constructor(options: LeaderOptions, effects: LeaderEffects, history: LeaderHistory, events: Emitter) {
    this.options = options;
    this.effects = effects;
    this.history = history;
    this.events = events;
    this.quorums = options.quorums;
    this.lastSeen = options.lastSeen;
    this.ownLogged = options.lastLogged;
  }

  /** A connection came in; undefined when there are too many. */
  open(port: LearnerPort): LearnerHandle | undefined {
    if (this.handles.size >= LEARNERS_MAX && !this.makeRoom()) {
      this.tellRefused(port.remote, `there are ${LEARNERS_MAX} connections already`);
      port.close('too many connections');
      return undefined;
    }
    const { initLimitTicks, syncLimitTicks } = this.options;
    const handle = new LearnerHandle(port, this.ticks + initLimitTicks + syncLimitTicks);
    this.handles.set(port, handle);
    return handle;
  }

  /** Learners say who they are at once: who is silent longest goes. False where everybody has said it. */
  private makeRoom(): boolean {
    for (const h of this.handles.values()) {
      if (h.phase !== 'greeting') continue;
      this.refuse(h, `there are ${LEARNERS_MAX} connections, and it has not said who it is`);
      return true;
    }
    return false;
  }

  /**
   * True when this server and the voters of whom `has` is true are a quorum of every configuration in force.
   */
  isQuorum(has: (handle: LearnerHandle) => boolean): boolean {
    const { sid } = this.options;
    return this.quorums.isQuorum((voter) => {
      if (voter === sid) return true;
      const handle = this.learners.get(voter);
      return handle?.votes === true && has(handle);
    });
  }

  /** Works out anew who votes, after a change of configuration. */
  recount(): void {
    for (const h of this.learners.values())
      h.votes = h.promises && !h.observer && this.quorums.isVoter(h.sid);
  }

  /** Works out anew who gets live traffic. */
  relist(): void {
    const live = [...this.learners.values()].filter((h) => h.live);
    this.followers = live.filter((h) => !h.observer);
    this.observers = live.filter((h) => h.observer);
  }

  /** Sends a proposal to a learner: those that come next follow it. */
  sendProposal(h: LearnerHandle, zxid: bigint, bytes: Buffer): void {
    h.port.send(PACKET.PROPOSAL, zxid, bytes);
    if (zxid > h.sent) h.sent = zxid;
  }

  /** Closes a connection for what came over it. */
  refuse(h: LearnerHandle, why: string): void {
    this.tellRefused(h.port.remote, h.sid < 0n ? why : `server ${h.sid}: ${why}`);
    this.letGo(h, why);
  }

  /** Closes a connection, after what was sent. */
  letGo(h: LearnerHandle, why: string): void {
    if (h.phase === 'gone') return;
    h.port.close(why);
    this.forget(h, why);
  }

  /**
   * The connection is no more. The sessions of a learner stay its own until their clients are heard of
   * elsewhere: whoever still holds an older connection of theirs must not win.
   */
  forget(h: LearnerHandle, why: string): void {
    if (h.phase === 'gone') return;
    const { phase } = h;
    h.phase = 'gone';
    h.cursor?.close();
    h.cursor = undefined;
    this.handles.delete(h.port);
    if (this.learners.get(h.sid) === h) this.learners.delete(h.sid);
    this.relist();
    if (phase !== 'greeting' && this.events.on['learner.gone']) {
      this.events.emit('learner.gone', { sid: h.sid, remote: h.port.remote, why });
    }
  }

  /** This server leads no longer. */
  stepDown(why: string): void {
    if (this.over) return;
    this.over = true;
    for (const h of this.handles.values()) h.cursor?.close();
    if (this.events.on['zab.stepped-down']) {
      this.events.emit('zab.stepped-down', { epoch: Number(this.epoch ?? -1n), why });
    }
    this.effects.stepDown(why);
  }

  private tellRefused(remote: string, why: string): void {
    if (this.events.on['quorum.peer-refused']) {
      this.events.emit('quorum.peer-refused', { port: 'quorum', remote, why });
    }
  }
}
