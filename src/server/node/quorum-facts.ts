/** What a member tells of its ensemble in `conf`, `srvr` and `mntr`, looked up when it is asked. */

import type { Clock } from '../../ports/clock.ts';
import { PACKET } from '../../protocol/quorum.ts';
import type {
  LeadingFacts,
  MemberConfiguration,
  ObserverReport,
  QuorumFacts,
  Standing,
} from '../admin/quorum-facts.ts';
import type { ServerConfig } from '../config/server-config.ts';
import type { PacketCounts } from '../net/packet-traffic.ts';
import { type Membership, memberOf } from '../quorum/membership.ts';
import { membershipText } from '../quorum/membership-text.ts';
import { LeaderRole } from './leader-role.ts';
import type { QuorumPeer } from './quorum-peer.ts';
import type { QuorumSource } from './server-reports.ts';

/** Apache's words for states; its phase is `broadcast` for whoever serves, and others are not asked. */
const STATES = { LEADING: 'leading', FOLLOWING: 'following', OBSERVING: 'observing' } as const;

/** Fast leader election, the only one there is (`electionAlg`). */
const ELECTION_ALGORITHM = 3;

/** Packets of one connection. */
interface Packets {
  readonly received: number;
  readonly sent: number;
  readonly requests: number;
}

const NO_PACKETS: Packets = { received: 0, sent: 0, requests: 0 };

const packetsOf = ({ received, sent }: PacketCounts): Packets => ({
  received: received.reduce((sum, n) => sum + n, 0),
  sent: sent.reduce((sum, n) => sum + n, 0),
  requests: received[PACKET.REQUEST] ?? 0,
});

/** See the head of the file. */
export class PeerFacts implements QuorumSource {
  private readonly peer: QuorumPeer;
  private readonly config: ServerConfig;
  private readonly clock: Clock;
  /** What the connections of observers had counted when their counts were last set back. */
  private readonly before = new WeakMap<PacketCounts, Packets>();

  constructor(peer: QuorumPeer, config: ServerConfig, clock: Clock) {
    this.peer = peer;
    this.config = config;
    this.clock = clock;
  }

  facts(): QuorumFacts | undefined {
    const { present: role, parts } = this.peer;
    if (role === undefined) return undefined;
    const { state, leader } = role.decision;
    const { members } = parts.ensemble.committed;
    return {
      peerState: `${STATES[state]} - broadcast`,
      voters: members.filter((m) => m.role === 'participant').length,
      observerMaster: state === 'OBSERVING' ? Number(leader) : undefined,
      leading: role instanceof LeaderRole ? this.leading(role) : undefined,
    };
  }

  configuration(): Omit<MemberConfiguration, 'membership'> & { readonly membership: string } {
    const { quorum } = this.config;
    const { committed, self } = this.peer.parts.ensemble;
    const at = self?.addresses[0];
    return {
      initLimitTicks: quorum.initLimitTicks,
      syncLimitTicks: quorum.syncLimitTicks,
      electionAlgorithm: ELECTION_ALGORITHM,
      electionPort: at?.electionPort ?? -1,
      quorumPort: at?.quorumPort ?? -1,
      peerType: self?.role ?? quorum.peerType,
      membership: membershipText(committed),
    };
  }

  standing(): Standing | undefined {
    const { present: role, parts } = this.peer;
    if (role === undefined) return undefined;
    const { state, leader } = role.decision;
    const { self, committed } = parts.ensemble;
    return {
      myId: this.config.serverId,
      isLeader: state === 'LEADING',
      leaderId: Number(leader),
      leaderHost: memberOf(committed, leader)?.addresses[0]?.host ?? '',
      addresses: self?.addresses ?? [],
      client: { host: parts.port.options.host, port: parts.port.boundPort },
      voting: parts.ensemble.participant,
      lastZxid: parts.store.database.lastZxid,
    };
  }

  membership(): Membership {
    return this.peer.parts.ensemble.committed;
  }

  observers(): ObserverReport[] {
    const { present: role } = this.peer;
    if (!(role instanceof LeaderRole)) return [];
    const traffic = new Map(role.learnerTraffic().map((counts) => [counts.peer, counts]));
    return role.machine.learners().flatMap(({ sid, kind, phase, sent, remote, pendingBytes }) => {
      const counts = traffic.get(sid);
      if (kind !== 'observer' || counts === undefined) return [];
      const now = packetsOf(counts);
      const before = this.before.get(counts) ?? NO_PACKETS;
      return {
        remote,
        sid,
        synced: phase === 'serving',
        establishedMs: counts.openedMs,
        queuedPackets: 0,
        queuedBytes: pendingBytes,
        received: now.received - before.received,
        sent: now.sent - before.sent,
        requests: now.requests - before.requests,
        lastZxid: sent,
      };
    });
  }

  resetObservers(): void {
    const { present: role } = this.peer;
    if (!(role instanceof LeaderRole)) return;
    for (const counts of role.learnerTraffic()) this.before.set(counts, packetsOf(counts));
  }

  private leading({ machine, server, proposalBytes }: LeaderRole): LeadingFacts {
    const learners = machine.learners();
    const serving = learners.filter(({ phase }) => phase === 'serving');
    const followers = serving.filter(({ kind }) => kind === 'follower');
    return {
      learners: learners.length,
      syncedFollowers: followers.filter(({ votes }) => votes).length,
      syncedNonVotingFollowers: followers.filter(({ votes }) => !votes).length,
      syncedObservers: serving.length - followers.length,
      pendingSyncs: learners.reduce((sum, { syncs }) => sum + syncs, 0),
      leaderUptimeMs: server === undefined ? 0 : this.clock.monotonicMs() - server.startedMs,
      proposalBytes,
    };
  }
}
