/**
 * The tree of znodes: rows, paths, ACLs, ephemerals, containers, TTL nodes, quotas and the digest, kept in
 * step.
 *
 * It does what it is told, without checks of permission or version: those are made before a transaction
 * exists (`server/processor`). `apply.ts` turns transactions into these calls.
 */
import { get32, get64, hiOfNumber, put32, put64 } from '../../base/halves.ts';
import { invariant } from '../../base/invariant.ts';
import type { Acl } from '../../protocol/acl.ts';
import { OPEN_ACL, READ_ONLY_ACL } from '../../protocol/acl.ts';
import { ownerKind } from '../../protocol/create-mode.ts';
import { SYSTEM_PATHS } from '../../protocol/paths.ts';
import type { Stat } from '../../protocol/stat.ts';
import { STAT_BYTES, STAT_PERSISTED_BYTES } from '../../protocol/stat.ts';
import { AclCache } from './acl-cache.ts';
import { copyBytes } from './arena.ts';
import { NO_NODE, type NodeId, NodeStore, STAT_AT } from './node-store.ts';
import { OwnedNodes } from './owned-nodes.ts';
import { PathTable } from './path-table.ts';
import { QuotaLedger } from './quota-ledger.ts';
import { DigestSum, inDigest, nodeDigest } from './tree-digest.ts';
import type { TreeOptions } from './tree-options.ts';

/** When and by which transaction, as halves: made once for each transaction. */
export interface Stamp {
  readonly zxidHi: number;
  readonly zxidLo: number;
  /** Wall clock, ms since 1970. */
  readonly time: number;
}

/** Told before a node's row, stat or data changes or goes: the running snapshot keeps what was. */
export type BeforeChange = (id: NodeId) => void;

/** A new node's particulars. `owner` is the stored ephemeralOwner. */
export interface NewNode {
  readonly data: Uint8Array | null;
  readonly acl: readonly Acl[];
  readonly owner: bigint;
}

const ROOT_ID: NodeId = 0;

/** The tree in memory. */
export class DataTree {
  readonly store = new NodeStore();
  readonly acls = new AclCache();
  readonly digest = new DigestSum();
  /**
   * False from a leader's snapshot until a digest is right: Apache's is fuzzy and holds parts of transactions
   * that are still to come, so that until then digests differ.
   */
  digestSettled = true;
  readonly owned: OwnedNodes;
  readonly quotas: QuotaLedger;
  readonly options: TreeOptions;
  beforeChange: BeforeChange | undefined;
  /** Told of each new node. */
  onBirth: BeforeChange | undefined;
  private readonly index: PathTable;
  /** The parent looked up last. */
  private lastParent: NodeId = NO_NODE;
  private pathChars = 0;
  private dataBytes = 0;

  constructor(options: TreeOptions) {
    this.options = options;
    this.owned = new OwnedNodes(options.extended);
    this.index = new PathTable((id) => this.store.path(id), options.hashSeed);
    this.quotas = new QuotaLedger(
      this.store,
      (path) => this.find(path),
      (id, data) => this.overwriteData(id, data),
    );
    const root = this.addRow(SYSTEM_PATHS.root, OPEN_ACL);
    this.store.setData(root, Buffer.alloc(0), 0, 0);
    invariant(root === ROOT_ID, 'the root is the first row');
    this.seal(root);
  }

  /** A fresh tree: the root and the nodes every tree holds (facts 2.7). */
  static fresh(options: TreeOptions): DataTree {
    const tree = new DataTree(options);
    tree.ensureSystemNodes();
    return tree;
  }

  /** Adds the system nodes that are missing (a snapshot of an old server may lack some). */
  ensureSystemNodes(): void {
    for (const path of [SYSTEM_PATHS.zookeeper, SYSTEM_PATHS.quota, SYSTEM_PATHS.config]) {
      if (this.find(path) !== NO_NODE) continue;
      const isConfig = path === SYSTEM_PATHS.config;
      const id = this.addRow(path, isConfig ? READ_ONLY_ACL : OPEN_ACL);
      this.store.link(id, this.parentOf(path));
      this.store.setData(id, Buffer.alloc(0), 0, 0);
      // Apache sets the ACL of the configuration node without counting it (facts 2.7).
      if (isConfig) put32(this.store.statBytes(id), this.store.statOffset(id) + STAT_AT.aversion, -1);
      this.seal(id);
    }
  }

