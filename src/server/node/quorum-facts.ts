/** What a member tells of its ensemble in `conf`, `srvr` and `mntr`, looked up when it is asked. */
import type { Clock } from '../../ports/clock.ts';
import type { LeadingFacts, MemberConfiguration, QuorumFacts } from '../admin/quorum-facts.ts';
import type { ServerConfig } from '../config/server-config.ts';
import { membershipText } from '../quorum/membership-text.ts';
import type { QuorumSource } from './four-letter-answers.ts';
import { LeaderRole } from './leader-role.ts';
import type { QuorumPeer } from './quorum-peer.ts';

/** Apache's words for states; its phase is `broadcast` for whoever serves, and others are not asked. */
const STATES = { LEADING: 'leading', FOLLOWING: 'following', OBSERVING: 'observing' } as const;

/** Fast leader election, the only one there is (`electionAlg`). */
const ELECTION_ALGORITHM = 3;

/** See the head of the file. */
export class PeerFacts implements QuorumSource {
  private readonly peer: QuorumPeer;
  private readonly config: ServerConfig;
  private readonly clock: Clock;

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
