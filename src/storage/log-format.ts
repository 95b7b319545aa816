/**
 * The transaction log, byte by byte.
 *
 * A file is a header of 16 bytes, records one after the other, and padding.
 *
 *     header   magic i32 0x5a4b4c47 "ZKLG" · version i32 2 · dbid i64 0
 *     record   checksum i64 · length i32 · entry, `length` bytes · end mark 0x42
 *     entry    TxnHeader (32 bytes) · transaction record · TxnDigest, since 3.6 (`protocol/txn.ts`)
 *     padding  zeros to the end of the file, which grows by 64 MiB whenever less than 4 KiB of it are left
 *
 * The checksum is the Adler-32 of the entry, zero-extended. All numbers are big-endian. The file's name says
 * the zxid of its first record. Apache ends reading a file, without complaint, where fewer than 12 bytes are
 * left, where the length is 0, and where the end mark is missing; only a checksum that does not match stops
 * it. This reader tells all these cases apart (`LogEnd`), and its callers decide (`tail.ts`, `recovery.ts`).
 */
import { adler32 } from '../base/checksum.ts';
import type { JuteWriter } from '../jute/writer.ts';
import type { DiskFile } from '../ports/disk.ts';
import { FILE_HEADER_BYTES, FILE_VERSION, LOG_MAGIC, LOG_RECORD_END } from '../protocol/files.ts';

/** Bytes of a record before its entry: checksum and length. */
export const RECORD_PREFIX_BYTES = 12;
/** Bytes of a record beside its entry: checksum, length, end mark. */
export const RECORD_OVERHEAD_BYTES = 13;
/** The fewest bytes an entry has: its header. */
export const ENTRY_MIN_BYTES = 32;
/**
 * The longest entry that is believed; Apache's own limit is jute.maxbuffer, which the writer may have had
 * higher.
 */
export const ENTRY_MAX_BYTES = 128 * 1024 * 1024;
/** Where the zxid is in an entry. */
export const ENTRY_ZXID_OFFSET = 12;

/** Writes the 16 bytes a log begins with. */
export function writeLogHeader(w: JuteWriter): void {
  w.writeInt(LOG_MAGIC);
  w.writeInt(FILE_VERSION);
  w.writeLong(0n);
}

/** Makes room for a record's checksum and length; answers where the record starts, for `endRecord`. */
export function beginRecord(w: JuteWriter): number {
  w.reserve(RECORD_OVERHEAD_BYTES + ENTRY_MIN_BYTES);
  const start = w.pos;
  w.pos = start + RECORD_PREFIX_BYTES;
  return start;
}

/** Completes the record begun at `start`, whose entry has been written since: checksum, length, end mark. */
export function endRecord(w: JuteWriter, start: number): void {
  const entry = start + RECORD_PREFIX_BYTES;
  const end = w.pos;
  w.reserve(1);
  const b = w.buf;
  b.writeUInt32BE(0, start);
  b.writeUInt32BE(adler32(b, entry, end), start + 4);
  b.writeInt32BE(end - entry, start + 8);
  b[end] = LOG_RECORD_END;
  w.pos = end + 1;
}

/** What the first bytes of a file are. */
export type LogHeaderVerdict =
  | { readonly kind: 'ok'; readonly version: number; readonly dbid: bigint }
  /** No bytes at all. */
  | { readonly kind: 'empty' }
  /** Fewer than 16 bytes. */
  | { readonly kind: 'short'; readonly bytes: number }
  | { readonly kind: 'wrong-magic'; readonly magic: number };

/**
 * Why reading stopped, and where (`offset`: the byte after the last whole record).
 *
 * - `clean`: the file ends there.
 * - `padding`: a length of 0; zeros follow, unless something is wrong (`zerosUntil` of `tail.ts` looks).
 * - `torn`: the file ends inside the record: `missing` bytes are not there.
 * - `no-end-mark`: the byte after the entry is not 0x42.
 * - `bad-length`: no record is that long.
 * - `header`: the file does not begin as a log; see `LogScanner.header`.
 */
export interface LogEnd {
  readonly kind: 'clean' | 'padding' | 'torn' | 'no-end-mark' | 'bad-length' | 'header';
  readonly offset: number;
  /** In words, for people. */
  readonly why: string;
  /** Of `torn`: how many bytes of the record are missing. */
  readonly missing?: number;
  /** What the length field said, where there is one. */
  readonly length?: number;
}

/** How to read a log. */
export interface LogScanOptions {
  /** Bytes read at once; default 1 MiB. The window grows only for a record longer than this. */
  readonly chunkBytes?: number;
  /** Start at the record at this offset instead of the first; 16 or more. */
  readonly from?: number;
}

/**
 * Reads a log from its first record to where it ends, in constant memory.
 *
 *     const scan = new LogScanner(file);
 *     while (scan.next()) use(scan.bytes, scan.entryStart, scan.entryEnd);
 *     scan.end   // why it stopped
 *
 * A record whose checksum does not match is answered too, with `crcOk` false: the caller decides whether to
 * go on.
 */
export class LogScanner {
  readonly header: LogHeaderVerdict;
  /** Holds the entry at `[entryStart, entryEnd)`, until the next call of `next`. */
  bytes: Buffer;
  entryStart = 0;
  entryEnd = 0;
  /** Where the record starts in the file. */
  offset = FILE_HEADER_BYTES;
  /** Whether the record's checksum is that of its entry. */
  crcOk = true;
  /** The checksum the file has for the record (its low 32 bits). */
  storedCrc = 0;
  private readonly file: DiskFile;
  private readonly chunkBytes: number;
  /**
   * File offset of `bytes[0]`, how many bytes of the window are filled, and where the next record starts in
   * it.
   */
  private base: number;
  private filled = 0;
  private at = 0;
  private stop: LogEnd | undefined;

