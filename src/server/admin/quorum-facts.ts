/**
 * What a member of an ensemble tells of the quorum it belongs to: the part of the words that depends on the
 * role.
 */

import type { ServerAddress } from '../quorum/membership.ts';

/** What a leader knows of those that follow it. */
export interface LeadingFacts {
  /** Learners connected, in whatever state. */
  readonly learners: number;
  /** Voters among them that are in step, without the leader itself. */
  readonly syncedFollowers: number;
  /** Participants by their own word that have no vote. */
  readonly syncedNonVotingFollowers: number;
  readonly syncedObservers: number;
  /** `sync` requests that wait for the proposals before them. */
  readonly pendingSyncs: number;
  /** Since it was established, ms. */
  readonly leaderUptimeMs: number;
  /** Bytes of proposals; -1 before the first. */
  readonly proposalBytes: { readonly last: number; readonly min: number; readonly max: number };
}

/** What any member knows. */
export interface QuorumFacts {
  /** `leading - broadcast`, `following - synchronization`, ...: Apache's words. */
  readonly peerState: string;
  /** Servers that vote. */
  readonly voters: number;
  /** The leader of an observer; undefined for others. */
  readonly observerMaster: number | undefined;
  readonly leading: LeadingFacts | undefined;
}

/** The lines that `conf` of a member adds. */
export interface MemberConfiguration {
  readonly initLimitTicks: number;
  readonly syncLimitTicks: number;
  readonly electionAlgorithm: number;
  readonly electionPort: number;
  readonly quorumPort: number;
  readonly peerType: 'participant' | 'observer';
  /** The configuration in force, as its text; undefined in read-only mode. */
  readonly membership: string | undefined;
}

/** Where a member that has a leader stands. */
export interface Standing {
  readonly myId: number;
  readonly isLeader: boolean;
  readonly leaderId: number;
  /** Of its first address. */
  readonly leaderHost: string;
  /** Of this server. */
  readonly addresses: readonly ServerAddress[];
  /** Where its clients connect. */
  readonly client: { readonly host: string; readonly port: number };
  /** Its vote counts. */
  readonly voting: boolean;
  readonly lastZxid: bigint;
}

/** An observer, as its leader sees it. */
export interface ObserverReport {
  readonly remote: string;
  readonly sid: bigint;
  readonly synced: boolean;
  /** When it connected, ms since 1970. */
  readonly establishedMs: number;
  /** What it has not taken yet. Packets are not queued one by one here: 0. */
  readonly queuedPackets: number;
  readonly queuedBytes: number;
  readonly received: number;
  readonly sent: number;
  /** Requests it forwarded. */
  readonly requests: number;
  /** The last it was sent. */
  readonly lastZxid: bigint;
}