  /** Nodes held, the root once. */
  get nodeCount(): number {
    return this.index.size;
  }

  /** Characters of paths plus bytes of data; 44 for a fresh tree, as in Apache. */
  get approximateDataSize(): number {
    return this.pathChars + this.dataBytes;
  }

  /** The node of a path; the empty path is the root's, as in Apache. */
  find(path: string): NodeId {
    return path === '' ? ROOT_ID : this.index.get(path);
  }

  /** The node above a path; `NO_NODE` when it is missing or the path has no slash. */
  parentOf(path: string): NodeId {
    const slash = path.lastIndexOf('/');
    if (slash < 0) return NO_NODE;
    // Siblings come in runs: cutting off and looking up the same parent's path each time would cost more than
    // all else.
    const { lastParent } = this;
    if (lastParent !== NO_NODE && slash > 0) {
      const known = this.store.path(lastParent);
      if (known.length === slash && path.startsWith(known)) return lastParent;
    }
    const parent = this.find(slash === 0 ? SYSTEM_PATHS.root : path.slice(0, slash));
    this.lastParent = parent;
    return parent;
  }

  aclOf(id: NodeId): readonly Acl[] {
    return this.acls.get(this.store.acl(id));
  }

  /** The stored ephemeralOwner: what `ownerKind` tells apart. */
  ownerOf(id: NodeId): bigint {
    return get64(this.store.statBytes(id), this.store.statOffset(id) + STAT_AT.ephemeralOwner);
  }

  versionOf(id: NodeId): number {
    return get32(this.store.statBytes(id), this.store.statOffset(id) + STAT_AT.version);
  }

  /** The stored cversion: creates of children so far. */
  cversionOf(id: NodeId): number {
    return get32(this.store.statBytes(id), this.store.statOffset(id) + STAT_AT.cversion);
  }

  aversionOf(id: NodeId): number {
    return get32(this.store.statBytes(id), this.store.statOffset(id) + STAT_AT.aversion);
  }

  pzxidOf(id: NodeId): bigint {
    return get64(this.store.statBytes(id), this.store.statOffset(id) + STAT_AT.pzxid);
  }

  mzxidOf(id: NodeId): bigint {
    return get64(this.store.statBytes(id), this.store.statOffset(id) + STAT_AT.mzxid);
  }

  mtimeOf(id: NodeId): number {
    return Number(get64(this.store.statBytes(id), this.store.statOffset(id) + STAT_AT.mtime));
  }

  /** Names of the children, in no order. */
  childNames(id: NodeId): string[] {
    const names: string[] = [];
    const cut = id === ROOT_ID ? 1 : this.store.path(id).length + 1;
    for (let c = this.store.firstChild(id); c !== NO_NODE; c = this.store.nextSibling(c)) {
      names.push(this.store.path(c).slice(cut));
    }
    return names;
  }

  /**
   * Writes the 68 bytes of the client's Stat (facts 2.7): cversion counts creates and deletes of children,
   * and the owner of container and TTL nodes is hidden.
   */
  writeStat(id: NodeId, to: Uint8Array, at: number): void {
    const { store } = this;
    const from = store.statBytes(id);
    const start = store.statOffset(id);
    const children = store.childCount(id);
    copyBytes(from, start, start + STAT_AT.pzxid, to, at);
    put32(to, at + STAT_AT.cversion, 2 * get32(from, start + STAT_AT.cversion) - children);
    if ((from[start + STAT_AT.ephemeralOwner] as number) >= 0x80 && this.hidesOwner(id)) {
      put64(to, at + STAT_AT.ephemeralOwner, 0, 0);
    }
    put32(to, at + STAT_AT.pzxid, Math.max(store.dataLength(id), 0));
    put32(to, at + STAT_AT.pzxid + 4, children);
    copyBytes(from, start + STAT_AT.pzxid, start + STAT_PERSISTED_BYTES, to, at + STAT_BYTES - 8);
  }

