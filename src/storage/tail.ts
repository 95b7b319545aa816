/**
 * Is a damaged place in a log a torn tail, or corruption?
 *
 * A transaction is acknowledged only after a sync that began when all bytes before and including it were
 * written. So if any written byte never reached the disk, no record behind it was acknowledged, and the log
 * may be cut there. What shows that is how a lost write looks like: logs are written into fresh files, and a
 * sector (512 bytes, the unit disks write as a whole) that was not written reads as zeros, up to its very
 * end; or the file ends too early. Anything else, such as a flipped bit in a record that is whole to its end
 * mark, or a wrong record with good ones behind it, is corruption: then an acknowledged transaction may be
 * concerned, and only a person may decide to lose it.
 */
import { adler32 } from '../base/checksum.ts';
import type { DiskFile } from '../ports/disk.ts';
import { LOG_RECORD_END } from '../protocol/files.ts';
import { TXN_CODECS } from '../protocol/txn.ts';
import { flippedBit } from './flipped-bit.ts';
import {
  ENTRY_MAX_BYTES,
  ENTRY_MIN_BYTES,
  type LogEnd,
  RECORD_OVERHEAD_BYTES,
  RECORD_PREFIX_BYTES,
} from './log-format.ts';

/** A place where a log stops being one: `LogEnd`, or a record whose checksum does not match. */
export interface LogDamage {
  readonly kind: LogEnd['kind'] | 'checksum';
  /** Where the damaged record starts. */
  readonly offset: number;
  /** What its length field says, where there is one. */
  readonly length?: number | undefined;
  readonly why: string;
}

/** The judgement on a damaged place. */
export interface DamageVerdict {
  /** True: nothing from there on was acknowledged. */
  readonly torn: boolean;
  readonly why: string;
  /** Where the next whole record starts, if there is one. */
  readonly nextRecord: number | undefined;
}

/** The unit in which a disk writes, bytes; larger ones are multiples. */
const SECTOR_BYTES = 512;
/** Zeros that may belong to the bytes around a lost sector: a few, since numbers have leading zeros. */
const NATURAL_ZEROS = 16;
/** A checksum begins with four zeros; a fifth zero and a sector's end together are no chance. */
const LOST_PREFIX_BYTES = 5;
const CHUNK_BYTES = 256 * 1024;
/** Bytes of candidates that are summed at most when looking for a record; beyond, the search gives up. */
const SEARCH_BUDGET_BYTES = 512 * 1024 * 1024;

/** A buffer to read the file through, from an offset on; no larger than what is there. */
const chunkFor = (file: DiskFile, from: number): Buffer =>
  Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, Math.max(64, file.size() - from)));

/** Where the zeros that begin at `from` end; the file's size when they go on to its end. */
export function zerosUntil(file: DiskFile, from: number, to: number = file.size()): number {
  const chunk = chunkFor(file, from);
  for (let base = from; base < to; ) {
    const got = file.readAt(chunk.subarray(0, Math.min(chunk.length, to - base)), base);
    if (got === 0) break;
    const at = firstNonZero(chunk, got);
    if (at < got) return base + at;
    base += got;
  }
  return to;
}

const ZEROS = Buffer.alloc(4096);

function firstNonZero(bytes: Buffer, length: number): number {
  let at = 0;
  while (
    at < length &&
    bytes.compare(ZEROS, 0, Math.min(4096, length - at), at, Math.min(at + 4096, length)) === 0
  ) {
    at += 4096;
  }
  while (at < length && bytes[at] === 0) at++;
  return Math.min(at, length);
}

/** The offset of the last byte at or behind `from` that is not zero; `from - 1` when there is none. */
function lastNonZero(file: DiskFile, from: number): number {
  const chunk = chunkFor(file, from);
  for (let end = file.size(); end > from; ) {
    const start = Math.max(from, end - chunk.length);
    const got = file.readAt(chunk.subarray(0, end - start), start);
    if (firstNonZero(chunk, got) < got) {
      for (let i = got - 1; i >= 0; i--) if (chunk[i] !== 0) return start + i;
    }
    end = start;
  }
  return from - 1;
}

/**
 * The offset of the first whole record at or behind `from`: plausible length, end mark, known type, right
 * checksum. Undefined when there is none, or when the search became too long for an honest file.
 */
