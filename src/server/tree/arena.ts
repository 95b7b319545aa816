/**
 * Memory for the data of znodes, outside the garbage collector's sight.
 *
 * A million small Buffers cost more in objects than in data, and make every major collection long. So data
 * lives in slabs of 1 MiB (the first of each size is smaller, for small trees), each cut into slots of one
 * size; a freed slot is linked into its slab's free list (the link is kept in the slot itself), and a slab
 * without live slots goes back to the pool of no size. A blob over `LARGE` bytes gets a slab of its own. A
 * blob is named by a 31-bit reference: slab number and 16-byte granule.
 */
import { invariant } from '../../base/invariant.ts';

/** Names a blob in an `Arena`; `NO_BLOB` for none. */
export type BlobRef = number;
/** The reference of no blob: null and empty data need no memory. */
export const NO_BLOB: BlobRef = -1;

const GRANULE = 16;
const SLAB_BYTES = 1 << 20;
/** The first slab of a size, at least, and in slots. */
const FIRST_SLAB_BYTES = 16 * 1024;
const FIRST_SLAB_SLOTS = 8;
const GRANULE_BITS = 16;
const LARGE = 64 * 1024;
const MAX_SLABS = 1 << 15;
/** Empty slabs kept. */
const SPARE_MAX = 4;

interface Slab {
  bytes: Buffer;
  /** Slot size in bytes; 0 for a slab that holds one large blob. */
  slot: number;
  live: number;
  /** Bytes from here on were never used. */
  fresh: number;
  /** Granule of the first freed slot, or -1. */
  free: number;
  /** In the list of slabs of its size with room. */
  listed: boolean;
}

/** The slot size for a blob: multiples of 16 up to 256, then eight sizes for each doubling. */
function slotSize(length: number): number {
  if (length <= 256) return Math.max(GRANULE, (length + 15) & ~15);
  const step = 1 << (32 - Math.clz32(length - 1) - 4);
  return Math.ceil(length / step) * step;
}

/**
 * Slabs of blobs. Not safe against use of a freed reference: its owner (the node store) frees exactly once.
 */
export class Arena {
  private readonly slabs: (Slab | undefined)[] = [];
  private readonly holes: number[] = [];
  /** By slot size / 16: slabs that may have room. */
  private readonly roomy: number[][] = [];
  /** By slot size / 16: sizes that have had a slab. */
  private readonly begun: boolean[] = [];
  /** Memory of empty slabs: a node whose value changes its size all the time must not cost a slab each. */
  private readonly spare: Buffer[] = [];
  private held = 0;

  /** Bytes of memory held in slabs. */
  get heldBytes(): number {
    return this.held;
  }

  /** Copies `from[start, end)` in. */
  store(from: Uint8Array, start: number, end: number): BlobRef {
    const length = end - start;
    if (length === 0) return NO_BLOB;
    const ref = this.allocate(length);
    const slab = this.slabs[ref >>> GRANULE_BITS] as Slab;
    const at = (ref & 0xffff) * GRANULE;
    copyBytes(from, start, end, slab.bytes, at);
    return ref;
  }

  /** The slab that holds a blob; it starts at `offsetOf(ref)` there. */
  slabOf(ref: BlobRef): Buffer {
    return (this.slabs[ref >>> GRANULE_BITS] as Slab).bytes;
  }

  /** Where a blob starts in its slab. */
  offsetOf(ref: BlobRef): number {
    return (ref & 0xffff) * GRANULE;
  }

  /**
   * True when the slot of a blob of `length` fits another of `next` bytes without waste, so it may be
   * overwritten.
   */
  fits(length: number, next: number): boolean {
    return length > 0 && next > 0 && next <= LARGE && length <= LARGE && slotSize(length) === slotSize(next);
  }

  /** Gives a blob's memory back. */
  free(ref: BlobRef): void {
    if (ref === NO_BLOB) return;
    const index = ref >>> GRANULE_BITS;
    const slab = this.slabs[index] as Slab;
    slab.live--;
    invariant(slab.live >= 0, 'a blob was freed twice');
    if (slab.live === 0) {
      this.release(index, slab);
      return;
    }
    slab.bytes.writeInt32LE(slab.free, (ref & 0xffff) * GRANULE);
    slab.free = ref & 0xffff;
    this.list(index, slab);
  }

  private allocate(length: number): BlobRef {
    if (length > LARGE) return this.addSlab(length, 0) << GRANULE_BITS;
    const slot = slotSize(length);
    const list = this.roomy[slot / GRANULE] ?? [];
    this.roomy[slot / GRANULE] = list;
    for (;;) {
      const index = list.at(-1) ?? this.addSlab(this.slabBytes(slot), slot);
      const slab = this.slabs[index];
      // A released slab leaves its number behind in the list, where another slab may have taken it over.
      if (slab === undefined || slab.slot !== slot || !slab.listed) {
        list.pop();
        continue;
      }
      const granule = this.takeSlot(slab);
      if (granule >= 0) {
        slab.live++;
        return (index << GRANULE_BITS) | granule;
      }
      slab.listed = false;
      list.pop();
    }
  }

  /** The first slab of a size is small: most trees have few blobs of it. */
  private slabBytes(slot: number): number {
    if (this.begun[slot / GRANULE] === true || this.spare.length > 0) return SLAB_BYTES;
    this.begun[slot / GRANULE] = true;
    return Math.max(FIRST_SLAB_BYTES, Math.min(FIRST_SLAB_SLOTS * slot, SLAB_BYTES));
  }

  private takeSlot(slab: Slab): number {
    if (slab.free >= 0) {
      const granule = slab.free;
      slab.free = slab.bytes.readInt32LE(granule * GRANULE);
      return granule;
    }
    if (slab.fresh + slab.slot > slab.bytes.length) return -1;
    const granule = slab.fresh / GRANULE;
    slab.fresh += slab.slot;
    return granule;
  }

  private addSlab(bytes: number, slot: number): number {
    const index = this.holes.pop() ?? this.slabs.length;
    invariant(index < MAX_SLABS, 'the tree holds more data than 32 GiB of slabs');
    const slab: Slab = {
      bytes:
        (bytes === SLAB_BYTES && slot > 0 ? this.spare.pop() : undefined) ?? Buffer.allocUnsafeSlow(bytes),
      slot,
      live: slot === 0 ? 1 : 0,
      fresh: 0,
      free: -1,
      listed: false,
    };
    this.slabs[index] = slab;
    this.held += bytes;
    if (slot > 0) this.list(index, slab);
    return index;
  }

  private list(index: number, slab: Slab): void {
    if (slab.listed) return;
    slab.listed = true;
    this.roomy[slab.slot / GRANULE]?.push(index);
  }

  private release(index: number, slab: Slab): void {
    this.slabs[index] = undefined;
    if (slab.bytes.length === SLAB_BYTES && slab.slot > 0 && this.spare.length < SPARE_MAX) {
      this.spare.push(slab.bytes);
    }
    this.holes.push(index);
    this.held -= slab.bytes.length;
  }
}

/** Below this a loop is cheaper than the call into the engine, which costs about as much as 40 bytes. */
const LOOP_BYTES = 56;

/** Copies bytes. */
export function copyBytes(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end - start <= LOOP_BYTES) for (let i = start; i < end; i++) to[at++] = from[i] as number;
  else to.set(from.subarray(start, end), at);
}
