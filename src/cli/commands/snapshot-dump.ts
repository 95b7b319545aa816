/** `zkt snapshot dump`: every node and session, as Apache's SnapshotFormatter prints them, or as JSON. */
import { EXIT, type ExitCode } from '../../base/errors.ts';
import { escapeJson } from '../../formatters/escape.ts';
import { javaHashOrder, javaLongHash, javaStringHash } from '../../formatters/java-hash-order.ts';
import {
  lastZxidLines,
  ncduHead,
  ncduNode,
  nodeLines,
  nodesHeading,
  SESSIONS_HEADING,
  sessionLine,
} from '../../formatters/snapshot-text.ts';
import { aclJson, idJson, timeJson, type ValueForm, valueJson } from '../../formatters/value-json.ts';
import { loadSnapshot, type SnapshotNode, type SnapshotTree, statOf } from '../../inspect/snapshot-tree.ts';
import { baseName, snapshotAt } from '../../inspect/targets.ts';
import { isWithin } from '../../inspect/txn-filter.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Compression } from '../../ports/compression.ts';
import type { Disk } from '../../ports/disk.ts';
import { OPEN_ACL } from '../../protocol/acl.ts';
import { parseSnapshotName } from '../../storage/data-dir.ts';
import { OPEN_ACL_KEY } from '../../storage/snapshot-format.ts';
import type { Io } from '../io.ts';
import { BulkWriter } from '../output/bulk-writer.ts';
import { Printer } from '../output/printer.ts';
import { ProgressBar } from '../output/progress-bar.ts';
import { JSON_VERSION } from '../output/report.ts';
import type { OutputFormat } from '../settings/global-options.ts';

/** What to dump and how. */
export interface SnapshotDumpOptions {
  /** A snapshot, or a directory: its newest. */
  readonly target: string;
  readonly format: OutputFormat | 'ncdu';
  /** Text: data in base64 instead of its length. */
  readonly data: boolean;
  /** JSON: how data is written. */
  readonly values: ValueForm;
  /** Only this node and those below it. */
  readonly path: string | undefined;
  /** Only ephemerals of this session. */
  readonly session: bigint | undefined;
}

/** What the commands on snapshots need of the world. */
export interface SnapshotPorts {
  readonly disk: Disk;
  readonly compression: Compression;
  readonly clock: Clock;
}

/** Buckets Java's tables begin with: of children, and of sessions. */
const CHILD_BUCKETS = 8;
const SESSION_BUCKETS = 16;
const NCDU_FIRST_INODE = 1001;

/** Loads with a progress bar, and says on stderr what was wrong, unless the caller does. */
export function load(
  target: string,
  data: boolean,
  io: Io,
  ports: SnapshotPorts,
  quiet: boolean = false,
): SnapshotTree {
  const bar = new ProgressBar(io.stderr);
  const name = snapshotAt(ports.disk, target);
  const progress = (fraction: number, nodes: number): void => bar.show(name.path, fraction, `${nodes} nodes`);
  const tree = loadSnapshot(ports, name, { data, progress });
  bar.clear();
  if (quiet) return tree;
  const err = new Printer(io.stderr);
  if (tree.error !== undefined) {
    err.line(tree.error.message);
    err.line(`${tree.nodes.length} nodes and ${tree.sessions.length} sessions could be read before that.`);
  }
  if (tree.orphans > 0) err.line(`${tree.file}: ${tree.orphans} nodes have no parent`);
  return tree;
}

/** Dumps; the exit code: 7 when the file is damaged. Throws `ZKT_FILE`. */
export async function run(options: SnapshotDumpOptions, io: Io, ports: SnapshotPorts): Promise<ExitCode> {
  const keepData = options.data || options.format === 'json' || options.format === 'ndjson';
  const tree = load(options.target, keepData, io, ports);
  const out = new BulkWriter(io);
  // ncdu's format has no line break at its end.
  const add = options.format === 'ncdu' ? out.text.bind(out) : out.line.bind(out);
  for (const text of lines(tree, options, ports.clock)) {
    if (!add(text)) continue;
    await out.flush();
    if (out.stopped) break;
  }
  await out.flush();
  if (io.stop.aborted && !io.stdout.broken) return EXIT.interrupted;
  return tree.error === undefined && tree.orphans === 0 ? EXIT.ok : EXIT.corrupt;
}

function lines(tree: SnapshotTree, options: SnapshotDumpOptions, clock: Clock): Iterable<string> {
  if (options.format === 'ncdu') return [ncdu(tree, clock.wallMs())];
  if (options.format === 'json' || options.format === 'ndjson') return jsonLines(tree, options);
  return textLines(tree, options);
}

/** The nodes in the order of Apache's tool: by its hash tables, depth first. */
function* walk(root: SnapshotNode | undefined): Generator<SnapshotNode> {
  const stack = root === undefined ? [] : [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    yield node;
    const children = javaHashOrder(node.children, (child) => javaStringHash(child.name), CHILD_BUCKETS);
    for (let i = children.length - 1; i >= 0; i--) stack.push(children[i] as SnapshotNode);
  }
}

