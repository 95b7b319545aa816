/**
 * Znodes as rows of numbers. A node is an index; its fields stand in typed arrays, its data in the arena, its
 * stat as the very 60 bytes a snapshot holds. A million nodes are then a handful of objects: little memory,
 * no work for the garbage collector, and a reply or a snapshot copies bytes instead of encoding numbers.
 *
 * Children form a doubly linked list through their rows, newest first.
 */
import { STAT_PERSISTED_BYTES } from '../../protocol/stat.ts';
import { Arena, copyBytes, NO_BLOB } from './arena.ts';

/** A node's index; `NO_NODE` for none. */
export type NodeId = number;
/** No node. */
export const NO_NODE: NodeId = -1;

/** Offsets in the 60 stat bytes (the order of StatPersisted). */
export const STAT_AT = {
  czxid: 0,
  mzxid: 8,
  ctime: 16,
  mtime: 24,
  version: 32,
  cversion: 36,
  aversion: 40,
  ephemeralOwner: 44,
  pzxid: 52,
} as const;

const STAT_CHUNK_BITS = 12;
const STAT_CHUNK_NODES = 1 << STAT_CHUNK_BITS;
const STAT_CHUNK_MASK = STAT_CHUNK_NODES - 1;

/** Numbers of a row. */
const ROW = 10;
const PARENT = 0;
const FIRST_CHILD = 1;
const NEXT = 2;
const PREVIOUS = 3;
const CHILD_COUNT = 4;
const ACL = 5;
const BLOB = 6;
const DATA_LENGTH = 7;
const DIGEST = 8;
const MARK = 9;

/** The rows of all nodes. Knows nothing of paths' meaning, versions or rules: that is the data tree. */
export class NodeStore {
  readonly arena = new Arena();
  private rows = new Int32Array(ROW * 64);
  private readonly stats: Buffer[] = [];
  private readonly paths: (string | undefined)[] = [];
  private readonly freed: NodeId[] = [];

  /** One more than the highest index ever used: what a scan over all nodes counts to. */
  get limit(): number {
    return this.paths.length;
  }

  /** A new row: no parent, no children, null data, digest 0; its stat bytes are zero. */
  add(path: string, acl: number): NodeId {
    const again = this.freed.pop();
    const id = again ?? this.paths.length;
    if (again !== undefined) {
      const stat = this.statOffset(id);
      this.statBytes(id).fill(0, stat, stat + STAT_PERSISTED_BYTES);
      this.paths[id] = path;
    } else {
      this.paths.push(path);
      this.makeRoom(id);
    }
    const { rows } = this;
    const at = id * ROW;
    rows[at + PARENT] = NO_NODE;
    rows[at + FIRST_CHILD] = NO_NODE;
    rows[at + NEXT] = NO_NODE;
    rows[at + PREVIOUS] = NO_NODE;
    rows[at + CHILD_COUNT] = 0;
    rows[at + ACL] = acl;
    rows[at + BLOB] = NO_BLOB;
    rows[at + DATA_LENGTH] = -1;
    rows[at + DIGEST] = 0;
    rows[at + MARK] = 0;
    return id;
  }

  private makeRoom(id: NodeId): void {
    if ((id + 1) * ROW > this.rows.length) {
      const grown = new Int32Array(Math.ceil((this.rows.length / ROW) * 1.25 + 64) * ROW);
      grown.set(this.rows);
      this.rows = grown;
    }
    if (id >> STAT_CHUNK_BITS >= this.stats.length) {
      this.stats.push(Buffer.alloc(STAT_CHUNK_NODES * STAT_PERSISTED_BYTES));
    }
  }

  /** Unlinks a childless node from its parent and frees its row and data. */
  remove(id: NodeId): void {
    const rows = this.rows;
    const at = id * ROW;
    this.arena.free(rows[at + BLOB] as number);
    const parent = rows[at + PARENT] as number;
    const next = rows[at + NEXT] as number;
    const previous = rows[at + PREVIOUS] as number;
    if (next !== NO_NODE) rows[next * ROW + PREVIOUS] = previous;
    if (previous !== NO_NODE) rows[previous * ROW + NEXT] = next;
    else if (parent !== NO_NODE) rows[parent * ROW + FIRST_CHILD] = next;
    if (parent !== NO_NODE) rows[parent * ROW + CHILD_COUNT] = this.childCount(parent) - 1;
    this.paths[id] = undefined;
    this.freed.push(id);
  }