  /** The client's Stat as a record. */
  stat(id: NodeId): Stat {
    const bytes = Buffer.alloc(STAT_BYTES);
    this.writeStat(id, bytes, 0);
    return {
      czxid: get64(bytes, 0),
      mzxid: get64(bytes, 8),
      ctime: get64(bytes, 16),
      mtime: get64(bytes, 24),
      version: get32(bytes, 32),
      cversion: get32(bytes, 36),
      aversion: get32(bytes, 40),
      ephemeralOwner: get64(bytes, 44),
      dataLength: get32(bytes, 52),
      numChildren: get32(bytes, 56),
      pzxid: get64(bytes, 60),
    };
  }

  /**
   * Adds a node below `parent`, raising the parent's cversion to `parentCVersion` (-1: by one) and its pzxid.
   */
  create(path: string, parent: NodeId, node: NewNode, parentCVersion: number, at: Stamp): NodeId {
    this.beforeChange?.(parent);
    this.raiseParent(parent, parentCVersion, at);
    const id = this.addRow(path, node.acl);
    const stat = this.store.statBytes(id);
    const start = this.store.statOffset(id);
    put64(stat, start + STAT_AT.czxid, at.zxidHi, at.zxidLo);
    put64(stat, start + STAT_AT.mzxid, at.zxidHi, at.zxidLo);
    put64(stat, start + STAT_AT.pzxid, at.zxidHi, at.zxidLo);
    put64(stat, start + STAT_AT.ctime, hiOfNumber(at.time), at.time);
    put64(stat, start + STAT_AT.mtime, hiOfNumber(at.time), at.time);
    if (node.owner !== 0n) {
      put32(stat, start + STAT_AT.ephemeralOwner, Number(BigInt.asIntN(32, node.owner >> 32n)));
      put32(stat, start + STAT_AT.ephemeralOwner + 4, Number(BigInt.asIntN(32, node.owner)));
      this.owned.add(path, node.owner);
    }
    if (node.data !== null) this.store.setData(id, node.data, 0, node.data.length);
    this.dataBytes += node.data?.length ?? 0;
    this.store.link(id, parent);
    this.seal(id);
    if (this.quotas.active || path.startsWith(SYSTEM_PATHS.quota)) this.quotas.created(path, id);
    return id;
  }

  /**
   * Raises a parent's cversion, and with it pzxid, if that makes it larger (a replay may repeat a create).
   */
  raiseParent(parent: NodeId, parentCVersion: number, at: Stamp): void {
    const stat = this.store.statBytes(parent);
    const start = this.store.statOffset(parent);
    const before = get32(stat, start + STAT_AT.cversion);
    const next = parentCVersion === -1 ? (before + 1) | 0 : parentCVersion;
    // Larger as a serial number: the counter wraps at 2^31, and must go on counting.
    if (((next - before) | 0) <= 0) return;
    this.beforeChange?.(parent);
    put32(stat, start + STAT_AT.cversion, next);
    put64(stat, start + STAT_AT.pzxid, at.zxidHi, at.zxidLo);
    this.seal(parent);
  }

  /** Sets a parent's pzxid when a child went, unless it is newer already. */
  raisePzxid(parent: NodeId, at: Stamp): void {
    const stat = this.store.statBytes(parent);
    const start = this.store.statOffset(parent);
    if (this.pzxidOf(parent) >= ((BigInt(at.zxidHi) << 32n) | BigInt(at.zxidLo >>> 0))) return;
    this.beforeChange?.(parent);
    put64(stat, start + STAT_AT.pzxid, at.zxidHi, at.zxidLo);
    this.seal(parent);
  }

  /** Removes a childless node that is not the root. */
  remove(id: NodeId, at: Stamp): void {
    const path = this.store.path(id);
    invariant(this.store.childCount(id) === 0 && id !== ROOT_ID, `${path} cannot be removed`);
    const parent = this.store.parent(id);
    this.beforeChange?.(id);
    if (this.quotas.active) this.quotas.removed(path, id);
    const owner = this.ownerOf(id);
    if (owner !== 0n) this.owned.delete(path, owner);
    if (this.options.digest && inDigest(path)) this.digest.subtract(this.store.digest(id));
    this.pathChars -= path.length;
    this.dataBytes -= Math.max(this.store.dataLength(id), 0);
    this.acls.release(this.store.acl(id));
    this.index.delete(id);
    if (id === this.lastParent) this.lastParent = NO_NODE;
    this.store.remove(id);
    this.raisePzxid(parent, at);
  }

