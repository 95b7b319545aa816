/**
 * The snapshot that follows a SNAP packet on the quorum port, decoded as its bytes come.
 *
 *     sessions   count i32 · { id i64, timeout i32 }*
 *     ACLs       count i32 · { key i64, vec<ACL> }*
 *     nodes      { path str, data buf, acl i64, StatPersisted }*   pre-order, the root's path is ""
 *     end        str "/" · str "BenWasHere"
 *
 * That is the inside of a snapshot file (`snapshot-format.ts`), without header and seals (facts 9.2, 14.3).
 * It has no length: packets follow right behind the signature, often in the same chunk, so the reader is
 * exact about where it ends. Bytes may come cut anywhere. A length is believed only up to a limit, and memory
 * is taken only for bytes that came.
 */
import { ZktError } from '../base/errors.ts';
import { get32, get64 } from '../base/halves.ts';
import type { Acl } from '../protocol/acl.ts';
import { SNAP_SIGNATURE } from '../protocol/quorum.ts';
import { STAT_PERSISTED_BYTES } from '../protocol/stat.ts';
import type { SnapshotSink } from './snapshot-decoder.ts';

/** How to decode. */
export interface SnapshotStreamOptions {
  /** Names the stream in errors. */
  readonly name?: string;
  /** Longest path or data that is believed; default 128 MiB. */
  readonly maxLength?: number;
  /** Most entries of one ACL that are believed. */
  readonly maxAclEntries?: number;
}

const MAX_LENGTH = 128 * 1024 * 1024;
const MAX_ACL_ENTRIES = 100_000;
const SESSION_BYTES = 12;
/** Bytes of a node behind its data: ACL key and stat. */
const NODE_TAIL_BYTES = 8 + STAT_PERSISTED_BYTES;
const SLASH = 0x2f;
const FIRST_KEPT_BYTES = 4096;

/** What comes next. */
type Part = 'session count' | 'session' | 'ACL count' | 'ACL' | 'node' | 'signature' | 'done';

/** See the head of the file. */
export class SnapshotStream {
  private readonly sink: SnapshotSink;
  private readonly name: string;
  private readonly maxLength: number;
  private readonly maxAclEntries: number;
  private part: Part = 'session count';
  /** Sessions or ACLs to come. */
  private left = 0;
  private nodes = 0;
  /** The beginning of an item whose end has not come: `kept[0, keptBytes)`. */
  private kept: Buffer = Buffer.alloc(0);
  private keptBytes = 0;
  /** Bytes of the item that must be there before it is worth looking again. */
  private need = 4;
  /** Bytes of the stream before the item at hand. */
  private offset = 0;
  /** An ACL that was walked over in part: to where, how many entries are left, and those read. */
  private aclAt = 0;
  private aclLeft = 0;
  private acl: Acl[] | null = null;

  constructor(sink: SnapshotSink, options: SnapshotStreamOptions = {}) {
    this.sink = sink;
    this.name = options.name ?? 'the snapshot from the leader';
    this.maxLength = options.maxLength ?? MAX_LENGTH;
    this.maxAclEntries = options.maxAclEntries ?? MAX_ACL_ENTRIES;
  }

  /** True once the signature was read. */
  get done(): boolean {
    return this.part === 'done';
  }

  /** Nodes read so far. */
  get nodeCount(): number {
    return this.nodes;
  }

  /**
   * Takes bytes from `start` on; answers how many of them belong to the snapshot, which is all unless it is
   * `done`. Throws `ZKT_SNAPSHOT_CORRUPT` with the place in the stream; it is then of no further use. The
   * chunk is not kept.
   */
  push(chunk: Buffer, start = 0): number {
    let at = start;
    while (at < chunk.length && this.part !== 'done') {
      if (this.keptBytes > 0) {
        at += this.fill(chunk, at);
        continue;
      }
      const used = this.item(chunk, at, chunk.length);
      if (used < 0) {
        this.keep(chunk, at, chunk.length);
        return chunk.length - start;
      }
      at += used;
      this.offset += used;
    }
    return at - start;
  }

  /** Adds to the kept item what it is known to need, and looks again. How many bytes it took. */
  private fill(chunk: Buffer, at: number): number {
    const taken = Math.min(this.need - this.keptBytes, chunk.length - at);
    this.keep(chunk, at, at + taken);
    if (this.keptBytes < this.need) return taken;
    const used = this.item(this.kept, 0, this.keptBytes);
    // It asked for exactly what it needs, so an item that is whole has used all.
    if (used >= 0) {
      this.offset += used;
      this.keptBytes = 0;
      if (this.kept.length > FIRST_KEPT_BYTES) this.kept = Buffer.alloc(0);
    }
    return taken;
  }

  private keep(chunk: Buffer, start: number, end: number): void {
    const total = this.keptBytes + end - start;
    if (this.kept.length < total) {
      // Doubled as bytes come, so that a lying length takes no memory.
      const grown = Buffer.allocUnsafeSlow(Math.max(total, Math.min(this.need, 2 * total), FIRST_KEPT_BYTES));
      this.kept.copy(grown, 0, 0, this.keptBytes);
      this.kept = grown;
    }
    chunk.copy(this.kept, this.keptBytes, start, end);
    this.keptBytes = total;
  }

