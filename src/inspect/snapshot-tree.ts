/**
 * A snapshot taken into memory for looking at: nodes in the file's order, who is whose child, sessions, ACLs.
 */
import { reasonOf, ZktError } from '../base/errors.ts';
import { JuteReader } from '../jute/reader.ts';
import type { Compression } from '../ports/compression.ts';
import type { Disk } from '../ports/disk.ts';
import type { Acl } from '../protocol/acl.ts';
import { STAT_PERSISTED_BYTES, StatPersisted } from '../protocol/stat.ts';
import type { SnapshotName } from '../storage/data-dir.ts';
import { openSnapshot } from '../storage/snapshot-bytes.ts';
import { decodeSnapshot, type SnapshotSummary } from '../storage/snapshot-decoder.ts';

/** One node. The root's path is ''. */
export interface SnapshotNode {
  readonly path: string;
  /** The last component of the path; '' for the root. */
  readonly name: string;
  /** Undefined when data was not asked for. */
  readonly data: Buffer | null | undefined;
  /** Bytes of data; 0 for null. */
  readonly dataLength: number;
  readonly aclKey: bigint;
  /** The encoded `StatPersisted`. */
  readonly stat: Buffer;
  /** In the order of the file. */
  children: SnapshotNode[];
}

/** A snapshot in memory. After damage, everything before it. */
export interface SnapshotTree {
  readonly file: string;
  /** In the order of the file: a parent before its children. */
  readonly nodes: readonly SnapshotNode[];
  readonly root: SnapshotNode | undefined;
  readonly byPath: ReadonlyMap<string, SnapshotNode>;
  readonly sessions: readonly { readonly id: bigint; readonly timeoutMs: number }[];
  readonly acls: ReadonlyMap<bigint, readonly Acl[] | null>;
  /** Nodes without a parent in the file. */
  readonly orphans: number;
  /** Present when the file was read to its end and all seals were right. */
  readonly summary: SnapshotSummary | undefined;
  /** What was wrong. */
  readonly error: ZktError | undefined;
}

/** How to load. */
export interface SnapshotLoadOptions {
  /** Keep the data of the nodes, and not just its length. */
  readonly data: boolean;
  /** Told now and then how much of the file has been read (0 to 1), and the nodes so far. */
  readonly progress?: (fraction: number, nodes: number) => void;
}

const PROGRESS_EVERY = 8192;

/** The decoded stat of a node. */
export const statOf = (node: SnapshotNode): StatPersisted => StatPersisted.read(new JuteReader(node.stat));

/** Loads a snapshot as far as it can be read. Throws `ZKT_FILE` when it cannot be opened. */
export function loadSnapshot(
  ports: { readonly disk: Disk; readonly compression: Compression },
  name: SnapshotName,
  options: SnapshotLoadOptions,
): SnapshotTree {
  const nodes: SnapshotNode[] = [];
  const byPath = new Map<string, SnapshotNode>();
  const sessions: { id: bigint; timeoutMs: number }[] = [];
  const acls = new Map<bigint, readonly Acl[] | null>();
  let orphans = 0;
  const source = openChecked(ports, name);
  const sink = {
    session: (id: bigint, timeoutMs: number) => void sessions.push({ id, timeoutMs }),
    acl: (key: bigint, acl: Acl[] | null) => void acls.set(key, acl),
    node: (path: string, bytes: Buffer, start: number, length: number, aclKey: bigint, statStart: number) => {
      const slash = path.lastIndexOf('/');
      const data = dataOf(bytes, start, length, options.data);
      const stat = Buffer.from(bytes.subarray(statStart, statStart + STAT_PERSISTED_BYTES));
      const dataLength = Math.max(length, 0);
      const node: SnapshotNode = {
        path,
        name: path.slice(slash + 1),
        data,
        dataLength,
        aclKey,
        stat,
        children: [],
      };
      nodes.push(node);
      byPath.set(path, node);
      if (slash >= 0) {
        const parent = byPath.get(path.slice(0, slash));
        if (parent === undefined) orphans++;
        else parent.children.push(node);
      }
      if (nodes.length % PROGRESS_EVERY === 0) {
        options.progress?.(source.filePosition / Math.max(1, source.fileBytes), nodes.length);
      }
      return undefined;
    },
  };
  let summary: SnapshotSummary | undefined;
  let error: ZktError | undefined;
  try {
    summary = decodeSnapshot(name.path, source, sink);
  } catch (thrown) {
    if (!(thrown instanceof ZktError)) throw thrown;
    error = thrown;
  } finally {
    source.close();
  }
  return { file: name.path, nodes, root: byPath.get(''), byPath, sessions, acls, orphans, summary, error };
}

function dataOf(bytes: Buffer, start: number, length: number, keep: boolean): Buffer | null | undefined {
  if (!keep) return undefined;
  return length < 0 ? null : Buffer.from(bytes.subarray(start, start + length));
}

function openChecked(ports: { disk: Disk; compression: Compression }, name: SnapshotName) {
  try {
    return openSnapshot(ports.disk, name, ports.compression);
  } catch (cause) {
    throw new ZktError('ZKT_FILE', { file: name.path, what: 'read', why: reasonOf(cause) }, { cause });
  }
}
