/**
 * The snapshot, byte by byte; and writing it in slices.
 *
 *     header     magic i32 0x5a4b534e "ZKSN" · version i32 2 · dbid i64 -1
 *     sessions   count i32 · {id i64, timeout i32 ms} each
 *     ACLs       count i32 · {key i64, vector of ACL} each
 *     nodes      {path string, data buffer, ACL key i64, StatPersisted 60 bytes} each, a parent before its
 *                children; the root's path is ""; the string "/" ends them
 *     seal       i64 · string "/"
 *     digest     since 3.6: zxid i64 · version i32 · digest i64 · seal
 *     last zxid  since 3.9, optional: lastProcessedZxid i64 · seal
 *
 * A seal is the Adler-32, zero-extended, of all bytes before it, earlier seals included. ACL key -1 stands
 * for world:anyone:ALL and is not in the list. `cversion` is the stored one (child creates only). The file's
 * name says the zxid at which writing began; the nodes may be newer, which replay repairs. The digest's zxid
 * may be newer as well: it is compared when replay reaches exactly that one. Older readers stop after the
 * first seal; a section that is not there is absent. Compressed files hold the same bytes as a gzip stream or
 * in snappy-java's framing (`snappy.ts`).
 */
import { adler32 } from '../base/checksum.ts';
import type { JuteWriter } from '../jute/writer.ts';
import { type Acl, AclList } from '../protocol/acl.ts';
import { FILE_VERSION, SNAPSHOT_MAGIC, type SnapshotSession, type ZxidDigest } from '../protocol/files.ts';

/** `dbid` in the header of every snapshot. */
const SNAPSHOT_DBID = -1n;
/** The key that stands for world:anyone:ALL without being listed. */
export const OPEN_ACL_KEY = -1n;
/** The path that ends the nodes. */
const NODES_END = '/';

/**
 * What is to be written. It is asked slice by slice, so it may change meanwhile (a fuzzy snapshot), as long
 * as a node is written after its parent and every ACL key written is among `acls` or created later than
 * `zxid`.
 */
export interface SnapshotSource {
  /** The last transaction the tree holds at the beginning; names the file. */
  readonly zxid: bigint;
  readonly sessions: readonly SnapshotSession[];
  readonly acls: readonly { readonly key: bigint; readonly acl: readonly Acl[] }[];
  /**
   * Writes nodes, going on where it stopped, until about `budgetBytes` are written: for each `path string,
   * data buffer, ACL key long, StatPersisted`. Answers true when there are no more (and is then not called
   * again).
   */
  writeNodes(w: JuteWriter, budgetBytes: number): boolean;
  /** Nodes written so far. */
  readonly nodesWritten: number;
  /** Asked once, after the nodes; undefined leaves the section out (`digest.enabled=false`). */
  digest(): ZxidDigest | undefined;
}

/** Which sections are written. */
export interface SnapshotEncodeOptions {
  /**
   * Adds 3.9's section with the zxid of `source` (`serializeLastProcessedZxid.enabled`); 3.8 passes over it.
   */
  readonly lastProcessedZxid: boolean;
}

/**
 * Writes what a snapshot is about, a slice at a time: sessions, ACLs, nodes, and the path "/" that ends them.
 * A file has a header before it and seals behind; between servers it travels without (facts 9.2).
 */
export class SnapshotBody {
  private readonly source: SnapshotSource;
  private phase: 'start' | 'sessions' | 'acls' | 'nodes' | 'done' = 'start';
  private index = 0;

  constructor(source: SnapshotSource) {
    this.source = source;
  }

  /** Writes until `w` is at `limit` or beyond; true when all is written. */
  next(w: JuteWriter, limit: number): boolean {
    while (this.phase !== 'done' && w.pos < limit) this.step(w, limit);
    return this.phase === 'done';
  }