  /** Reads the item at `at`; how many bytes it has, or -1 with `need` set when they are not all there. */
  private item(bytes: Buffer, at: number, end: number): number {
    switch (this.part) {
      case 'session count':
        return this.count(bytes, at, end, 'sessions', 'session', 'ACL count');
      case 'ACL count':
        return this.count(bytes, at, end, 'ACLs', 'ACL', 'node');
      case 'session':
        return this.session(bytes, at, end);
      case 'ACL':
        return this.aclItem(bytes, at, end);
      case 'node':
        return this.node(bytes, at, end);
      default:
        return this.signature(bytes, at, end);
    }
  }

  private lacks(have: number, need: number): boolean {
    this.need = need;
    return have < need;
  }

  private count(bytes: Buffer, at: number, end: number, what: string, each: Part, after: Part): number {
    if (this.lacks(end - at, 4)) return -1;
    const count = get32(bytes, at);
    if (count < 0) this.damage(`${count} ${what}`);
    this.left = count;
    this.part = count > 0 ? each : after;
    return 4;
  }

  private session(bytes: Buffer, at: number, end: number): number {
    if (this.lacks(end - at, SESSION_BYTES)) return -1;
    this.sink.session(get64(bytes, at), get32(bytes, at + 8));
    if (--this.left === 0) this.part = 'ACL count';
    return SESSION_BYTES;
  }

  /** Key and entries. An entry is read once it is whole, and not again. */
  private aclItem(bytes: Buffer, at: number, end: number): number {
    const have = end - at;
    if (this.aclAt === 0) {
      if (this.lacks(have, 12)) return -1;
      const entries = get32(bytes, at + 8);
      if (entries < -1 || entries > this.maxAclEntries) this.damage(`an ACL list of ${entries} entries`);
      this.acl = entries < 0 ? null : [];
      this.aclLeft = Math.max(entries, 0);
      this.aclAt = 12;
    }
    for (; this.aclLeft > 0; this.aclLeft--) {
      const schemeAt = this.aclAt + 4;
      if (this.lacks(have, schemeAt + 4)) return -1;
      const idAt = schemeAt + 4 + this.textLength(bytes, at + schemeAt, 'a scheme');
      if (this.lacks(have, idAt + 4)) return -1;
      const entryEnd = idAt + 4 + this.textLength(bytes, at + idAt, 'an id');
      if (this.lacks(have, entryEnd)) return -1;
      const scheme = bytes.toString('utf8', at + schemeAt + 4, at + idAt);
      const id = bytes.toString('utf8', at + idAt + 4, at + entryEnd);
      this.acl?.push({ perms: get32(bytes, at + this.aclAt), id: { scheme, id } });
      this.aclAt = entryEnd;
    }
    this.sink.acl(get64(bytes, at), this.acl);
    const used = this.aclAt;
    this.aclAt = 0;
    if (--this.left === 0) this.part = 'node';
    return used;
  }

  private textLength(bytes: Buffer, at: number, what: string): number {
    const length = get32(bytes, at);
    if (length < -1 || length > this.maxLength) this.damage(`Unreasonable length = ${length} of ${what}`);
    return Math.max(length, 0);
  }

  /** The hot one: a node, or the "/" that ends them. */
  private node(bytes: Buffer, at: number, end: number): number {
    const have = end - at;
    if (this.lacks(have, 4)) return -1;
    const length = get32(bytes, at);
    if (length < 0 || length > this.maxLength) this.damage(`Unreasonable length = ${length} of a path`);
    if (length === 1) {
      if (this.lacks(have, 5)) return -1;
      if (bytes[at + 4] === SLASH) {
        this.part = 'signature';
        return 5;
      }
    }
    if (this.lacks(have, length + 8)) return -1;
    const dataLength = get32(bytes, at + 4 + length);
    if (dataLength < -1 || dataLength > this.maxLength) {
      this.damage(`Unreasonable length = ${dataLength} of data`);
    }
    const whole = length + 8 + Math.max(dataLength, 0) + NODE_TAIL_BYTES;
    if (this.lacks(have, whole)) return -1;
    const dataStart = at + 8 + length;
    const keyAt = at + whole - NODE_TAIL_BYTES;
    const path = bytes.toString('utf8', at + 4, at + 4 + length);
    const objection = this.sink.node(path, bytes, dataStart, dataLength, get64(bytes, keyAt), keyAt + 8);
    if (objection !== undefined) this.damage(objection);
    this.nodes++;
    return whole;
  }

  private signature(bytes: Buffer, at: number, end: number): number {
    const whole = 4 + SNAP_SIGNATURE.length;
    if (this.lacks(end - at, whole)) return -1;
    const text = bytes.toString('latin1', at + 4, at + whole);
    if (get32(bytes, at) !== SNAP_SIGNATURE.length || text !== SNAP_SIGNATURE) {
      this.damage(`it does not end with ${SNAP_SIGNATURE}`);
    }
    this.part = 'done';
    return whole;
  }

  private damage(why: string): never {
    throw new ZktError('ZKT_SNAPSHOT_CORRUPT', { file: this.name, offset: this.offset, why });
  }
}
