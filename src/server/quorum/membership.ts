/**
 * The ensemble's configuration as data: servers, addresses and roles, groups and weights, version (facts
 * 10.2).
 */

/** One address of a server in the ensemble. */
export interface ServerAddress {
  readonly host: string;
  readonly quorumPort: number;
  readonly electionPort: number;
}

/** A line `server.N=`. */
export interface Member {
  readonly id: number;
  /** At least one; more with `|` between them. */
  readonly addresses: readonly ServerAddress[];
  readonly role: 'participant' | 'observer';
  /** The client address of the line, after `;`. */
  readonly client: { readonly host: string; readonly port: number } | undefined;
}

/** Who is in the ensemble, and how votes count. */
export interface Membership {
  /** By id, ascending. */
  readonly members: readonly Member[];
  /** `group.G`: ids of the voters in it; empty without groups. */
  readonly groups: ReadonlyMap<number, readonly number[]>;
  /** `weight.N`; a voter that is not in it weighs 1. */
  readonly weights: ReadonlyMap<number, number>;
  /** Version of the dynamic configuration; 0 where there was none. */
  readonly version: bigint;
}

/** The member of an id. */
export const memberOf = (membership: Membership, sid: bigint): Member | undefined =>
  membership.members.find((m) => BigInt(m.id) === sid);