  /** Replaces data and version; mzxid and mtime are set. */
  setData(id: NodeId, data: Uint8Array | null, version: number, at: Stamp): void {
    this.beforeChange?.(id);
    const before = Math.max(this.store.dataLength(id), 0);
    this.store.setData(id, data, 0, data?.length ?? -1);
    const stat = this.store.statBytes(id);
    const start = this.store.statOffset(id);
    put64(stat, start + STAT_AT.mzxid, at.zxidHi, at.zxidLo);
    put64(stat, start + STAT_AT.mtime, hiOfNumber(at.time), at.time);
    put32(stat, start + STAT_AT.version, version);
    this.seal(id);
    const grown = (data?.length ?? 0) - before;
    this.dataBytes += grown;
    if (this.quotas.active) this.quotas.resized(this.store.path(id), grown);
  }

  /** Replaces the ACL and its version; nothing else of the stat changes. */
  setAcl(id: NodeId, acl: readonly Acl[], aversion: number): void {
    this.beforeChange?.(id);
    const before = this.store.acl(id);
    this.store.setAcl(id, this.acls.hold(acl));
    this.acls.release(before);
    put32(this.store.statBytes(id), this.store.statOffset(id) + STAT_AT.aversion, aversion);
    this.seal(id);
  }

  /** Overwrites data alone: for the nodes each server keeps by itself (quota usage, the configuration). */
  overwriteData(id: NodeId, data: Buffer): void {
    this.beforeChange?.(id);
    this.dataBytes += data.length - Math.max(this.store.dataLength(id), 0);
    this.store.setData(id, data, 0, data.length);
    this.seal(id);
  }

  /** Takes a node from a snapshot; false when its parent is not there yet, or the node already is. */
  restoreNode(
    path: string,
    bytes: Buffer,
    dataStart: number,
    dataLength: number,
    aclId: number,
    statStart: number,
  ): boolean {
    const isRoot = path === '';
    const id = isRoot ? ROOT_ID : this.restoreRow(path, aclId);
    if (id === NO_NODE) return false;
    if (isRoot) {
      this.acls.holdId(aclId);
      this.store.setAcl(id, aclId);
    }
    copyBytes(
      bytes,
      statStart,
      statStart + STAT_PERSISTED_BYTES,
      this.store.statBytes(id),
      this.store.statOffset(id),
    );
    this.store.setData(id, dataLength < 0 ? null : bytes, dataStart, dataLength);
    this.dataBytes += Math.max(dataLength, 0);
    const owner = this.ownerOf(id);
    if (owner !== 0n) this.owned.add(path, owner);
    this.seal(id);
    return true;
  }

  /** After a load: system nodes, ACLs nobody uses, quotas. */
  finishRestore(): void {
    this.ensureSystemNodes();
    this.acls.dropUnused();
    this.quotas.rebuild();
  }

  private restoreRow(path: string, aclId: number): NodeId {
    const parent = this.parentOf(path);
    if (parent === NO_NODE) return NO_NODE;
    const id = this.store.add(path, aclId);
    // A path that comes twice makes the snapshot useless, so the row that is left over does not matter.
    if (!this.index.add(path, id)) return NO_NODE;
    this.acls.holdId(aclId);
    this.pathChars += path.length;
    this.store.link(id, parent);
    return id;
  }

  private addRow(path: string, acl: readonly Acl[]): NodeId {
    const id = this.store.add(path, this.acls.hold(acl));
    this.onBirth?.(id);
    this.index.add(path, id);
    this.pathChars += path.length;
    return id;
  }

  /** Recomputes a node's share of the digest after a change. */
  private seal(id: NodeId): void {
    if (!this.options.digest) return;
    const { store } = this;
    const path = store.path(id);
    if (!inDigest(path)) return;
    const length = store.dataLength(id);
    const data = length > 0 ? store.dataSlab(id) : null;
    const dataAt = length > 0 ? store.dataOffset(id) : 0;
    const crc = nodeDigest(path, data, dataAt, length, store.statBytes(id), store.statOffset(id));
    this.digest.subtract(store.digest(id));
    this.digest.add(crc);
    store.setDigest(id, crc);
  }

  private hidesOwner(id: NodeId): boolean {
    const kind = ownerKind(this.ownerOf(id), this.options.extended);
    return kind === 'container' || kind === 'ttl';
  }
}
