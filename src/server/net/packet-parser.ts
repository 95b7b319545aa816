/**
 * Finds the packets of the quorum port in a stream of bytes.
 *
 * A packet is `type i32, zxid i64, data buf, authinfo vec<{scheme str, id str}>`, with no length before it
 * (facts 9): buffers and strings are an i32 byte length and the bytes, a vector an i32 count and the
 * elements, -1 for null. So its end is found by walking over the lengths in it. Bytes may come cut anywhere;
 * a length is believed only as far as the limits go, and memory is taken only for bytes that are there.
 *
 * After a packet the owner may ask for the bytes as they are (`readRaw`): a snapshot that ends where only its
 * reader knows. Packets go on behind it, in the same chunk too.
 */
import { get32, get64 } from '../../base/halves.ts';
import { JuteError } from '../../jute/jute-error.ts';
import type { Id } from '../../protocol/acl.ts';
import { PACKET } from '../../protocol/quorum.ts';

/** What a packet may hold at most. */
export interface PacketLimits {
  /** Bytes of `data`. */
  readonly dataBytesMax: number;
  /** Bytes of `data` of a PING, which names every session a learner heard of. */
  readonly pingBytesMax: number;
  /** Ids in `authinfo`. */
  readonly authinfoMax: number;
  /** Bytes of all of `authinfo`. */
  readonly authinfoBytesMax: number;
}

/** What the parser found. */
export interface PacketSink {
  /** A packet. `data` is the sink's to keep: a view on a chunk, or on a buffer made for this packet. */
  packet(type: number, zxid: bigint, data: Buffer | null, authinfo: readonly Id[] | null): void;
  /**
   * Bytes from `start` on that are no packets. Answers how many of them it used when packets follow;
   * undefined when it took all and more is to come.
   */
  raw(chunk: Buffer, start: number): number | undefined;
}

/** type, zxid, length of data. */
const HEAD_BYTES = 16;
/** A packet with neither data nor authinfo. */
const SHORTEST_BYTES = HEAD_BYTES + 4;
const FIRST_KEPT_BYTES = 256;

/** See the head of the file. Throws `JuteError` at bytes that are no packet; it is then of no further use. */
export class PacketParser {
  private readonly limits: PacketLimits;
  private readonly sink: PacketSink;
  /** The beginning of a packet whose end has not come: `kept[0, keptBytes)`. */
  private kept: Buffer | undefined;
  private keptBytes = 0;
  /** Bytes from the packet's start that must be there before it is worth looking again. */
  private need = SHORTEST_BYTES;
  /** How far the packet was walked over, from its start; 0 where its head was not there yet. */
  private walked = 0;
  /** Strings of authinfo ahead; -1 before its count was seen. */
  private stringsLeft = -1;
  private authinfoAt = 0;
  private rawMode = false;
  private stopped = false;

  constructor(limits: PacketLimits, sink: PacketSink) {
    this.limits = limits;
    this.sink = sink;
  }

  /** From inside `packet`: what follows it is no packet but goes to `raw`. */
  readRaw(): void {
    this.rawMode = true;
  }

  /** No more is found, not even in the chunk at hand. */
  stop(): void {
    this.stopped = true;
    this.kept = undefined;
  }

