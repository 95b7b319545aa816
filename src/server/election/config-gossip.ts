/**
 * Configurations that notifications carry: which of them is news (facts 8.3). A server that was away for a
 * while may learn this way who is in the ensemble now.
 *
 * Whoever is believed here says who decides from then on. So a member of the configuration in force is
 * believed by itself; others only together, once those that tell the same, this server included where it
 * votes there, are a quorum of what they tell: a configuration in force has such a quorum, even when a server
 * slept through a change of everybody it knew. And no version is believed that no sequence of elections leads
 * to: it could never be replaced.
 *
 * A sender is the server whose id its connection began with. Nothing proves that id, as there is no
 * authentication between servers: this keeps out what is confused or misplaced, not somebody who opens
 * connections under other servers' ids.
 */
import type { Notification } from '../../protocol/election.ts';
import { type Membership, memberOf } from '../quorum/membership.ts';
import { membershipText, parseMembershipText } from '../quorum/membership-text.ts';
import { QuorumRule, type Quorums } from '../quorum/quorums.ts';

/** How many epochs ahead of this server's a version may be: the elections it may have slept through. */
const EPOCH_LEAP_MAX = 1_000n;
/** Texts of strangers that are kept, one of each. */
const STRANGERS_MAX = 256;

/** See the head of the file. */
export class ConfigGossip {
  /** The committed configuration's text, which this server tells others. */
  own = '';
  private committed: Membership;
  private rules: string;
  /** The last news; each is told of once. */
  private told = '';
  /** What servers that are not in the committed configuration told last, oldest first. */
  private readonly strangers = new Map<bigint, string>();
  private readonly sid: bigint;

  constructor(sid: bigint, quorums: Quorums) {
    this.sid = sid;
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
    this.strangers.clear();
    return true;
  }

  /**
   * The configuration of a notification where it is newer than the committed one, and is to be believed (see
   * the head of the file); undefined otherwise, and when it was told of before. `from` is the connection's
   * server, `epoch` the one this server's history is of.
   */
  news(
    from: bigint,
    n: Notification,
    epoch: bigint,
  ): { text: string; version: bigint; known: bigint } | undefined {
    const { config } = n;
    if (config === undefined || config === '' || config === this.own || config === this.told)
      return undefined;
    const heard = parseMembershipText(config);
    const { committed } = this;
    if (heard === undefined || heard.version <= committed.version) return undefined;
    const newest = epoch > committed.version >> 32n ? epoch : committed.version >> 32n;
    if (heard.version >> 32n > newest + EPOCH_LEAP_MAX) return undefined;
    if (memberOf(committed, from) === undefined && !this.manyTell(from, config, heard)) return undefined;
    this.told = config;
    return { text: config, version: heard.version, known: committed.version };
  }

  /** Whether a stranger is one of a quorum, of the configuration it tells, that tells the same. */
  private manyTell(from: bigint, text: string, heard: Membership): boolean {
    const { strangers, sid } = this;
    if (memberOf(heard, from) === undefined) return false;
    strangers.delete(from);
    strangers.set(from, text);
    const [oldest] = strangers.keys();
    if (strangers.size > STRANGERS_MAX && oldest !== undefined) strangers.delete(oldest);
    return new QuorumRule(heard).isQuorum((voter) => voter === sid || strangers.get(voter) === text);
  }
}
