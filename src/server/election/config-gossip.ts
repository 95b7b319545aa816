/**
 * Configurations that notifications carry: which of them is news (facts 8.3). A server that was away for a
 * while may learn this way who is in the ensemble now.
 */
import type { Notification } from '../../protocol/election.ts';
import { type Membership, memberOf } from '../quorum/membership.ts';
import { membershipText, parseMembershipText } from '../quorum/membership-text.ts';
import type { Quorums } from '../quorum/quorums.ts';

/** See the head of the file. */
export class ConfigGossip {
  /** The committed configuration's text, which this server tells others. */
  own = '';
  private committed: Membership;
  private rules: string;
  /** The last news; each is told of once. */
  private told = '';

  constructor(quorums: Quorums) {
    this.committed = quorums.current.membership;
    this.rules = '';
    this.changes(quorums);
  }

  /** Takes the rules in force. True when they differ from those before. */
  changes(quorums: Quorums): boolean {
    const { current, pending } = quorums;
    this.committed = current.membership;
    this.own = membershipText(current.membership);
    const rules = pending === undefined ? this.own : `${this.own}\n\n${membershipText(pending.membership)}`;
    if (rules === this.rules) return false;
    this.rules = rules;
    return true;
  }

  /**
   * The configuration of a notification where it is newer than the committed one, and its sender is in one of
   * the two; undefined otherwise, and when it was told of before.
   */
  news(from: bigint, n: Notification): { text: string; version: bigint; known: bigint } | undefined {
    const { config } = n;
    if (config === undefined || config === '' || config === this.own || config === this.told)
      return undefined;
    const heard = parseMembershipText(config);
    const { committed } = this;
    if (heard === undefined || heard.version <= committed.version) return undefined;
    if (memberOf(heard, from) === undefined && memberOf(committed, from) === undefined) return undefined;
    this.told = config;
    return { text: config, version: heard.version, known: committed.version };
  }
}
