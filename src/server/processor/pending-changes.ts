/**
 * The tree as it will be once every transaction prepared so far is applied.
 *
 * A write is checked against this view, since writes before it may still be on their way to disk. A node that
 * pending transactions touch has a record here; all others are read from the tree.
 */
import { get32, get64, hiOfNumber, put32, put64 } from '../../base/halves.ts';
import { Fifo } from '../../base/ring.ts';
import type { Acl } from '../../protocol/acl.ts';
import { STAT_PERSISTED_BYTES } from '../../protocol/stat.ts';
import { copyBytes } from '../tree/arena.ts';
import type { DataTree, Stamp } from '../tree/data-tree.ts';
import { NO_NODE, STAT_AT } from '../tree/node-store.ts';
import { DigestSum, inDigest, nodeDigest } from '../tree/tree-digest.ts';

/** Records kept for use again: a session that ends with 100,000 ephemerals must not leave as many behind. */
const SPARE_MAX = 4096;

/** A node as it will be. `exists` is false for one that pending transactions delete. */
export class ChangeRecord {
  path = '';
  exists = true;
  /** The 60 bytes of StatPersisted. */
  readonly stat: Buffer = Buffer.alloc(STAT_PERSISTED_BYTES);
  childCount = 0;
  acl: readonly Acl[] = [];
  /** `data[dataAt, dataAt + dataLength)`; dataLength -1 for null. */
  data: Uint8Array | null = null;
  dataAt = 0;
  dataLength = -1;
  /** Share of the digest. */
  crc = 0;
  /** The transaction that touched it last. */
  txn = 0;
  /** In the table of pending changes, not just a look at the tree. */
  pending = false;

  get version(): number {
    return get32(this.stat, STAT_AT.version);
  }

  get mzxid(): bigint {
    return get64(this.stat, STAT_AT.mzxid);
  }

  /** Stored cversion: the next sequence number of its children. */
  get cversion(): number {
    return get32(this.stat, STAT_AT.cversion);
  }

  get aversion(): number {
    return get32(this.stat, STAT_AT.aversion);
  }

  get owner(): bigint {
    return get64(this.stat, STAT_AT.ephemeralOwner);
  }

  /** Takes over all that another record says. */
  copyFrom(other: ChangeRecord): void {
    this.path = other.path;
    this.exists = other.exists;
    other.stat.copy(this.stat);
    this.childCount = other.childCount;
    this.acl = other.acl;
    this.data = other.data;
    this.dataAt = other.dataAt;
    this.dataLength = other.dataLength;
    this.crc = other.crc;
    this.txn = other.txn;
    this.pending = other.pending;
  }
}

/** What is counted of pending changes, over all tables of a server. */
export interface ChangeCounts {
  changesQueued: number;
  changesRemoved: number;
}

/** The table of pending changes over one tree. */
export class PendingChanges {
  /** The digest after all pending transactions. */
  readonly digest = new DigestSum();
  private readonly tree: DataTree;
  private readonly counts: ChangeCounts;
  private readonly records = new Map<string, ChangeRecord>();
  private readonly touched = new Fifo<ChangeRecord>();
  private readonly touchedBy = new Fifo<number>();
  private readonly spare: ChangeRecord[] = [];
  private txn = 0;
  /** While a multi is prepared: each record as it was before, and whether it was pending. */
  private undo: { record: ChangeRecord; before: ChangeRecord }[] | undefined;

  constructor(tree: DataTree, counts: ChangeCounts = { changesQueued: 0, changesRemoved: 0 }) {
    this.tree = tree;
    this.counts = counts;
    this.digest.copyFrom(tree.digest);
  }

  /** Nodes with pending changes. */
  get size(): number {
    return this.records.size;
  }

  /** Begins the next transaction; answers its number, to give to `settle` when it has been applied. */
  begin(): number {
    if (this.records.size === 0) this.digest.copyFrom(this.tree.digest);
    return ++this.txn;
  }

  /** The node as it will be; undefined when it will not exist. */
  get(path: string): ChangeRecord | undefined {
    const pending = this.records.get(path === '' ? '/' : path);
    if (pending !== undefined) return pending.exists ? pending : undefined;
    const id = this.tree.find(path);
    return id === NO_NODE ? undefined : this.look(id);
  }

  /** Paths of the session's ephemerals once everything pending is applied. */
  ephemeralsOf(session: bigint): string[] {
    const paths = new Set(this.tree.owned.ephemeralsOf(session));
    for (const [path, record] of this.records) {
      if (record.owner === session && record.exists) paths.add(path);
      else paths.delete(path);
    }
    return [...paths];
  }

