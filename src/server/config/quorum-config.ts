/**
 * What a member of an ensemble is told beside what every server is: the part of `ServerConfig` for elections
 * and ZAB.
 */
import type { Membership } from '../quorum/membership.ts';

/** The ensemble's side of a server. Times are ms, or ticks where the name says so. */
export interface QuorumConfig {
  /** Who is in the ensemble, as the files say at start. Undefined for a server that stands alone. */
  readonly membership: Membership | undefined;
  /** What this server is: the list of servers has the last word, before `peerType`. */
  readonly peerType: 'participant' | 'observer';
  /** `standaloneEnabled`: a single participant stands alone, and reconfig leaves two at least. */
  readonly standaloneEnabled: boolean;
  /** `reconfigEnabled`: the membership may change while the ensemble runs. */
  readonly reconfigEnabled: boolean;
  /** The file that held the members at start; undefined where zoo.cfg or the command line did. */
  readonly dynamicConfigFile: string | undefined;
  /**
   * The zoo.cfg that is kept up to date when the membership changes, with the dynamic files beside it.
   * Undefined where it is not to change, or the members came from no file: then what changes is kept in
   * memory only.
   */
  readonly keptFile: string | undefined;

  /** `initLimit`: ticks a learner has to connect and synchronise. */
  readonly initLimitTicks: number;
  /** `syncLimit`: ticks a learner may be silent. */
  readonly syncLimitTicks: number;
  /** `connectToLearnerMasterLimit`: ticks to reach the leader; `initLimit` where not given. */
  readonly connectToLearnerMasterLimitTicks: number;
  /** `leaderConnectDelayDuringRetryMs`: between two tries to reach the leader. */
  readonly leaderDialPauseMs: number;
  /** `leader.maxTimeToWaitForEpoch`; undefined for no limit but `initLimit`. */
  readonly epochWaitMs: number | undefined;

  /** `quorumListenOnAllIPs`: quorum and election port on every address. */
  readonly listenOnAllAddresses: boolean;
  /** `multiAddress.enabled`: handshakes of the second version, with all addresses of a server. */
  readonly multiAddress: boolean;
  /** `electionPortBindRetry`: tries to open the election port; 0 for ever. */
  readonly electionPortBindTries: number;
  /** `cnxTimeout`: to open a connection to another server's election port. */
  readonly cnxTimeoutMs: number;
  /**
   * `quorumCnxnTimeoutMs`: for the handshake of an election connection; `syncLimit` ticks where not given.
   */
  readonly handshakeTimeoutMs: number;
  /** `tcpKeepAlive` of election connections. */
  readonly electionKeepAlive: boolean;
  /** `fastleader.minNotificationInterval`: first silence after which votes are sent again. */
  readonly minNotificationMs: number;
  /** `fastleader.maxNotificationInterval`: the silence doubles up to this. */
  readonly maxNotificationMs: number;
  /** `zkt.finalizeWaitMs`: how long a quorum for a vote waits for a better one that may still come. */
  readonly finalizeWaitMs: number;

  /** `leaderServes`: whether the leader serves clients of its own. */
  readonly leaderServes: boolean;
  /** `forceSnapshotSync`: learners always get a snapshot. */
  readonly forceSnapshotSync: boolean;
  /**
   * `snapshotSizeFactor`: the log is sent from disk up to this share of the snapshot's size; negative for
   * never.
   */
  readonly snapshotSizeFactor: number;
  /** `commitLogCount`: committed transactions kept in memory for learners. */
  readonly committedLogMax: number;
  /** `leader.maxConcurrentSnapSyncs`: snapshots under way to observers at a time. */
  readonly snapshotSyncsMax: number;
  /** `leader.maxConcurrentDiffSyncs`: differences under way to observers at a time. */
  readonly diffSyncsMax: number;
  /** `zkt.learnerQueueBytesMax`: bytes that may wait for one learner before it is dropped. */
  readonly learnerQueueBytesMax: number;
  /** `zkt.epochTransactionsMax`: the last counter of an epoch's zxids. */
  readonly epochTransactionsMax: number;

  /** `syncEnabled`: an observer logs to disk. */
  readonly syncEnabled: boolean;
  /** `observer.reconnectDelayMs`: before an observer looks for a leader it has lost. */
  readonly observerReconnectDelayMs: number;
  /** `observer.election.DelayMs`: random share of which an observer waits before it looks for a leader. */
  readonly observerElectionDelayMs: number;

  /** `localSessionsEnabled`. */
  readonly localSessionsEnabled: boolean;
  /** `localSessionsUpgradingEnabled`. */
  readonly localSessionsUpgradingEnabled: boolean;
  /** `readonlymode.enabled`: reads are served without a quorum, to those who ask for that. */
  readonly readOnlyMode: boolean;
  /**
   * The bytes of `zkt.sessionSecretFile`, which all servers of the ensemble share for session passwords;
   * undefined for Apache's formula, which any ensemble with Apache's servers needs.
   */
  readonly sessionSecret: Uint8Array | undefined;
}
