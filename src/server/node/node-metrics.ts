/**
 * What a server counts on the way of every transaction, in whatever role: for `mntr` and Prometheus, at the
 * cost of a few additions. It outlives roles.
 *
 * Latencies are those of Apache: from the time the leader gave a transaction (in its header, ms since 1970)
 * to the moment something has become of it here. Clocks of two machines that disagree are in them.
 */
import { lo32 } from '../../base/halves.ts';
import { Summary } from '../../base/summary.ts';
import { OP } from '../../protocol/opcodes.ts';
import { PACKET } from '../../protocol/quorum.ts';
import { readSubTxns, type Txn, type TxnHeader } from '../../protocol/txn.ts';
import { cutNamespace } from '../admin/reports.ts';
import { FiredWatches } from '../watch/fired-watches.ts';
import { NAMESPACES_MAX, NamespaceSizes, namespaceOf } from './namespace-sizes.ts';

/** Times of so many transactions are kept, a power of two: those that are under way. */
const KEPT = 8192;
/** Where the time stands in an entry: behind session, cxid and zxid (TxnHeader, facts 6). */
const TIME_AT = 20;
const ENTRY_BYTES_MIN = 28;
const TWO_32 = 2 ** 32;
/** What Apache adds to the size of each read: a stat. */
const STAT_BYTES = 68;

/** See the head of the file. */
export class NodeMetrics {
  /** Until it was applied to the tree here. */
  readonly propagationMs = new Summary();
  /** Of a learner: until the proposal was here, and until it was known to be committed. */
  readonly proposalMs = new Summary();
  readonly commitPropagationMs = new Summary();
  /** Until it was on this server's disk, and so acknowledged. */
  readonly ackCreationMs = new Summary();
  /** Of a leader: until a quorum had acknowledged it, and until each follower had, by its id. */
  readonly quorumAckMs = new Summary();
  readonly ackMs = new Map<string, Summary>();
  /** Sessions that came to this learner from another server: its leader was asked about each. */
  revalidations = 0;
  /**
   * Changes that wait for their transaction to be applied: those that began to, and those that do no more.
   */
  changesQueued = 0;
  changesRemoved = 0;
  /** Writes refused for a quota, by the first part of the path. */
  readonly quotaErrors = new Map<string, number>();
  readonly watches = new FiredWatches();
  private readonly writes = new NamespaceSizes();
  private readonly reads = new NamespaceSizes();
  /** Bytes of path and data of each write applied, and of each read, by the first part of the path. */
  readonly writeBytes: ReadonlyMap<string, Summary> = this.writes.byName;
  readonly readBytes: ReadonlyMap<string, Summary> = this.reads.byName;
  private readonly times = new Float64Array(KEPT);
  private readonly counters = new Uint32Array(KEPT);

  /** A role begins: numbers of another epoch must not be taken for its own. */
  forget(): void {
    this.counters.fill(0);
  }

  /** A transaction has begun its way here: `entry` is its bytes, from the header on. Answers its time. */
  begun(zxid: bigint, entry: Buffer): number {
    if (entry.length < ENTRY_BYTES_MIN) return 0;
    const counter = lo32(zxid);
    const at = counter & (KEPT - 1);
    const time = entry.readInt32BE(TIME_AT) * TWO_32 + entry.readUInt32BE(TIME_AT + 4);
    this.counters[at] = counter;
    this.times[at] = time;
    return time;
  }

  /** The same, on a learner: a proposal has come. */
  received(zxid: bigint, entry: Buffer, wallMs: number): void {
    const time = this.begun(zxid, entry);
    if (time > 0) this.proposalMs.add(wallMs - time);
  }

  /** A learner got a packet that says that a transaction is committed. */
  heard(type: number, zxid: bigint, wallMs: number): void {
    if (type === PACKET.COMMIT || type === PACKET.COMMITANDACTIVATE)
      this.reached(this.commitPropagationMs, zxid - 1n, zxid, wallMs);
  }

  /** An observer got a transaction that is committed. */
  informed(zxid: bigint, entry: Buffer, wallMs: number): void {
    const time = this.begun(zxid, entry);
    if (time > 0) this.commitPropagationMs.add(wallMs - time);
  }

  /** What has a zxid in (`after`, `upTo`] has got there: one of the summaries above. */
  reached(summary: Summary | undefined, after: bigint, upTo: bigint, wallMs: number): void {
    if (summary === undefined || upTo <= after) return;
    const last = lo32(upTo);
    // Of another epoch, or of long ago: its times are not kept.
    const before = upTo >> 32n === after >> 32n ? lo32(after) : 0;
    for (let counter = Math.max(before, last - KEPT) + 1; counter <= last; counter++) {
      const at = counter & (KEPT - 1);
      if (this.counters[at] === counter >>> 0) summary.add(wallMs - (this.times[at] as number));
    }
  }

  /** The summary of what a follower acknowledges. */
  acksOf(sid: bigint): Summary | undefined {
    return summaryOf(this.ackMs, String(sid));
  }

  /** A write was refused for the quota over that path. */
  quotaRefused(path: string): void {
    const namespace = namespaceOf(path);
    if (namespace === undefined) return;
    const name = cutNamespace(namespace);
    const before = this.quotaErrors.get(name);
    if (before !== undefined || this.quotaErrors.size < NAMESPACES_MAX)
      this.quotaErrors.set(Buffer.from(name).toString(), (before ?? 0) + 1);
  }

  /** A transaction was applied to the tree. */
  applied(header: TxnHeader, txn: Txn, wallMs: number): void {
    this.propagationMs.add(wallMs - Number(header.time));
    this.wrote(txn);
  }

  /** A node is gone, by whatever transaction: the end of a session may delete many. */
  deleted(path: string): void {
    this.wroteAt(path, 0);
  }

  /** A read was answered: `bytes` of data, or of the names of children. */
  read(path: string, bytes: number): void {
    this.reads.of(path)?.add(path.length + bytes + STAT_BYTES);
  }

  private wrote(txn: Txn): void {
    switch (txn.type) {
      case OP.create:
      case OP.create2:
      case OP.createContainer:
      case OP.createTTL:
      case OP.setData:
      case OP.reconfig:
        this.wroteAt(txn.path, txn.data?.length ?? 0);
        return;
      case OP.multi:
        for (const part of readSubTxns(txn)) if (part !== undefined) this.wrote(part);
        return;
      default:
    }
  }

  private wroteAt(path: string, bytes: number): void {
    this.writes.of(path)?.add(path.length + bytes);
  }
}

function summaryOf(all: Map<string, Summary>, key: string): Summary | undefined {
  const known = all.get(key);
  if (known !== undefined || all.size >= NAMESPACES_MAX) return known;
  const summary = new Summary();
  all.set(key, summary);
  return summary;
}