  constructor(file: DiskFile, options: LogScanOptions = {}) {
    this.file = file;
    this.chunkBytes = options.chunkBytes ?? 1024 * 1024;
    this.bytes = Buffer.allocUnsafeSlow(Math.max(Math.min(this.chunkBytes, file.size()), 64));
    this.base = 0;
    this.header = this.readHeader();
    if (this.header.kind !== 'ok') this.stop = { kind: 'header', offset: 0, why: headerText(this.header) };
    else if (options.from !== undefined && options.from > FILE_HEADER_BYTES) {
      this.base = options.from;
      this.filled = 0;
      this.at = 0;
    }
  }

  /** Why there are no more records; undefined while there may be. */
  get end(): LogEnd | undefined {
    return this.stop;
  }

  /** The zxid of the record at hand. */
  get zxid(): bigint {
    return this.bytes.readBigInt64BE(this.entryStart + ENTRY_ZXID_OFFSET);
  }

  /** Moves to the next record; false when there is none (`end` says why). */
  next(): boolean {
    if (this.stop !== undefined) return false;
    if (!this.ensure(RECORD_PREFIX_BYTES)) return this.endShort();
    const length = this.bytes.readInt32BE(this.at + 8);
    if (length < ENTRY_MIN_BYTES || length > ENTRY_MAX_BYTES) return this.endLength(length);
    if (!this.ensure(length + RECORD_OVERHEAD_BYTES)) return this.endTorn(length);
    const start = this.at + RECORD_PREFIX_BYTES;
    const end = start + length;
    if (this.bytes[end] !== LOG_RECORD_END) {
      return this.finish('no-end-mark', `the record of ${length} bytes has no end mark`, { length });
    }
    this.offset = this.base + this.at;
    this.entryStart = start;
    this.entryEnd = end;
    this.storedCrc = this.bytes.readUInt32BE(this.at + 4);
    this.crcOk = adler32(this.bytes, start, end) === this.storedCrc && this.bytes.readInt32BE(this.at) === 0;
    this.at = end + 1;
    return true;
  }

  private readHeader(): LogHeaderVerdict {
    if (!this.ensure(FILE_HEADER_BYTES)) {
      return this.filled === 0 ? { kind: 'empty' } : { kind: 'short', bytes: this.filled };
    }
    const magic = this.bytes.readInt32BE(0);
    if (magic !== LOG_MAGIC) return { kind: 'wrong-magic', magic };
    this.at = FILE_HEADER_BYTES;
    return { kind: 'ok', version: this.bytes.readInt32BE(4), dbid: this.bytes.readBigInt64BE(8) };
  }

  /** Sees to it that `need` bytes from `at` on are in the window; false when the file has fewer. */
  private ensure(need: number): boolean {
    if (this.filled - this.at >= need) return true;
    if (this.at > 0) {
      this.bytes.copyWithin(0, this.at, this.filled);
      this.base += this.at;
      this.filled -= this.at;
      this.at = 0;
    }
    if (need > this.bytes.length) {
      // Believe a length only when the file has the bytes: memory is not taken on the word of a field.
      if (this.file.size() - this.base < need) return false;
      const grown = Buffer.allocUnsafeSlow(need + this.chunkBytes);
      this.bytes.copy(grown, 0, 0, this.filled);
      this.bytes = grown;
    }
    this.filled += this.file.readAt(this.bytes.subarray(this.filled), this.base + this.filled);
    return this.filled >= need;
  }

  private endShort(): boolean {
    const left = this.filled - this.at;
    if (left === 0) return this.finish('clean', 'the file ends after a whole record');
    for (let i = this.at; i < this.filled; i++) {
      if (this.bytes[i] !== 0) {
        const missing = RECORD_PREFIX_BYTES - left;
        return this.finish('torn', `the file ends ${left} bytes into a record`, { missing });
      }
    }
    return this.finish('padding', 'padding follows');
  }

  private endLength(length: number): boolean {
    if (length === 0) return this.finish('padding', 'padding follows', { length });
    return this.finish('bad-length', `Unreasonable length = ${length}`, { length });
  }

  private endTorn(length: number): boolean {
    const missing = length + RECORD_OVERHEAD_BYTES - (this.file.size() - this.base - this.at);
    return this.finish('torn', `the last ${missing} bytes of a record of ${length} are missing`, {
      missing,
      length,
    });
  }

  private finish(
    kind: LogEnd['kind'],
    why: string,
    more: { missing?: number; length?: number } = {},
  ): boolean {
    this.stop = { kind, offset: this.base + this.at, why, ...more };
    return false;
  }
}

/** In words what is wrong with a header. */
export function headerText(header: LogHeaderVerdict): string {
  switch (header.kind) {
    case 'ok':
      return 'the header is as it should be';
    case 'empty':
      return 'the file is empty';
    case 'short':
      return `the file ends ${header.bytes} bytes into its header`;
    case 'wrong-magic':
      return `it begins with 0x${(header.magic >>> 0).toString(16)}, not with 0x${LOG_MAGIC.toString(16)}`;
  }
}