  /** Takes the next bytes. The chunk is the parser's to keep. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.stopped) {
      if (this.rawMode) at = this.pushRaw(chunk, at);
      else if (this.kept !== undefined) at = this.pushKept(chunk, at);
      else {
        const end = this.walk(chunk, at, chunk.length);
        if (end < 0) {
          this.keep(chunk, at, chunk.length);
          return;
        }
        this.deliver(chunk, at, end);
        at = end;
      }
    }
  }

  private pushRaw(chunk: Buffer, at: number): number {
    const used = this.sink.raw(chunk, at);
    if (used === undefined) return chunk.length;
    this.rawMode = false;
    return at + used;
  }

  private pushKept(chunk: Buffer, at: number): number {
    const taken = Math.min(this.need - this.keptBytes, chunk.length - at);
    this.keep(chunk, at, at + taken);
    if (this.keptBytes < this.need) return at + taken;
    const kept = this.kept as Buffer;
    const end = this.walk(kept, 0, this.keptBytes);
    if (end >= 0) {
      this.kept = undefined;
      this.keptBytes = 0;
      this.deliver(kept, 0, end);
    }
    return at + taken;
  }

  private keep(chunk: Buffer, start: number, end: number): void {
    const total = this.keptBytes + end - start;
    let { kept } = this;
    if (kept === undefined || kept.length < total) {
      // Doubled as bytes come, so that a length alone takes no memory; never more than the packet needs by
      // what is known.
      const room = Math.max(total, Math.min(this.need, 2 * total), FIRST_KEPT_BYTES);
      const grown = Buffer.allocUnsafeSlow(room);
      kept?.copy(grown, 0, 0, this.keptBytes);
      kept = grown;
      this.kept = grown;
    }
    chunk.copy(kept, this.keptBytes, start, end);
    this.keptBytes = total;
  }

  /** Walks on over the packet at `start`. Its end, or -1 with `need` set. */
  private walk(bytes: Buffer, start: number, end: number): number {
    const have = end - start;
    if (have < this.need) return -1;
    if (this.walked === 0) {
      const length = get32(bytes, start + 12);
      const max = get32(bytes, start) === PACKET.PING ? this.limits.pingBytesMax : this.limits.dataBytesMax;
      if (length < -1 || length > max) {
        throw new JuteError(
          'unreasonable-length',
          12,
          `a packet with ${length} bytes of data; the limit is ${max}`,
        );
      }
      this.walked = HEAD_BYTES + Math.max(length, 0);
      this.authinfoAt = this.walked;
      this.need = this.walked + 4;
      if (have < this.need) return -1;
    }
    if (this.stringsLeft < 0) {
      const count = get32(bytes, start + this.walked);
      const max = this.limits.authinfoMax;
      if (count < -1 || count > max) {
        throw new JuteError(
          'unreasonable-length',
          this.walked,
          `a packet with ${count} ids; the limit is ${max}`,
        );
      }
      this.stringsLeft = Math.max(count, 0) * 2;
      this.walked += 4;
    }
    if (this.stringsLeft > 0 && !this.walkStrings(bytes, start, have)) return -1;
    const packetEnd = start + this.walked;
    this.walked = 0;
    this.stringsLeft = -1;
    this.need = SHORTEST_BYTES;
    return packetEnd;
  }

  private walkStrings(bytes: Buffer, start: number, have: number): boolean {
    const max = this.limits.authinfoBytesMax;
    while (this.stringsLeft > 0) {
      this.need = this.walked + 4;
      if (have < this.need) return false;
      const length = get32(bytes, start + this.walked);
      const textBytes = Math.max(length, 0);
      if (length < -1 || this.walked + 4 + textBytes - this.authinfoAt > max) {
        throw new JuteError('unreasonable-length', this.walked, `an id with a text of ${length} bytes`);
      }
      this.need = this.walked + 4 + textBytes;
      if (have < this.need) return false;
      this.walked = this.need;
      this.stringsLeft--;
    }
    return true;
  }

  /** Hands on the packet in `bytes[start, end)`, whose lengths were all looked at. */
  private deliver(bytes: Buffer, start: number, end: number): void {
    const type = get32(bytes, start);
    const zxid = get64(bytes, start + 4);
    const length = get32(bytes, start + 12);
    const dataAt = start + HEAD_BYTES;
    const data = length < 0 ? null : bytes.subarray(dataAt, dataAt + length);
    const authinfoAt = dataAt + Math.max(length, 0);
    this.sink.packet(type, zxid, data, readAuthinfo(bytes, authinfoAt, end));
  }
}

function readAuthinfo(bytes: Buffer, start: number, end: number): readonly Id[] | null {
  if (get32(bytes, start) < 0) return null;
  const ids: Id[] = [];
  let at = start + 4;
  const text = (): string => {
    const from = at + 4;
    at = from + Math.max(get32(bytes, at), 0);
    return bytes.toString('utf8', from, at);
  };
  while (at < end) ids.push({ scheme: text(), id: text() });
  return ids;
}
