/**
 * Reads a snapshot (layout: `snapshot-format.ts`) from a stream of bytes, in a window that grows only for a
 * node larger than itself, and checks every seal.
 */

import { hex64 } from '../base/brands.ts';
import { adler32 } from '../base/checksum.ts';
import { ZktError } from '../base/errors.ts';
import type { Acl } from '../protocol/acl.ts';
import { SNAPSHOT_MAGIC, type ZxidDigest } from '../protocol/files.ts';
import { STAT_PERSISTED_BYTES } from '../protocol/stat.ts';

/** Bytes, pulled. */
export interface ByteSource {
  /** Fills `into` from its start as far as there are bytes; fewer than its length only at the end. */
  read(into: Buffer): number;
}

/**
 * What takes a snapshot in, in the order of the file. A text answered is an objection: it ends decoding, and
 * becomes the error with the place in the file.
 */
export interface SnapshotSink {
  session(id: bigint, timeoutMs: number): void;
  acl(key: bigint, acl: Acl[] | null): void;
  /**
   * A node. `bytes` is the decoder's window and good for this call only: data is `bytes[dataStart, dataStart
   * + dataLength)`, or null when `dataLength` is -1; the encoded StatPersisted is the 60 bytes at
   * `statStart`. The root's path is "".
   */
  node(
    path: string,
    bytes: Buffer,
    dataStart: number,
    dataLength: number,
    aclKey: bigint,
    statStart: number,
  ): string | undefined;
}

/** What else a snapshot says, once it has been read to its end and all seals were right. */
export interface SnapshotSummary {
  readonly version: number;
  readonly dbid: bigint;
  readonly sessions: number;
  readonly acls: number;
  readonly nodes: number;
  /** Undefined where the section is missing. A `zxid` of 0 and `digest` of 0: the writer kept none. */
  readonly digest: ZxidDigest | undefined;
  /** 3.9's section. */
  readonly lastProcessedZxid: bigint | undefined;
  /** Bytes read (uncompressed); what follows the last section is not looked at. */
  readonly bytes: number;
}

/** How to decode. */
export interface SnapshotDecodeOptions {
  /** Bytes of the window; default 128 KiB. */
  readonly windowBytes?: number;
  /** Longest path or data that is believed; default 128 MiB. */
  readonly maxLength?: number;
}

const WINDOW_BYTES = 128 * 1024;
const MAX_LENGTH = 128 * 1024 * 1024;
/** Bytes of a node behind its data: ACL key and stat. */
const NODE_TAIL_BYTES = 8 + STAT_PERSISTED_BYTES;
const SLASH = 0x2f;

/**
 * Decodes a whole snapshot into `sink`; `file` names it in errors. Throws `ZKT_NOT_A_SNAPSHOT` when it does
 * not begin as one, `ZKT_SNAPSHOT_CORRUPT` with the place of the damage otherwise; the sink has then had
 * everything before it.
 */
export function decodeSnapshot(
  file: string,
  source: ByteSource,
  sink: SnapshotSink,
  options: SnapshotDecodeOptions = {},
): SnapshotSummary {
  return new Decoder(file, source, sink, options).run();
}

class Decoder {
  private readonly file: string;
  private readonly source: ByteSource;
  private readonly sink: SnapshotSink;
  private readonly maxLength: number;
  private window: Buffer;
  /** Stream offset of `window[0]`; bytes filled; next byte to read; first byte not in `sum`. */
  private base = 0;
  private filled = 0;
  private at = 0;
  private summed = 0;
  private sum = 1;
  private ended = false;

  constructor(file: string, source: ByteSource, sink: SnapshotSink, options: SnapshotDecodeOptions) {
    this.file = file;
    this.source = source;
    this.sink = sink;
    this.maxLength = options.maxLength ?? MAX_LENGTH;
    this.window = Buffer.allocUnsafeSlow(Math.max(options.windowBytes ?? WINDOW_BYTES, 64));
  }

  run(): SnapshotSummary {
    const { version, dbid } = this.header();
    const sessions = this.sessions();
    const acls = this.acls();
    const nodes = this.nodes();
    this.seal();
    let digest: ZxidDigest | undefined;
    let lastProcessedZxid: bigint | undefined;
    if (!this.atEnd()) {
      digest = this.digest();
      this.seal();
      if (!this.atEnd()) {
        lastProcessedZxid = this.long('the last processed zxid');
        this.seal();
      }
    }
    return { version, dbid, sessions, acls, nodes, digest, lastProcessedZxid, bytes: this.base + this.at };
  }

  private header(): { version: number; dbid: bigint } {
    if (!this.ensure(16)) {
      throw new ZktError('ZKT_NOT_A_SNAPSHOT', { file: this.file, why: `it has only ${this.filled} bytes` });
    }
    const magic = this.int('the magic number');
    if (magic !== SNAPSHOT_MAGIC) {
      const why = `it begins with 0x${(magic >>> 0).toString(16)}, not with 0x${SNAPSHOT_MAGIC.toString(16)}`;
      throw new ZktError('ZKT_NOT_A_SNAPSHOT', { file: this.file, why });
    }
    return { version: this.int('the version'), dbid: this.long('the dbid') };
  }

  private sessions(): number {
    const count = this.count('sessions');
    for (let i = 0; i < count; i++) {
      const id = this.long('a session');
      this.sink.session(id, this.int('a session timeout'));
    }
    return count;
  }

