/**
 * A picture of the tree at one zxid, written in slices while the tree goes on changing.
 *
 * Rows are scanned in the order of their numbers. A node about to change before the scan reached it is
 * written first, as it still is (copy on write, into the snapshot itself), with the ancestors that must
 * precede it. Nodes born later are left out. So, unlike Apache's, this snapshot is exact: no replay meets a
 * half-applied transaction.
 */

import type { JuteWriter } from '../../jute/writer.ts';
import type { Acl } from '../../protocol/acl.ts';
import { STAT_PERSISTED_BYTES } from '../../protocol/stat.ts';
import type { DataTree } from './data-tree.ts';
import { NO_NODE, type NodeId } from './node-store.ts';

/** One running snapshot of a tree; there is at most one. */
export class TreeSnapshot {
  /** The ACL lists at that moment. */
  readonly acls: readonly (readonly [id: number, acl: readonly Acl[]])[];
  /** The tree's digest at that moment. */
  readonly digest: bigint;
  /** Nodes to write in all. */
  readonly nodes: number;
  private readonly tree: DataTree;
  /** Rows at or above were born later. */
  private readonly limit: number;
  private readonly generation: number;
  /** What had to be written before its turn. */
  private readonly early: JuteWriter;
  private next: NodeId = 0;
  private count = 0;

  /**
   * `early` is scratch memory of this snapshot's own; `generation` differs from that of the last snapshot.
   */
  constructor(tree: DataTree, generation: number, early: JuteWriter) {
    this.tree = tree;
    this.generation = generation;
    this.early = early;
    this.limit = tree.store.limit;
    this.acls = [...tree.acls.entries()];
    this.digest = tree.digest.value();
    this.nodes = tree.nodeCount;
    tree.beforeChange = (id) => this.save(id, this.early);
    tree.onBirth = (id) => tree.store.setMark(id, generation);
  }

  /** Nodes written so far. */
  get written(): number {
    return this.count;
  }

  /** Writes nodes until `w` holds `budget` bytes more or all are written; true when that was the last. */
  writeSome(w: JuteWriter, budget: number): boolean {
    const { store } = this.tree;
    const stop = w.pos + budget;
    if (this.early.pos > 0) {
      w.writeRaw(this.early.buf, 0, this.early.pos);
      this.early.reset();
    }
    while (this.next < this.limit && w.pos < stop) {
      if (store.alive(this.next)) this.save(this.next, w);
      this.next++;
    }
    return this.next >= this.limit;
  }

  /** Lets go of the tree; also when the snapshot is given up. */
  end(): void {
    this.tree.beforeChange = undefined;
    this.tree.onBirth = undefined;
  }

  /** Writes a node that was not written yet, ancestors first; no recursion, since paths may be very deep. */
  private save(id: NodeId, w: JuteWriter): void {
    const { store } = this.tree;
    if (!this.take(id)) return;
    const parent = store.parent(id);
    if (parent !== NO_NODE && store.mark(parent) !== this.generation) {
      const above: NodeId[] = [];
      for (let a = parent; a !== NO_NODE && this.take(a); a = store.parent(a)) above.push(a);
      for (let i = above.length - 1; i >= 0; i--) this.write(above[i] as NodeId, w);
    }
    this.write(id, w);
  }

  /** Marks a node as written; false when it was. */
  private take(id: NodeId): boolean {
    const { store } = this.tree;
    if (store.mark(id) === this.generation) return false;
    store.setMark(id, this.generation);
    return true;
  }

  private write(id: NodeId, w: JuteWriter): void {
    const { store } = this.tree;
    this.count++;
    const path = store.path(id);
    w.writeString(store.parent(id) === NO_NODE ? '' : path);
    const length = store.dataLength(id);
    w.writeInt(length);
    if (length > 0) {
      const at = store.dataOffset(id);
      w.writeRaw(store.dataSlab(id), at, at + length);
    }
    w.writeLong(BigInt(store.acl(id)));
    const stat = store.statOffset(id);
    w.reserve(STAT_PERSISTED_BYTES);
    const from = store.statBytes(id);
    for (let i = 0; i < STAT_PERSISTED_BYTES; i++) w.buf[w.pos + i] = from[stat + i] as number;
    w.pos += STAT_PERSISTED_BYTES;
  }
}
