/**
 * The chain of a leader: Prep -> Proposal (-> Sync -> Ack) -> Commit -> ToBeApplied -> Final.
 *
 * A transaction is encoded once, into the log, and handed to the broadcast from there. It is applied once a
 * quorum has it on disk, and this server too: its memory must not be ahead of its disk.
 */
import { Fifo } from '../../base/ring.ts';
import { OP } from '../../protocol/opcodes.ts';
import type { Request } from '../processor/request.ts';
import type { Conversation } from './conversation.ts';
import type { Broadcast } from './roles.ts';
import type { Store } from './store.ts';
import { type ChainWorld, WriteChain } from './write-chain.ts';

/** Something that waits until everything up to a zxid is applied. */
interface Barrier {
  readonly zxid: bigint;
  readonly done: () => void;
}

/** What the chain works with. */
export interface LeaderChainWorld extends Omit<ChainWorld, 'log' | 'appended' | 'snapshotDue'> {
  readonly store: Store;
  readonly broadcast: Broadcast;
}

/** See the head of the file. */
export class LeaderChain {
  private readonly store: Store;
  private readonly broadcast: Broadcast;
  private readonly writes: WriteChain;
  private readonly barriers = new Fifo<Barrier>();
  private loggedZxid: bigint;
  private committedZxid: bigint;
  private appliedZxid: bigint;

  constructor(world: LeaderChainWorld) {
    const { store, broadcast, database } = world;
    this.store = store;
    this.broadcast = broadcast;
    this.loggedZxid = database.lastZxid;
    this.committedZxid = database.lastZxid;
    this.appliedZxid = database.lastZxid;
    this.writes = new WriteChain({
      ...world,
      log: store.log,
      snapshotDue: () => store.snapshot(),
      appended: (request, entry, start, end) => {
        const zxid = request.header?.zxid ?? 0n;
        // The one copy, for the followers, for what is to be applied, and for learners that come later.
        const bytes = copyOf(entry, start, end);
        store.appended({ zxid, bytes });
        broadcast.propose(zxid, bytes, membershipOf(request));
      },
    });
  }

  /** A write: of a client here (`talk`), of a learner's client, or of the server itself. */
  write(talk: Conversation | undefined, request: Request): void {
    if (this.writes.exhausted) this.broadcast.stepDown('the epoch has no zxid left');
    else if (this.store.log.full) this.broadcast.stepDown('the disk of the log is full');
    else this.writes.write(talk, request);
  }

  /** A quorum has everything up to that zxid on disk. */
  committed(upTo: bigint): void {
    if (upTo > this.committedZxid) {
      this.writes.reached('quorum', this.committedZxid, upTo);
      this.committedZxid = upTo;
    }
    this.advance();
  }

  /** This server has everything up to that zxid on disk: told before the broadcast counts on it. */
  synced(upTo: bigint, ms: number): void {
    this.writes.logged(upTo, ms);
  }

  /** This server has everything up to that zxid on disk, and the broadcast knows. */
  logged(upTo: bigint): void {
    if (upTo > this.loggedZxid) this.loggedZxid = upTo;
    this.advance();
  }

  /**
   * Calls `done` once it is certain that this server leads after this call, and everything is applied that
   * was proposed before it.
   */
  confirm(done: () => void): void {
    const zxid = this.writes.lastZxid;
    this.broadcast.confirm(() => {
      if (this.appliedZxid >= zxid) done();
      else this.barriers.push({ zxid, done });
    });
  }

  private advance(): void {
    const upTo = this.loggedZxid < this.committedZxid ? this.loggedZxid : this.committedZxid;
    if (upTo <= this.appliedZxid) return;
    this.appliedZxid = upTo;
    this.writes.release(upTo);
    for (let next = this.barriers.peek(); next !== undefined; next = this.barriers.peek()) {
      if (next.zxid > this.appliedZxid) return;
      this.barriers.shift();
      next.done();
    }
  }
}

function copyOf(bytes: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start);
  bytes.copy(copy, 0, start, end);
  return copy;
}

/** The configuration that a reconfig proposes, as its text. */
function membershipOf({ txn }: Request): string | undefined {
  return txn?.type === OP.reconfig ? (txn.data ?? '').toString('utf8') : undefined;
}