  private acls(): number {
    const count = this.count('ACLs');
    for (let i = 0; i < count; i++) {
      const key = this.long('an ACL key');
      const entries = this.int('an ACL list');
      if (entries < -1) this.damage(this.at - 4, `an ACL list of ${entries} entries`);
      let list: Acl[] | null = null;
      if (entries >= 0) {
        list = [];
        for (let n = 0; n < entries; n++) {
          const perms = this.int('permissions');
          const scheme = this.text('a scheme');
          list.push({ perms, id: { scheme, id: this.text('an id') } });
        }
      }
      this.sink.acl(key, list);
    }
    return count;
  }

  /** The hot loop: one node an iteration, at most three looks at the window's fill. */
  private nodes(): number {
    const { sink, maxLength } = this;
    let nodes = 0;
    for (;;) {
      if (this.filled - this.at < 4) this.need(4, 'a path');
      const length = this.window.readInt32BE(this.at);
      if (length < 0 || length > maxLength) this.damage(this.at, `Unreasonable length = ${length} of a path`);
      if (this.filled - this.at < length + 8) this.need(length + 8, 'a path');
      if (length === 1 && this.window[this.at + 4] === SLASH) {
        this.at += 5;
        return nodes;
      }
      const dataLength = this.lengthOfData(this.at + 4 + length);
      const whole = length + 8 + Math.max(dataLength, 0) + NODE_TAIL_BYTES;
      if (this.filled - this.at < whole) this.need(whole, 'a node');
      const bytes = this.window;
      const start = this.at + 4;
      const dataStart = start + length + 4;
      const keyAt = dataLength > 0 ? dataStart + dataLength : dataStart;
      const path = bytes.toString('utf8', start, start + length);
      const key = bytes.readBigInt64BE(keyAt);
      const objection = sink.node(path, bytes, dataStart, dataLength, key, keyAt + 8);
      if (objection !== undefined) this.damage(this.at, objection);
      this.at = keyAt + NODE_TAIL_BYTES;
      nodes++;
    }
  }

  private lengthOfData(at: number): number {
    const length = this.window.readInt32BE(at);
    if (length < -1 || length > this.maxLength) this.damage(at, `Unreasonable length = ${length} of data`);
    return length;
  }

  private digest(): ZxidDigest {
    const zxid = this.long("the digest's zxid");
    const version = this.int("the digest's version");
    if (version >= 2) return { zxid, version, digest: this.long('the digest') };
    const text = this.text('the digest');
    return {
      zxid,
      version,
      digest: /^[0-9a-f]{1,16}$/i.test(text) ? BigInt.asIntN(64, BigInt(`0x${text}`)) : 0n,
    };
  }

  /** A seal: the sum of all before it, then "/". */
  private seal(): void {
    const offset = this.base + this.at;
    this.addSum();
    const expected = BigInt(this.sum);
    const stored = this.long('a seal');
    if (stored !== expected) {
      const why = `the checksum of all bytes before it is ${hex64(expected)}, the seal says ${hex64(stored)}`;
      throw new ZktError('ZKT_SNAPSHOT_CORRUPT', { file: this.file, offset, why });
    }
    const end = this.text('the end of a seal');
    if (end !== '/') this.damage(this.at, 'a seal does not end with "/"');
  }

  private count(what: string): number {
    const count = this.int(`the number of ${what}`);
    if (count < 0) this.damage(this.at - 4, `${count} ${what}`);
    return count;
  }

  private int(what: string): number {
    this.need(4, what);
    const v = this.window.readInt32BE(this.at);
    this.at += 4;
    return v;
  }

  private long(what: string): bigint {
    this.need(8, what);
    const v = this.window.readBigInt64BE(this.at);
    this.at += 8;
    return v;
  }

  private text(what: string): string {
    const length = this.int(what);
    if (length === -1) return '';
    if (length < 0 || length > this.maxLength)
      this.damage(this.at - 4, `Unreasonable length = ${length} of ${what}`);
    this.need(length, what);
    const v = this.window.toString('utf8', this.at, this.at + length);
    this.at += length;
    return v;
  }

  private atEnd(): boolean {
    return !this.ensure(1);
  }

  private need(bytes: number, what: string): void {
    if (this.ensure(bytes)) return;
    const missing = bytes - (this.filled - this.at);
    this.damage(this.at, `the file ends in the middle of ${what}: ${missing} bytes are missing`);
  }

  /** Sees to it that `bytes` from `at` on are in the window; false when the stream ends before. */
  private ensure(bytes: number): boolean {
    if (this.filled - this.at >= bytes) return true;
    this.addSum();
    this.window.copyWithin(0, this.at, this.filled);
    this.base += this.at;
    this.filled -= this.at;
    this.at = 0;
    this.summed = 0;
    while (this.filled < bytes && !this.ended) {
      // Doubling as bytes arrive, so that a lying length takes no more memory than the file has bytes.
      if (this.filled === this.window.length) {
        const grown = Buffer.allocUnsafeSlow(this.window.length * 2);
        this.window.copy(grown, 0, 0, this.filled);
        this.window = grown;
      }
      const got = this.source.read(this.window.subarray(this.filled));
      if (this.filled + got < this.window.length) this.ended = true;
      this.filled += got;
    }
    return this.filled >= bytes;
  }

  private addSum(): void {
    this.sum = adler32(this.window, this.summed, this.at, this.sum);
    this.summed = this.at;
  }

  private damage(at: number, why: string): never {
    throw new ZktError('ZKT_SNAPSHOT_CORRUPT', { file: this.file, offset: this.base + at, why });
  }
}
