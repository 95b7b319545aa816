/**
 * The transactions an ensemble has committed, merged from the logs of its servers: what a serving server has
 * applied is committed, and must be the same wherever it is found.
 */
import { hex0x } from '../../base/brands.ts';
import type { Disk, DiskFile } from '../../ports/disk.ts';
import { decodeEntry, type TxnEntry } from '../../protocol/txn.ts';
import { listLogs } from '../../storage/data-dir.ts';
import { LogScanner } from '../../storage/log-format.ts';
import { canonical, type Violation } from '../checkers/history.ts';
import type { SimNode } from '../sim-node.ts';
import { NODE_DIR } from '../sim-node.ts';

const LOG_DIR = `${NODE_DIR}/version-2`;

/** The last entry that was read of a log directory. */
interface Mark {
  readonly path: string;
  readonly offset: number;
  readonly zxid: bigint;
}

const RESUMED_CHUNK_BYTES = 4096;

/**
 * Calls `take` for the entries of a log directory with zxids in (from, to], in order; answers the last of
 * them. With `mark`, the answer of a call up to `from`, it reads on from there if that entry is still where
 * it was.
 */
export function eachEntry(
  disk: Disk,
  from: bigint,
  to: bigint,
  take: (zxid: bigint, bytes: Buffer) => void,
  mark?: Mark,
): Mark | undefined {
  if (!disk.exists(LOG_DIR)) return undefined;
  const logs = listLogs(disk, LOG_DIR);
  let last = mark;
  logs.forEach((log, i) => {
    const next = logs[i + 1];
    if (log.zxid > to || (next !== undefined && next.zxid <= from)) return;
    const scan = scanner(disk.open(log.path, 'read'), mark);
    while (scan.next()) {
      if (scan.zxid <= from) continue;
      if (scan.zxid > to) return;
      take(scan.zxid, scan.bytes.subarray(scan.entryStart, scan.entryEnd));
      last = { path: log.path, offset: scan.offset, zxid: scan.zxid };
    }
  });
  return last;
}

function scanner(file: DiskFile, mark: Mark | undefined): LogScanner {
  if (mark !== undefined && mark.path === file.path) {
    const scan = new LogScanner(file, { from: mark.offset, chunkBytes: RESUMED_CHUNK_BYTES });
    if (scan.next() && scan.zxid === mark.zxid) return scan;
  }
  return new LogScanner(file);
}

/** See the head of the file. */
export class CommittedEntries {
  readonly entries = new Map<bigint, { readonly bytes: Buffer; readonly by: string }>();
  private readonly seen = new Map<SimNode, bigint>();
  private readonly marks = new Map<SimNode, Mark | undefined>();
  /** What nodes were sent as a snapshot, by the entries it was made of; theirs to confirm. */
  private readonly inherited = new Map<
    SimNode,
    { readonly upTo: bigint; readonly entries: Map<bigint, Buffer> }
  >();
  private readonly say: (violation: Violation) => void;

  constructor(say: (violation: Violation) => void) {
    this.say = say;
  }

  /**
   * A node sends another one its tree as it is at that zxid: the entries behind it may be in no other log.
   */
  passedOn(from: SimNode, to: SimNode, zxid: bigint): void {
    const entries = new Map(this.inherited.get(from)?.entries);
    eachEntry(from.disk.look('live'), 0n, zxid, (at, bytes) => {
      if (!this.entries.has(at)) entries.set(at, Buffer.from(bytes));
    });
    for (const at of entries.keys()) if (at > zxid || this.entries.has(at)) entries.delete(at);
    this.inherited.set(to, { upTo: zxid, entries });
  }

  /** A node was found to end at that zxid: a snapshot it was sent and that went further is lost. */
  endsAt(node: SimNode, zxid: bigint): void {
    const found = this.inherited.get(node);
    if (found !== undefined && found.upTo > zxid) this.inherited.delete(node);
  }

  /** A node gives up what it has behind that zxid. */
  cut(node: SimNode, zxid: bigint): void {
    const entries = this.inherited.get(node)?.entries;
    for (const at of entries?.keys() ?? []) if (at > zxid) entries?.delete(at);
  }

  /** Takes in what a serving node has applied since the last time. */
  collect(node: SimNode): void {
    const to = node.handle?.database?.lastZxid;
    const from = this.seen.get(node) ?? 0n;
    if (to === undefined || to <= from || node.handle?.mode === undefined) return;
    for (const [zxid, bytes] of this.inherited.get(node)?.entries ?? new Map<bigint, Buffer>()) {
      if (zxid <= to) this.take(node.name, zxid, bytes);
    }
    this.inherited.delete(node);
    const take = (zxid: bigint, bytes: Buffer): void => this.take(node.name, zxid, bytes);
    this.marks.set(node, eachEntry(node.disk.look('live'), from, to, take, this.marks.get(node)));
    this.seen.set(node, to);
  }

  /** In the order of zxids. */
  inOrder(): TxnEntry[] {
    return [...this.entries]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, { bytes }]) => {
        const entry = decodeEntry(bytes);
        return entry === undefined ? [] : [entry];
      });
  }

  private take(by: string, zxid: bigint, bytes: Buffer): void {
    const before = this.entries.get(zxid);
    if (before === undefined) {
      this.entries.set(zxid, { bytes: Buffer.from(bytes), by });
      return;
    }
    if (before.bytes.equals(bytes)) return;
    const text = `${hex0x(zxid)}: ${before.by} has ${tell(before.bytes)}, ${by} has ${tell(bytes)}`;
    this.say({ rule: 'servers commit the same', text });
  }
}

const tell = (bytes: Buffer): string => canonical(decodeEntry(bytes));
