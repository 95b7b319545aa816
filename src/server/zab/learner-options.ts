/** What a learner is told at its start, and where it can be. */

/** What a learner is told at its start. */
export interface LearnerOptions {
  /** This server. */
  readonly sid: bigint;
  readonly kind: 'follower' | 'observer';
  /** The leader's server id; for events. */
  readonly leader: bigint;
  /** Version of the configuration last seen. */
  readonly configVersion: bigint;
  readonly acceptedEpoch: bigint;
  readonly currentEpoch: bigint;
  /** The last transaction on this server's disk; memory holds the same. */
  readonly lastLogged: bigint;
  /**
   * This server cannot cut its history where a leader wanted it cut: it tells of a transaction that nobody
   * has, so that it is sent a snapshot, and keeps what it has until that is on disk.
   */
  readonly wantsSnapshot?: boolean;
  readonly tickMs: number;
  readonly initLimitTicks: number;
  readonly syncLimitTicks: number;
  /** False: an observer applies what it is told without logging it (`syncEnabled`). */
  readonly logInforms: boolean;
  /** Bytes of one answer to a PING, at most; the default fits jute.maxbuffer's. */
  readonly pingBytesMax?: number;
  /** Bytes of transactions that may wait for the disk or their COMMIT; more, and the leader is left. */
  readonly backlogBytesMax?: number;
}

/**
 * The zxid that asks for a snapshot: the end of epoch 0 lies between what a server that stood alone has
 * logged and what the first leader logs, so that no walk through a log meets it, and no log is cut there
 * (facts 9.2).
 */
export const SNAPSHOT_ZXID = 0xffff_fffen;

/** The defaults of the limits. */
export const PING_BYTES_MAX = 1_000_000;
export const BACKLOG_BYTES_MAX = 512 * 1024 * 1024;

/**
 * Where a learner is.
 *
 * - `idle`: not connected yet; `hello`: it has said who it is; `epoch`: it has accepted the leader's epoch.
 * - `snapshot`: a snapshot is coming; `syncing`: the history is coming.
 * - `storing`: NEWLEADER has come, and the history before it is on its way to the disk.
 * - `joined`: NEWLEADER is acknowledged; `starting`: UPTODATE has come, and the history before it is being
 *   applied.
 * - `serving`: clients may be served; `left`: over.
 */
export type LearnerState =
  | 'idle'
  | 'hello'
  | 'epoch'
  | 'snapshot'
  | 'syncing'
  | 'storing'
  | 'joined'
  | 'starting'
  | 'serving'
  | 'left';