  /** Makes `id` the first child of `parent`. */
  link(id: NodeId, parent: NodeId): void {
    const rows = this.rows;
    const first = rows[parent * ROW + FIRST_CHILD] as number;
    rows[id * ROW + PARENT] = parent;
    rows[id * ROW + NEXT] = first;
    if (first !== NO_NODE) rows[first * ROW + PREVIOUS] = id;
    rows[parent * ROW + FIRST_CHILD] = id;
    rows[parent * ROW + CHILD_COUNT] = this.childCount(parent) + 1;
  }

  /** True for an index that is a node now. */
  alive(id: NodeId): boolean {
    return this.paths[id] !== undefined;
  }

  path(id: NodeId): string {
    return this.paths[id] as string;
  }

  parent(id: NodeId): NodeId {
    return this.rows[id * ROW + PARENT] as number;
  }

  firstChild(id: NodeId): NodeId {
    return this.rows[id * ROW + FIRST_CHILD] as number;
  }

  nextSibling(id: NodeId): NodeId {
    return this.rows[id * ROW + NEXT] as number;
  }

  childCount(id: NodeId): number {
    return this.rows[id * ROW + CHILD_COUNT] as number;
  }

  /** Number of the node's ACL in the ACL cache. */
  acl(id: NodeId): number {
    return this.rows[id * ROW + ACL] as number;
  }

  setAcl(id: NodeId, acl: number): void {
    this.rows[id * ROW + ACL] = acl;
  }

  /** The node's share of the tree digest, unsigned 32-bit. */
  digest(id: NodeId): number {
    return (this.rows[id * ROW + DIGEST] as number) >>> 0;
  }

  setDigest(id: NodeId, crc: number): void {
    this.rows[id * ROW + DIGEST] = crc;
  }

  /** A number for whoever walks the store (the running snapshot). */
  mark(id: NodeId): number {
    return this.rows[id * ROW + MARK] as number;
  }

  setMark(id: NodeId, mark: number): void {
    this.rows[id * ROW + MARK] = mark;
  }

  /** The chunk that holds the node's 60 stat bytes, at `statOffset(id)`. */
  statBytes(id: NodeId): Buffer {
    return this.stats[id >> STAT_CHUNK_BITS] as Buffer;
  }

  statOffset(id: NodeId): number {
    return (id & STAT_CHUNK_MASK) * STAT_PERSISTED_BYTES;
  }

  /** Bytes of data; -1 for null. */
  dataLength(id: NodeId): number {
    return this.rows[id * ROW + DATA_LENGTH] as number;
  }

  /** The slab that holds the data, at `dataOffset(id)`; only when `dataLength(id)` > 0. */
  dataSlab(id: NodeId): Buffer {
    return this.arena.slabOf(this.rows[id * ROW + BLOB] as number);
  }

  dataOffset(id: NodeId): number {
    return this.arena.offsetOf(this.rows[id * ROW + BLOB] as number);
  }

  /** Replaces the data by `from[start, start + length)`; length -1 for null. */
  setData(id: NodeId, from: Uint8Array | null, start: number, length: number): void {
    const at = id * ROW;
    const before = this.rows[at + BLOB] as number;
    if (from !== null && this.arena.fits(this.rows[at + DATA_LENGTH] as number, length)) {
      copyBytes(from, start, start + length, this.arena.slabOf(before), this.arena.offsetOf(before));
    } else {
      this.arena.free(before);
      this.rows[at + BLOB] =
        from === null || length < 0 ? NO_BLOB : this.arena.store(from, start, start + length);
    }
    this.rows[at + DATA_LENGTH] = from === null ? -1 : length;
  }

  /** The data as a copy; null when it is null. */
  copyData(id: NodeId): Buffer | null {
    const length = this.dataLength(id);
    if (length < 0) return null;
    if (length === 0) return Buffer.alloc(0);
    const at = this.dataOffset(id);
    return Buffer.from(this.dataSlab(id).subarray(at, at + length));
  }
}

/** How many nodes lie below one; a walk along the links, with no memory of its own. */
export function countBelow(store: NodeStore, from: NodeId): number {
  let count = 0;
  let at = store.firstChild(from);
  while (at !== NO_NODE) {
    count++;
    let next = store.firstChild(at);
    while (next === NO_NODE && at !== from) {
      next = store.nextSibling(at);
      if (next === NO_NODE) at = store.parent(at);
    }
    at = next;
  }
  return count;
}

/** The node and all below it, parents first; for work on whole subtrees, outside the request path. */
export function* subtree(store: NodeStore, from: NodeId): IterableIterator<NodeId> {
  const stack = from === NO_NODE ? [] : [from];
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    yield id;
    for (let c = store.firstChild(id); c !== NO_NODE; c = store.nextSibling(c)) stack.push(c);
  }
}
