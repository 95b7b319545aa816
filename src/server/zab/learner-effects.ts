/**
 * What a learner (follower or observer) does to the world around it. The machine decides; whoever implements
 * this owns the socket, the log, the tree and the epoch files.
 */
import type { Id } from '../../protocol/acl.ts';
import type { TxnEntry } from '../../protocol/txn.ts';

/** A transaction on its way: its zxid and its log entry (header, record, digest), which the machine owns. */
export interface ZabEntry {
  readonly zxid: bigint;
  readonly bytes: Buffer;
  /** `bytes` decoded, where that was done already; views on `bytes`. */
  readonly decoded?: TxnEntry;
}

/**
 * The effects of a learner. A call that throws a `ZktError` ends the process: the disk is no longer known.
 */
export interface LearnerEffects {
  /** Sends a packet to the leader; it leaves at the end of the turn. */
  send(type: number, zxid: bigint, data: Buffer | null, authinfo: readonly Id[] | null): void;

  /** Writes `acceptedEpoch`; durable when it returns. */
  acceptEpoch(epoch: bigint): void;
  /** Writes `currentEpoch`; durable when it returns. Only after everything before NEWLEADER is on disk. */
  enterEpoch(epoch: bigint): void;

  /**
   * Cuts log and tree back to `zxid`, durably; answers where the history ends now, which is before `zxid`
   * when that was never in it. Throws `ZKT_SYNC` where that is impossible (exit 13).
   */
  truncate(zxid: bigint): bigint;
  /**
   * The bytes after a SNAP packet are a snapshot: they are to be taken into a new database. The machine is
   * told by `snapshotTaken`, or the connection ends.
   */
  receiveSnapshot(zxid: bigint): void;
  /**
   * What the database that came with SNAP refers to and does not have, in words; undefined when it is whole.
   * Apache's leader goes on while it sends its tree: a node may come before its ACL, which one of the
   * transactions before NEWLEADER brings.
   */
  lacking(): string | undefined;
  /** Applies a committed transaction to a database that came with SNAP and is saved later, this one in it. */
  absorb(entry: ZabEntry): void;
  /**
   * Writes the database as it is now (a SNAP was taken in) as a snapshot, durably, and then removes what is
   * older, since a log with a hole must not look whole (2099). The machine is told by `snapshotSaved`.
   */
  saveSnapshot(): void;

  /** Appends to the log; the machine is told by `logged` once it is on disk. */
  append(entry: ZabEntry): void;
  /** The transaction is committed, and on this server's disk: apply it, answer who waits for it. In order. */
  apply(entry: ZabEntry): void;

  /**
   * The last seen configuration: a NEWLEADER's, or that of a reconfiguration proposed (and not committed
   * yet).
   */
  configSeen(text: string): void;
  /**
   * A configuration is in force from now on: that of a reconfiguration which is committed (COMMITANDACTIVATE,
   * INFORMANDACTIVATE) and applied, or the NEWLEADER's at UPTODATE. `designated` is the leader it names;
   * undefined at UPTODATE. `text` need not be the last that `configSeen` had, since another may be proposed
   * meanwhile; undefined where the leader sent none. False when this server's role or leader changes with it:
   * the machine then leaves.
   */
  activateConfig(designated: bigint | undefined, text: string | undefined): boolean;

  /** UPTODATE: clients may be served. `epoch` is that of the leader. */
  serve(epoch: bigint): void;
  /** The leader's answer about a session. */
  revalidated(session: bigint, valid: boolean): void;
  /** The leader has seen the oldest `sync` under way. */
  synced(): void;
  /** Sessions touched since the last call, with their timeouts, ms. */
  takeTouches(): ReadonlyMap<bigint, number>;

  /** The connection is to be closed, and a leader looked for anew. Said once; nothing more follows. */
  leave(why: string): void;
}
