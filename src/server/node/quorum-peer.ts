/**
 * A member of an ensemble: it looks for a leader, then leads, follows or observes until that ends, settles
 * what it has on disk, and looks again. One role at a time; nothing of a role is left when the next begins
 * (4712).
 */
import type { ZktError } from '../../base/errors.ts';
import type { Timer } from '../../ports/timers.ts';
import type { ServerConfig } from '../config/server-config.ts';
import type { Decision, Elector } from './elector.ts';
import { LeaderRole } from './leader-role.ts';
import { LearnerRole } from './learner-role.ts';
import { ReadOnlyRole } from './read-only-role.ts';
import type { Role, RoleOwner, RoleParts } from './role.ts';
import type { ServerMode } from './roles.ts';

/** A role that ends this soon counts as failed; failures in a row are further and further apart. */
const SHORT_ROLE_MS = 2_000;
const PAUSE_MS_MAX = 1_000;
const PAUSE_MS_FIRST = 10;
/** Read-only service begins no sooner. */
const READ_ONLY_AFTER_MS = 2_000;

/** What a member is doing. */
export type PeerState = 'LOOKING' | 'LEADING' | 'FOLLOWING' | 'OBSERVING';

/** See the head of the file. */
export class QuorumPeer {
  readonly parts: RoleParts;
  private readonly config: ServerConfig;
  private readonly elector: Elector;
  private role: Role | undefined;
  private readOnly: ReadOnlyRole | undefined;
  private readOnlyTimer: Timer | undefined;
  private pauseTimer: Timer | undefined;
  private failures = 0;
  private roleSince = 0;
  private stopping = false;
  private ending: Promise<void> | undefined;

  constructor(config: ServerConfig, parts: RoleParts, elector: Elector) {
    this.config = config;
    this.parts = parts;
    this.elector = elector;
  }

  get state(): PeerState {
    return this.role?.decision.state ?? 'LOOKING';
  }

  /** What it is for clients; undefined while it serves none. */
  get mode(): ServerMode | undefined {
    return this.parts.gate.behind?.mode;
  }

  /** The role at the moment, for those who look inside. */
  get present(): Role | undefined {
    return this.role;
  }

  /** The leader it has, itself included; undefined while it looks for one. */
  get leader(): bigint | undefined {
    return this.role?.decision.leader;
  }

  /** Begins to look for a leader. */
  start(): void {
    this.tellState('LOOKING', -1n);
    this.look();
  }

  /** Stops in good order. */
  async stop(reason: string): Promise<void> {
    this.stopping = true;
    this.pauseTimer?.cancel();
    await this.endReadOnly(reason);
    await this.endRole(reason);
    await this.elector.close();
  }

  /** Those that had agreed on the leader changed their minds before its epoch stood. */
  outvoted(why: string): void {
    if (this.role !== undefined) this.over(this.role, why);
  }

  private look(): void {
    const { store, ensemble } = this.parts;
    if (this.stopping) return;
    this.armReadOnly();
    const participant = ensemble.participant;
    const self = { zxid: store.lastLogged, peerEpoch: store.epochs.current, participant };
    this.elector.look(self, (decision) => this.decided(decision));
  }

  private decided(decision: Decision): void {
    if (this.stopping || this.role !== undefined) return;
    this.endReadOnly('a leader was found').then(() => {
      if (!this.stopping) this.begin(decision);
    }, this.crash);
  }

  private begin(decision: Decision): void {
    const { parts } = this;
    const { world } = parts;
    this.roleSince = world.clock.monotonicMs();
    const owner: RoleOwner = {
      epochEstablished: (epoch) => {
        this.failures = 0;
        this.elector.epochEstablished(epoch);
      },
      designated: (leader) => this.elector.adopt(leader),
      claimedEpoch: (sid) => this.elector.claimedEpoch(sid),
      over: (why) => this.over(role, why),
    };
    const role: Role =
      decision.state === 'LEADING'
        ? new LeaderRole(parts, decision, owner)
        : new LearnerRole(parts, decision, owner);
    this.role = role;
    this.tellState(decision.state, decision.leader);
    role.start();
  }

  private over(role: Role, why: string): void {
    if (this.role !== role || this.stopping) return;
    // Not from inside a call of the role: it may have more to say in this turn.
    this.parts.world.timers.soon(() => {
      if (this.role !== role || this.stopping) return;
      this.endRole(why).then(() => this.lookAgain(role), this.crash);
    });
  }

  private endRole(why: string): Promise<void> {
    const { role } = this;
    if (role === undefined) return this.ending ?? Promise.resolve();
    this.role = undefined;
    const { events } = this.parts.world;
    if (!this.stopping && events.on['peer.role-ended']) {
      events.emit('peer.role-ended', { state: role.decision.state, why });
    }
    this.elector.roleEnded();
    if (!this.stopping) this.tellState('LOOKING', -1n);
    this.ending = role.end(why).then(() => this.parts.store.settle());
    return this.ending;
  }

  /** At once when the role served a while; else after a pause that grows, since something is wrong. */
  private lookAgain(role: Role): void {
    if (this.stopping) return;
    const { clock, timers, random } = this.parts.world;
    const short = clock.monotonicMs() - this.roleSince < SHORT_ROLE_MS;
    const grown = Math.min(PAUSE_MS_FIRST * 2 ** this.failures, PAUSE_MS_MAX);
    this.failures = short ? Math.min(this.failures + 1, 16) : 0;
    const { observerElectionDelayMs, observerReconnectDelayMs } = this.config.quorum;
    const observed = role.decision.state === 'OBSERVING';
    const spread = observed
      ? observerReconnectDelayMs + random.below(Math.max(1, observerElectionDelayMs))
      : 0;
    const pause = (short && this.failures > 1 ? grown : 0) + spread;
    if (pause === 0) this.look();
    else this.pauseTimer = timers.after(pause, () => this.look());
  }

  // ---- read-only service while there is no quorum ----

  private armReadOnly(): void {
    if (!this.config.quorum.readOnlyMode) return;
    const { timers } = this.parts.world;
    const after = Math.max(READ_ONLY_AFTER_MS, this.config.session.tickTimeMs);
    this.readOnlyTimer?.cancel();
    this.readOnlyTimer = timers.after(after, () => {
      if (this.stopping || this.role !== undefined) return;
      this.readOnly = new ReadOnlyRole(this.parts);
      this.readOnly.start();
    });
  }

  private async endReadOnly(why: string): Promise<void> {
    this.readOnlyTimer?.cancel();
    const { readOnly } = this;
    this.readOnly = undefined;
    await readOnly?.end(why);
  }

  private tellState(state: PeerState, leader: bigint): void {
    const { events } = this.parts.world;
    if (events.on['peer.state']) events.emit('peer.state', { state, leader });
  }

  private readonly crash = (thrown: unknown): void => {
    this.parts.host.failed(thrown as ZktError);
  };
}