const chosen = (node: SnapshotNode, options: SnapshotDumpOptions): boolean =>
  (options.path === undefined || isWithin(node.path === '' ? '/' : node.path, options.path)) &&
  (options.session === undefined || statOf(node).ephemeralOwner === options.session);

function* textLines(tree: SnapshotTree, options: SnapshotDumpOptions): Generator<string> {
  let last = parseSnapshotName(baseName(tree.file))?.zxid ?? -1n;
  const ephemerals = new Map<bigint, number>();
  yield nodesHeading(tree.nodes.length);
  for (const node of walk(tree.root)) {
    const stat = statOf(node);
    for (const zxid of [stat.mzxid, stat.pzxid]) if (zxid > last) last = zxid;
    const owner = stat.ephemeralOwner;
    if (owner !== 0n) ephemerals.set(owner, (ephemerals.get(owner) ?? 0) + 1);
    if (chosen(node, options)) {
      yield nodeLines(node.path, stat, options.data ? (node.data ?? null) : node.dataLength);
    }
  }
  yield SESSIONS_HEADING;
  for (const { id, timeoutMs } of javaHashOrder(tree.sessions, (s) => javaLongHash(s.id), SESSION_BUCKETS)) {
    yield sessionLine(id, timeoutMs, ephemerals.get(id) ?? 0);
  }
  yield lastZxidLines(last);
}

/** One line: ncdu's format has no line break, and a node's children stand inside its array. */
function ncdu(tree: SnapshotTree, ms: number): string {
  const parts = [ncduHead(ms)];
  let inode = NCDU_FIRST_INODE;
  const open: number[] = [];
  for (const node of walk(tree.root)) {
    parts.push(',', node.children.length > 0 ? '[' : '');
    parts.push(ncduNode(node.path === '' ? '/' : node.name, node.dataLength, inode++));
    if (node.children.length > 0) {
      open.push(node.children.length);
      continue;
    }
    // A leaf ends its parent when it was the last child, and so on upwards.
    while (open.length > 0) {
      const left = (open.pop() as number) - 1;
      if (left > 0) {
        open.push(left);
        break;
      }
      parts.push(']');
    }
  }
  parts.push(']');
  return parts.join('');
}

function* jsonLines(tree: SnapshotTree, options: SnapshotDumpOptions): Generator<string> {
  const whole = options.format === 'json';
  let first = true;
  const line = (value: Record<string, unknown>): string => {
    const text = escapeJson(JSON.stringify(whole ? value : { v: JSON_VERSION, ...value }));
    const comma = whole && !first ? ',' : '';
    first = false;
    return comma + text;
  };
  const sessions = tree.sessions.map((s) => ({ kind: 'session', id: idJson(s.id), timeoutMs: s.timeoutMs }));
  if (whole)
    yield `{"v":${JSON_VERSION},"file":${JSON.stringify(tree.file)},"sessions":${JSON.stringify(sessions)},"nodes":[`;
  else for (const session of sessions) yield line(session);
  for (const node of tree.nodes) if (chosen(node, options)) yield line(nodeJson(tree, node, options.values));
  const end = endJson(tree);
  yield whole ? `],"end":${JSON.stringify(end)}}` : line({ kind: 'end', ...end });
}

function nodeJson(tree: SnapshotTree, node: SnapshotNode, form: ValueForm): Record<string, unknown> {
  const stat = statOf(node);
  const acl = node.aclKey === OPEN_ACL_KEY ? OPEN_ACL : tree.acls.get(node.aclKey);
  return {
    kind: 'node',
    path: node.path === '' ? '/' : node.path,
    data: valueJson(node.data ?? null, form),
    acl: acl === undefined ? { missing: String(node.aclKey) } : aclJson(acl),
    czxid: idJson(stat.czxid),
    mzxid: idJson(stat.mzxid),
    pzxid: idJson(stat.pzxid),
    ctime: timeJson(stat.ctime),
    mtime: timeJson(stat.mtime),
    version: stat.version,
    cversion: stat.cversion,
    aversion: stat.aversion,
    ephemeralOwner: idJson(stat.ephemeralOwner),
    dataLength: node.dataLength,
    numChildren: node.children.length,
  };
}

function endJson({ summary, error, nodes, sessions }: SnapshotTree): Record<string, unknown> {
  const counts = { nodes: nodes.length, sessions: sessions.length };
  if (summary === undefined) return { complete: false, ...counts, why: error?.message };
  const { digest, lastProcessedZxid, bytes } = summary;
  return {
    complete: true,
    ...counts,
    bytes,
    ...(digest !== undefined && {
      digest: { zxid: idJson(digest.zxid), version: digest.version, value: idJson(digest.digest) },
    }),
    ...(lastProcessedZxid !== undefined && { lastProcessedZxid: idJson(lastProcessedZxid) }),
  };
}