  /** Adds a node; its parent gains a child, cversion and pzxid. */
  create(
    path: string,
    parent: ChangeRecord,
    owner: bigint,
    data: Buffer | null,
    acl: readonly Acl[],
    at: Stamp,
  ): void {
    this.touch(parent);
    parent.childCount++;
    put32(parent.stat, STAT_AT.cversion, parent.cversion + 1);
    put64(parent.stat, STAT_AT.pzxid, at.zxidHi, at.zxidLo);
    this.seal(parent);

    const gone = this.records.get(path);
    const record = gone ?? this.take();
    if (gone !== undefined) this.touch(gone);
    record.path = path;
    record.exists = true;
    record.childCount = 0;
    record.acl = acl;
    record.data = data;
    record.dataAt = 0;
    record.dataLength = data?.length ?? -1;
    record.crc = 0;
    record.stat.fill(0);
    put64(record.stat, STAT_AT.czxid, at.zxidHi, at.zxidLo);
    put64(record.stat, STAT_AT.mzxid, at.zxidHi, at.zxidLo);
    put64(record.stat, STAT_AT.pzxid, at.zxidHi, at.zxidLo);
    put64(record.stat, STAT_AT.ctime, hiOfNumber(at.time), at.time);
    put64(record.stat, STAT_AT.mtime, hiOfNumber(at.time), at.time);
    if (owner !== 0n) record.stat.writeBigInt64BE(owner, STAT_AT.ephemeralOwner);
    if (gone === undefined) this.touchNew(record);
    this.seal(record);
  }

  /** Takes a node away; its parent loses a child and gains pzxid. */
  delete(record: ChangeRecord, parent: ChangeRecord | undefined, at: Stamp): void {
    if (parent !== undefined) {
      this.touch(parent);
      parent.childCount--;
      put64(parent.stat, STAT_AT.pzxid, at.zxidHi, at.zxidLo);
      this.seal(parent);
    }
    this.touch(record);
    record.exists = false;
    if (inDigest(record.path)) this.digest.subtract(record.crc);
    record.crc = 0;
  }

  /** Gives a node new data and version. */
  setData(record: ChangeRecord, data: Buffer | null, version: number, at: Stamp): void {
    this.touch(record);
    record.data = data;
    record.dataAt = 0;
    record.dataLength = data?.length ?? -1;
    put64(record.stat, STAT_AT.mzxid, at.zxidHi, at.zxidLo);
    put64(record.stat, STAT_AT.mtime, hiOfNumber(at.time), at.time);
    put32(record.stat, STAT_AT.version, version);
    this.seal(record);
  }

  /** Gives a node a new ACL and its version. */
  setAcl(record: ChangeRecord, acl: readonly Acl[], aversion: number): void {
    this.touch(record);
    record.acl = acl;
    put32(record.stat, STAT_AT.aversion, aversion);
    this.seal(record);
  }

  /** Everything up to that transaction has been applied: its records are no longer pending. */
  settle(txn: number): void {
    for (let by = this.touchedBy.peek(); by !== undefined && by <= txn; by = this.touchedBy.peek()) {
      this.touchedBy.shift();
      this.counts.changesRemoved++;
      const record = this.touched.shift() as ChangeRecord;
      if (record.txn > txn || !record.pending) continue;
      this.records.delete(record.path);
      record.pending = false;
      record.data = null;
      if (this.spare.length < SPARE_MAX) this.spare.push(record);
    }
  }

  /** From here on changes can be taken back: a multi is being prepared. */
  beginMulti(): DigestSum {
    this.undo = [];
    const before = new DigestSum();
    before.copyFrom(this.digest);
    return before;
  }

  /** The multi holds: its changes stay. */
  keepMulti(): void {
    this.undo = undefined;
  }

  /** The multi failed: all is as it was at `beginMulti`. */
  undoMulti(digest: DigestSum): void {
    for (const { record, before } of (this.undo ?? []).reverse()) {
      if (!before.pending) this.records.delete(record.path);
      const pending = record.pending;
      record.copyFrom(before);
      if (pending && !before.pending) record.pending = false;
    }
    this.undo = undefined;
    this.digest.copyFrom(digest);
  }

  /** A look at a node of the tree: a record outside the table. */
  private look(id: number): ChangeRecord {
    const { store } = this.tree;
    const record = this.take();
    const from = store.statBytes(id);
    const start = store.statOffset(id);
    copyBytes(from, start, start + STAT_PERSISTED_BYTES, record.stat, 0);
    record.path = store.path(id);
    record.exists = true;
    record.childCount = store.childCount(id);
    record.acl = this.tree.aclOf(id);
    record.dataLength = store.dataLength(id);
    record.data = record.dataLength > 0 ? store.dataSlab(id) : null;
    record.dataAt = record.dataLength > 0 ? store.dataOffset(id) : 0;
    record.crc = store.digest(id);
    return record;
  }

  private take(): ChangeRecord {
    const record = this.spare.pop() ?? new ChangeRecord();
    record.pending = false;
    return record;
  }

  private touchNew(record: ChangeRecord): void {
    this.undo?.push({ record, before: Object.assign(new ChangeRecord(), { path: record.path }) });
    this.enter(record);
  }

  /** Before each change of a record. */
  private touch(record: ChangeRecord): void {
    if (this.undo !== undefined) {
      const before = new ChangeRecord();
      before.copyFrom(record);
      this.undo.push({ record, before });
    }
    this.enter(record);
  }

  private enter(record: ChangeRecord): void {
    if (!record.pending) {
      record.pending = true;
      this.records.set(record.path, record);
    } else if (record.txn === this.txn) return;
    record.txn = this.txn;
    this.counts.changesQueued++;
    this.touched.push(record);
    this.touchedBy.push(this.txn);
  }

  private seal(record: ChangeRecord): void {
    if (!this.tree.options.digest || !inDigest(record.path)) return;
    const { path, data, dataAt, dataLength, stat } = record;
    const crc = nodeDigest(path, data, dataAt, dataLength, stat, 0);
    this.digest.subtract(record.crc);
    this.digest.add(crc);
    record.crc = crc;
  }
}
