/**
 * Who is in the ensemble, as this server knows it: the configuration in force, and the last one seen, which
 * is newer while a reconfiguration is under way. Both outlive roles and restarts (`DynamicConfig`).
 */
import { type Member, type Membership, memberOf } from '../quorum/membership.ts';
import { parseMembershipText } from '../quorum/membership-text.ts';
import { Quorums } from '../quorum/quorums.ts';
import type { DynamicConfig } from './dynamic-config.ts';

/** See the head of the file. */
export class EnsembleView {
  private readonly sid: bigint;
  private readonly files: DynamicConfig;
  private readonly changed: (quorums: Quorums) => void;
  private rules: Quorums;

  /** `changed` is told of every change of the rules. */
  constructor(sid: bigint, files: DynamicConfig, changed: (quorums: Quorums) => void) {
    this.sid = sid;
    this.files = files;
    this.changed = changed;
    this.rules = this.makeRules();
  }

  /** The configuration in force. */
  get committed(): Membership {
    return this.files.committed;
  }

  /** The newest configuration heard of. */
  get lastSeen(): Membership {
    return this.files.lastSeen;
  }

  get quorums(): Quorums {
    return this.rules;
  }

  /** This server, by the configuration in force; undefined when it is not a member. */
  get self(): Member | undefined {
    return memberOf(this.committed, this.sid);
  }

  /** True where this server votes, in the configuration in force or in the pending one. */
  get participant(): boolean {
    return this.rules.isVoter(this.sid);
  }

  /** A leader's configuration, as text: kept when it is newer than the last one seen. */
  seen(text: string): void {
    const membership = parseMembershipText(text);
    if (membership === undefined || membership.version <= this.lastSeen.version) return;
    this.files.seen(membership);
    this.renew();
  }

  /** That configuration, or the last one seen, is in force from now on. */
  activate(membership: Membership = this.lastSeen): void {
    if (membership.version <= this.committed.version) return;
    this.files.activate(membership);
    this.renew();
  }

  /**
   * The configuration in force at another server, as its votes tell: it came into force while this one was
   * away.
   */
  gossiped(text: string): void {
    const membership = parseMembershipText(text);
    if (membership !== undefined) this.activate(membership);
  }

  private renew(): void {
    this.rules = this.makeRules();
    this.changed(this.rules);
  }

  private makeRules(): Quorums {
    const { committed, lastSeen } = this;
    return new Quorums(committed, lastSeen.version > committed.version ? lastSeen : undefined);
  }
}