function findRecord(file: DiskFile, from: number): number | undefined {
  const size = file.size();
  const chunk = chunkFor(file, from);
  let budget = SEARCH_BUDGET_BYTES;
  for (let base = from; base < size; ) {
    const got = file.readAt(chunk, base);
    const stop = got - RECORD_PREFIX_BYTES;
    for (let at = 0; at <= stop; at++) {
      if (chunk[at] !== 0) continue;
      if (at % 4096 === 0 && isZero(chunk, at, got)) {
        at += 4096 - RECORD_PREFIX_BYTES;
        continue;
      }
      if (chunk[at + 1] !== 0 || chunk[at + 2] !== 0 || chunk[at + 3] !== 0) continue;
      const length = chunk.readInt32BE(at + 8);
      if (length < ENTRY_MIN_BYTES || length > ENTRY_MAX_BYTES) continue;
      if (base + at + RECORD_OVERHEAD_BYTES + length > size) continue;
      const spent = recordCost(file, base + at, length, chunk.readUInt32BE(at + 4));
      if (spent < 0) return base + at;
      budget -= spent;
      if (budget < 0) return undefined;
    }
    if (got < chunk.length || stop < 0) return undefined;
    base += stop + 1;
  }
  return undefined;
}

const isZero = (bytes: Buffer, at: number, filled: number): boolean =>
  at + 4096 <= filled && bytes.compare(ZEROS, 0, 4096, at, at + 4096) === 0;

/** -1 when a whole record is there, else about how many bytes it took to find out that there is none. */
function recordCost(file: DiskFile, offset: number, length: number, crc: number): number {
  const probe = Buffer.alloc(ENTRY_MIN_BYTES);
  file.readAt(probe.subarray(0, 1), offset + RECORD_PREFIX_BYTES + length);
  if (probe[0] !== LOG_RECORD_END) return 1;
  file.readAt(probe, offset + RECORD_PREFIX_BYTES);
  if (!TXN_CODECS.has(probe.readInt32BE(28))) return ENTRY_MIN_BYTES;
  return sumOf(file, offset + RECORD_PREFIX_BYTES, length) === crc ? -1 : length;
}

function sumOf(file: DiskFile, from: number, length: number): number {
  const chunk = Buffer.allocUnsafeSlow(Math.min(length, CHUNK_BYTES));
  let sum = 1;
  for (let at = 0; at < length; ) {
    const got = file.readAt(chunk.subarray(0, Math.min(chunk.length, length - at)), from + at);
    if (got === 0) break;
    sum = adler32(chunk, 0, got, sum);
    at += got;
  }
  return sum;
}

/** Judges a damaged place: torn tail or corruption. Reads the file, changes nothing. */
export function judgeDamage(file: DiskFile, damage: LogDamage): DamageVerdict {
  const { offset, length } = damage;
  const nextRecord = findRecord(file, offset + 1);
  const last = lastNonZero(file, offset);
  const region = nextRecord ?? last + 1;
  const torn = (why: string): DamageVerdict => ({ torn: true, why, nextRecord });
  const corrupt = (why: string): DamageVerdict => ({
    torn: false,
    why: `${damage.why}; ${why}`,
    nextRecord,
  });
  if (onlyLengthIsWrong(file, offset, region)) {
    return corrupt('the record is whole, only its length field is wrong');
  }
  const bit = wrongBit(file, damage);
  if (bit !== undefined) return corrupt(bit);
  const whole = length !== undefined && length >= ENTRY_MIN_BYTES && length <= ENTRY_MAX_BYTES;
  const end = whole ? offset + RECORD_PREFIX_BYTES + length : undefined;
  // A record has an end mark, and a length that is not 0.
  const hole = lostSector(file, offset, region, end ?? offset + 11);
  if (hole !== undefined) return torn(`the bytes ${hole.from} to ${hole.to - 1} were never written`);
  if (nextRecord !== undefined) return corrupt(`a whole record follows at byte ${nextRecord}`);
  if (damage.kind === 'torn') return torn(damage.why);
  if (
    last < offset + RECORD_PREFIX_BYTES ||
    (damage.kind === 'no-end-mark' && end !== undefined && last < end)
  ) {
    return torn(`${damage.why}, only zeros from byte ${last + 1} on`);
  }
  if (damage.kind === 'checksum') return corrupt('the record is whole to its end mark');
  return corrupt('what follows was written by something else');
}

