/**
 * A simulated file's bytes in two layers: what programs read (the page cache), and what is on the disk for
 * certain, with every write since the last sync in between. A crash keeps of each sector some state between
 * the two.
 */
import type { Prng } from '../base/prng.ts';

/** The unit that reaches the disk whole or not at all, bytes. */
const SIM_SECTOR_BYTES = 512;

/** A write or a change of length that is not forced to disk yet. */
interface Pending {
  readonly at: number;
  /** Undefined for a change of length to `at`. */
  readonly bytes: Buffer | undefined;
  /** A sync that should have covered it failed: it may be on disk, but no later sync will bring it there. */
  doomed: boolean;
}

/** A file without its name. */
export class SimInode {
  modifiedMs = 0;
  private live: Buffer = Buffer.alloc(0);
  private liveSize = 0;
  private disk: Buffer = Buffer.alloc(0);
  private diskSize = 0;
  private pending: Pending[] = [];
  /** How many operations have ever been queued; marks what a sync covers. */
  private queued = 0;

  get size(): number {
    return this.liveSize;
  }

  /** Bytes that are on the disk for certain. */
  get durableSize(): number {
    return this.diskSize;
  }

  /** As `read`, of what is on the disk for certain. */
  readDurable(into: Buffer, position: number): number {
    if (position >= this.diskSize) return 0;
    return this.disk.copy(into, 0, position, Math.min(this.diskSize, position + into.length));
  }

  /** The bytes as a program sees them, copied. */
  content(): Buffer {
    return Buffer.from(this.live.subarray(0, this.liveSize));
  }

  read(into: Buffer, position: number): number {
    if (position >= this.liveSize) return 0;
    return this.live.copy(into, 0, position, Math.min(this.liveSize, position + into.length));
  }

  write(bytes: Buffer, at: number): void {
    if (bytes.length === 0) return;
    const copy = Buffer.from(bytes);
    this.queue({ at, bytes: copy, doomed: false });
    this.live = grown(this.live, at + copy.length);
    copy.copy(this.live, at);
    this.liveSize = Math.max(this.liveSize, at + copy.length);
  }

  truncate(size: number): void {
    this.queue({ at: size, bytes: undefined, doomed: false });
    this.live = grown(this.live, size);
    if (size < this.liveSize) this.live.fill(0, size, this.liveSize);
    this.liveSize = size;
  }

  /** For `settle`: everything queued up to now. */
  mark(): number {
    return this.queued;
  }

  /**
   * A sync that began at `mark` has succeeded: what it covers is on disk, except what an earlier one failed
   * to bring.
   */
  settle(mark: number): void {
    const covered = this.take(mark);
    for (const op of covered) if (!op.doomed) this.apply(op);
    this.pending = [...covered.filter((op) => op.doomed), ...this.pending];
  }

  /** A sync that began at `mark` has failed: the cache forgets that those pages were dirty. */
  doom(mark: number): void {
    const covered = this.take(mark);
    for (const op of covered) op.doomed = true;
    this.pending = [...covered, ...this.pending];
  }

  /** Power is lost: each sector keeps some prefix of what was written to it, the length likewise. */
  crash(prng: Prng): void {
    const ops = this.pending;
    this.pending = [];
    if (ops.length > 0) {
      const sizeOps = prng.below(ops.length + 1);
      let size = this.diskSize;
      let reach = this.diskSize;
      ops.forEach((op, i) => {
        const end = op.bytes === undefined ? op.at : op.at + op.bytes.length;
        reach = Math.max(reach, end);
        if (i < sizeOps) size = op.bytes === undefined ? op.at : Math.max(size, end);
      });
      this.disk = grown(this.disk, reach);
      for (let sector = 0; sector < reach; sector += SIM_SECTOR_BYTES) this.crashSector(ops, sector, prng);
      if (size < reach) this.disk.fill(0, size, reach);
      this.diskSize = size;
    }
    this.live = Buffer.from(this.disk.subarray(0, this.diskSize));
    this.liveSize = this.diskSize;
  }

  /** Whether bytes wait to be forced to disk. */
  get dirty(): boolean {
    return this.pending.length > 0;
  }

  /** Turns one bit over, in both layers: what a disk does to data at rest. */
  flipBit(at: number, bit: number): void {
    for (const layer of [this.live, this.disk]) {
      if (at < layer.length) layer[at] = (layer[at] as number) ^ (1 << bit);
    }
  }

  private crashSector(ops: readonly Pending[], sector: number, prng: Prng): void {
    const end = sector + SIM_SECTOR_BYTES;
    const touching = ops.filter((op) =>
      op.bytes === undefined ? op.at < end : op.at < end && op.at + op.bytes.length > sector,
    );
    if (touching.length === 0) return;
    for (const op of touching.slice(0, prng.below(touching.length + 1))) {
      if (op.bytes === undefined) {
        this.disk.fill(0, Math.max(op.at, sector), Math.min(end, this.disk.length));
      } else {
        const from = Math.max(op.at, sector);
        const to = Math.min(op.at + op.bytes.length, end);
        op.bytes.copy(this.disk, from, from - op.at, to - op.at);
      }
    }
  }

  private queue(op: Pending): void {
    this.pending.push(op);
    this.queued++;
  }

  /** Takes the pending operations queued before `mark`. */
  private take(mark: number): Pending[] {
    const after = this.queued - mark;
    const count = Math.max(0, this.pending.length - after);
    return this.pending.splice(0, count);
  }

  private apply(op: Pending): void {
    if (op.bytes === undefined) {
      this.disk = grown(this.disk, op.at);
      if (op.at < this.diskSize) this.disk.fill(0, op.at, this.diskSize);
      this.diskSize = op.at;
      return;
    }
    const end = op.at + op.bytes.length;
    this.disk = grown(this.disk, end);
    op.bytes.copy(this.disk, op.at);
    this.diskSize = Math.max(this.diskSize, end);
  }
}

/** The buffer itself, or a longer copy with zeros behind. */
function grown(bytes: Buffer, size: number): Buffer {
  if (size <= bytes.length) return bytes;
  const larger = Buffer.alloc(Math.max(size, bytes.length * 2));
  bytes.copy(larger);
  return larger;
}
