/** What a new configuration means for one server, and the version of the first one. Pure. */
import { type Member, type Membership, memberOf } from './membership.ts';

/** What a change of the configuration means for one server (facts 9.3). */
export interface ConfigChange {
  /**
   * It is a member that votes from now on, or no longer: it must look for a leader in its new role. One that
   * is removed goes on as it is.
   */
  readonly roleChanged: boolean;
  /** Another server is to lead: this one must leave its leader, or its leadership. */
  readonly leaderChanged: boolean;
  /**
   * It was a member, and is none now. As with Apache it stays at its leader, without a vote, and keeps its
   * clients until it is stopped.
   */
  readonly removed: boolean;
  /** It was none, and is a member now. */
  readonly added: boolean;
  /** Where its clients are to connect from now on; undefined when that is as before, or nobody says. */
  readonly clientMoved: { readonly host: string; readonly port: number } | undefined;
  /** Its election port is elsewhere from now on. */
  readonly electionMoved: boolean;
  /** Its quorum port is elsewhere from now on. */
  readonly quorumMoved: boolean;
}

const votes = (member: Member | undefined): boolean => member?.role === 'participant';

const places = (member: Member | undefined, port: 'quorumPort' | 'electionPort'): string =>
  (member?.addresses ?? []).map((a) => `${a.host} ${a[port]}`).join('|');

/**
 * What it means for `sid` that `after` is in force, and `before` no longer. `designated` is the leader that
 * the change names; without one, a leader that votes no longer, or is reached elsewhere, is none. `leader` is
 * the present one.
 */
export function configChange(
  sid: bigint,
  before: Membership,
  after: Membership,
  designated: bigint | undefined,
  leader: bigint,
): ConfigChange {
  const was = memberOf(before, sid);
  const is = memberOf(after, sid);
  const moved = (port: 'quorumPort' | 'electionPort'): boolean =>
    was !== undefined && is !== undefined && places(was, port) !== places(is, port);
  const client = is?.client;
  const sameClient = client?.host === was?.client?.host && client?.port === was?.client?.port;
  return {
    roleChanged: is !== undefined && votes(was) !== votes(is),
    leaderChanged: designated === undefined ? leaderLost(before, after, leader) : designated !== leader,
    removed: was !== undefined && is === undefined,
    added: was === undefined && is !== undefined,
    clientMoved: sameClient ? undefined : client,
    electionMoved: moved('electionPort'),
    quorumMoved: moved('quorumPort'),
  };
}

function leaderLost(before: Membership, after: Membership, leader: bigint): boolean {
  const was = memberOf(before, leader);
  const is = memberOf(after, leader);
  return !votes(was) || !votes(is) || places(was, 'quorumPort') !== places(is, 'quorumPort');
}

/**
 * The configuration that the first leader of an ensemble proposes with its NEWLEADER: the members that the
 * files say, with the first zxid of its epoch as version, so that it is newer than any that no quorum has
 * agreed on (facts 9.3). Undefined where there is a version already. Only with `reconfigEnabled`.
 */
export function firstVersion(
  committed: Membership,
  lastSeen: Membership,
  epoch: bigint,
): Membership | undefined {
  if (committed.version !== 0n || lastSeen.version !== 0n) return undefined;
  return { ...committed, version: epoch << 32n };
}