/** In words, when one flipped bit explains the damage: then no write was lost. */
export function wrongBit(file: DiskFile, { kind, offset, length }: LogDamage): string | undefined {
  if (length === undefined || (kind !== 'checksum' && kind !== 'no-end-mark')) return undefined;
  const from = offset + RECORD_PREFIX_BYTES;
  const prefix = Buffer.alloc(RECORD_PREFIX_BYTES);
  file.readAt(prefix, offset);
  const stored = prefix.readUInt32BE(4);
  const actual = sumOf(file, from, length);
  if (kind === 'no-end-mark') {
    const mark = Buffer.alloc(1);
    file.readAt(mark, from + length);
    return actual === stored && mark[0] !== 0 ? 'only its end mark is wrong' : undefined;
  }
  if (actual === stored) return 'only the zeros before its checksum are wrong';
  const byte = Buffer.alloc(1);
  const byteAt = (at: number): number => {
    file.readAt(byte, from + at);
    return byte[0] as number;
  };
  const found = flippedBit(byteAt, length, actual, stored);
  if (found === undefined) return undefined;
  return found.at === undefined
    ? `bit ${found.bit} of its checksum is flipped`
    : `bit ${found.bit} of byte ${from + found.at} is flipped`;
}

/**
 * Whether the checksum that stands at `offset` is that of the bytes behind it up to some end mark before
 * `to`.
 */
function onlyLengthIsWrong(file: DiskFile, offset: number, to: number): boolean {
  const prefix = Buffer.alloc(RECORD_PREFIX_BYTES);
  if (file.readAt(prefix, offset) < prefix.length) return false;
  const crc = prefix.readUInt32BE(4);
  const chunk = chunkFor(file, offset);
  let sum = 1;
  for (let base = offset + RECORD_PREFIX_BYTES; base < to; ) {
    const got = file.readAt(chunk.subarray(0, Math.min(chunk.length, to - base)), base);
    if (got === 0) break;
    let summed = 0;
    for (
      let at = chunk.indexOf(LOG_RECORD_END);
      at >= 0 && at < got;
      at = chunk.indexOf(LOG_RECORD_END, at + 1)
    ) {
      sum = adler32(chunk, summed, at, sum);
      summed = at;
      if (sum === crc && base + at - offset - RECORD_PREFIX_BYTES >= ENTRY_MIN_BYTES) return true;
    }
    sum = adler32(chunk, summed, got, sum);
    base += got;
  }
  return false;
}

/**
 * A run of zeros in `[from, to)`, with something behind it, that looks like sectors never written: it begins
 * at a sector's start (or at `from`) and stops at a sector's end, but for a few zeros that belong to the
 * bytes around it; or it fills the sector in which `solid` lies, a byte that no record has as zero.
 */
function lostSector(
  file: DiskFile,
  from: number,
  to: number,
  solid: number,
): { from: number; to: number } | undefined {
  const limit = Math.min(file.size(), to + NATURAL_ZEROS);
  const chunk = chunkFor(file, from);
  let run = -1;
  for (let base = from; base < limit; ) {
    const got = file.readAt(chunk.subarray(0, Math.min(chunk.length, limit - base)), base);
    if (got === 0) break;
    for (let i = 0; i < got; i++) {
      if (chunk[i] === 0) {
        if (run < 0) run = base + i;
      } else if (run >= 0) {
        if (looksLost(run, base + i, from, solid)) return { from: run, to: base + i };
        run = -1;
      }
    }
    base += got;
  }
  return undefined;
}

/** Whether the zeros `[start, end)` are sectors that were never written. */
function looksLost(start: number, end: number, from: number, solid: number): boolean {
  const sector = solid - (solid % SECTOR_BYTES);
  // Only what is left of the sector in which the record begins, or a whole one.
  if (start <= Math.max(sector, from) && end >= sector + SECTOR_BYTES && solid >= start) return true;
  const over = end % SECTOR_BYTES;
  const before = start === from ? 0 : (SECTOR_BYTES - (start % SECTOR_BYTES)) % SECTOR_BYTES;
  if (over > NATURAL_ZEROS || before > NATURAL_ZEROS) return false;
  const least = start === from ? LOST_PREFIX_BYTES : SECTOR_BYTES;
  return end - over - start - before >= least;
}