  private step(w: JuteWriter, limit: number): void {
    switch (this.phase) {
      case 'start':
        w.writeInt(this.source.sessions.length);
        this.phase = 'sessions';
        break;
      case 'sessions':
        this.writeSessions(w, limit);
        break;
      case 'acls':
        this.writeAcls(w, limit);
        break;
      case 'nodes':
        if (!this.source.writeNodes(w, limit - w.pos)) break;
        w.writeString(NODES_END);
        this.phase = 'done';
        break;
      case 'done':
        break;
    }
  }

  private writeSessions(w: JuteWriter, limit: number): void {
    const { sessions } = this.source;
    while (this.index < sessions.length && w.pos < limit) {
      const { id, timeout } = sessions[this.index++] as SnapshotSession;
      w.writeLong(id);
      w.writeInt(timeout);
    }
    if (this.index < sessions.length) return;
    this.index = 0;
    w.writeInt(this.source.acls.length);
    this.phase = 'acls';
  }

  private writeAcls(w: JuteWriter, limit: number): void {
    const { acls } = this.source;
    for (; this.index < acls.length && w.pos < limit; this.index++) {
      const { key, acl } = acls[this.index] as SnapshotSource['acls'][number];
      w.writeLong(key);
      AclList.write(w, acl as Acl[]);
    }
    if (this.index === acls.length) this.phase = 'nodes';
  }
}

type Phase = 'header' | 'body' | 'tail' | 'done';

/** Turns a source into the bytes of a snapshot, a slice at a time. */
export class SnapshotEncoder {
  private readonly source: SnapshotSource;
  private readonly options: SnapshotEncodeOptions;
  private readonly body: SnapshotBody;
  private phase: Phase = 'header';
  private sum = 1;
  /** From where on the writer's bytes are not in `sum`. */
  private summed = 0;

  constructor(source: SnapshotSource, options: SnapshotEncodeOptions) {
    this.source = source;
    this.options = options;
    this.body = new SnapshotBody(source);
  }

  /** Adds about `budgetBytes` to `w`; true when the snapshot is complete. */
  next(w: JuteWriter, budgetBytes: number): boolean {
    const limit = w.pos + Math.max(budgetBytes, 1);
    this.summed = w.pos;
    while (this.phase !== 'done' && w.pos < limit) this.step(w, limit);
    this.add(w);
    return this.phase === 'done';
  }

  private step(w: JuteWriter, limit: number): void {
    switch (this.phase) {
      case 'header':
        w.writeInt(SNAPSHOT_MAGIC);
        w.writeInt(FILE_VERSION);
        w.writeLong(SNAPSHOT_DBID);
        this.phase = 'body';
        break;
      case 'body':
        if (this.body.next(w, limit)) this.phase = 'tail';
        break;
      case 'tail':
        this.writeTail(w);
        this.phase = 'done';
        break;
      case 'done':
        break;
    }
  }

  private writeTail(w: JuteWriter): void {
    this.seal(w);
    const digest = this.source.digest();
    if (digest !== undefined) {
      w.writeLong(digest.zxid);
      w.writeInt(digest.version);
      w.writeLong(digest.digest);
      this.seal(w);
    } else if (this.options.lastProcessedZxid) {
      // 3.9 reads its section only behind a digest section; an empty one says that there is no digest.
      w.writeLong(0n);
      w.writeInt(2);
      w.writeLong(0n);
      this.seal(w);
    }
    if (!this.options.lastProcessedZxid) return;
    w.writeLong(this.source.zxid);
    this.seal(w);
  }

  private seal(w: JuteWriter): void {
    this.add(w);
    w.writeLong(BigInt(this.sum));
    w.writeString(NODES_END);
  }

  private add(w: JuteWriter): void {
    this.sum = adler32(w.buf, this.summed, w.pos, this.sum);
    this.summed = w.pos;
  }
}

/**
 * The last bytes of every whole uncompressed snapshot: the string "/". Apache's first look at a candidate.
 */
export const SNAPSHOT_LAST_BYTES = Buffer.from([0, 0, 0, 1, 0x2f]);
/** An uncompressed snapshot is at least this long. Apache's figure. */
export const SNAPSHOT_MIN_BYTES = 10;
