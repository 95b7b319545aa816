/**
 * What a leader does to the world around it. The machine decides; whoever implements this owns the sockets,
 * the log, the tree and the epoch files.
 */
import type { Id } from '../../protocol/acl.ts';
import type { Membership } from '../quorum/membership.ts';
import type { ZabEntry } from './learner-effects.ts';

/** One learner's connection, as the leader's machine uses it. Its identity stands for the learner. */
export interface LearnerPort {
  /** `host:port`, for events. */
  readonly remote: string;
  /** Bytes that wait to be sent; at least `HISTORY_BYTES_MAX` while a snapshot is on its way. */
  readonly pendingBytes: number;
  /** The learner's id; -1 before it has said who it is. */
  readonly peer: bigint;
  /** It has said so. */
  introduced(sid: bigint): void;
  /** Sends a packet; it leaves at the end of the turn. What is sent behind a snapshot waits for its end. */
  send(type: number, zxid: bigint, data: Buffer | null, authinfo?: readonly Id[] | null): void;
  /**
   * Sends a SNAP packet and a snapshot behind it, bit by bit. Only one is taken of a tree at a time, so it
   * may have to wait: `begun` is called, perhaps at once, in the moment whose tree is sent, after the SNAP
   * packet was. Nothing is sent to this port between this call and that one. `begun` is never called for a
   * port that is closed.
   */
  sendSnapshot(begun: () => void): void;
  /** Closes after what was sent. */
  close(why: string): void;
}

/**
 * Bytes of history that may wait in a learner's port; what it has not read is not taken from the log yet.
 * More comes when the machine is told `drained`.
 */
export const HISTORY_BYTES_MAX = 1024 * 1024;

/** The log on disk, read from `from` on, for learners that are too far behind for the cache. */
export interface DiskHistory {
  /**
   * Finds where `from` is, bit by bit, so that `readFrom(from)` need not look for it; `done` is called,
   * perhaps at once, when it may begin. Not there: `readFrom` is always quick.
   */
  locate?(from: bigint, done: () => void): void;
  /**
   * Entries with zxid >= `from`, in order, beginning with the file that may hold it; each good until the next
   * is asked for. They end where the log ends, or before a hole. Undefined when the log does not reach back
   * so far, is known to have a hole there, or, unless `anyLength`, is longer than is worth sending
   * (`snapshotSizeFactor`).
   */
  readFrom(from: bigint, anyLength?: boolean): IterableIterator<ZabEntry> | undefined;
}

/** A client's request that a learner forwards. */
export interface Forwarded {
  readonly session: bigint;
  readonly cxid: number;
  readonly op: number;
  /** The request's body. */
  readonly body: Buffer;
  readonly ids: readonly Id[];
}

/** The effects of a leader. A call that throws a `ZktError` ends the process: the disk is no longer known. */
export interface LeaderEffects {
  /** Writes `acceptedEpoch`; durable when it returns. */
  acceptEpoch(epoch: bigint): void;
  /** Writes `currentEpoch`; durable when it returns. */
  enterEpoch(epoch: bigint): void;
  /** A quorum has the history of this epoch on disk: clients may be served. */
  established(epoch: bigint): void;

  /** A quorum has everything up to this zxid on disk: it is committed. In order, each zxid once at least. */
  committed(upTo: bigint): void;
  /** A committed reconfiguration is in force. False when it takes the leadership from this server. */
  activateConfig(membership: Membership, designated: bigint): boolean;

  /** A learner forwards a request: it goes to the chain, which proposes what it becomes. */
  request(from: LearnerPort, request: Forwarded): void;
  /** A learner's client was heard of. */
  touch(from: LearnerPort, session: bigint, timeoutMs: number): void;
  /** A client came to a learner with this session: true when it lives; it is that learner's from now on. */
  revalidate(from: LearnerPort, session: bigint, timeoutMs: number): boolean;

  /**
   * The epoch that a server's own history is of, as it said in its last vote for itself; undefined where that
   * is not known.
   */
  claimedEpoch(sid: bigint): bigint | undefined;

  /** This server leads no longer. Said once; nothing more follows. */
  stepDown(why: string): void;
}
