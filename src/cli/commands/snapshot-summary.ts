/**
 * `zkt snapshot summary`: how many nodes and bytes are below each node, as Apache's SnapshotRecursiveSummary
 * (3.9).
 */
import { EXIT, type ExitCode, ZktError } from '../../base/errors.ts';
import { escapeJson } from '../../formatters/escape.ts';
import { javaHashOrder, javaStringHash } from '../../formatters/java-hash-order.ts';
import { layersOf, type Subtree } from '../../inspect/snapshot-compare.ts';
import type { SnapshotNode } from '../../inspect/snapshot-tree.ts';
import type { Io } from '../io.ts';
import { BulkWriter } from '../output/bulk-writer.ts';
import { JSON_VERSION } from '../output/report.ts';
import type { OutputFormat } from '../settings/global-options.ts';
import { load, type SnapshotPorts } from './snapshot-dump.ts';

/** What to sum up. */
export interface SnapshotSummaryOptions {
  /** A snapshot, or a directory: its newest. */
  readonly target: string;
  /** The node to begin with. */
  readonly path: string;
  /** Levels below it that are told; 0 for all. */
  readonly depth: number;
  readonly format: OutputFormat;
}

/** Buckets Java's table of children begins with. */
const CHILD_BUCKETS = 8;

/** Sums up; the exit code: 7 when the file is damaged. Throws `ZKT_FILE`, also when there is no such node. */
export async function run(options: SnapshotSummaryOptions, io: Io, ports: SnapshotPorts): Promise<ExitCode> {
  const tree = load(options.target, false, io, ports);
  const start = tree.byPath.get(options.path === '/' ? '' : options.path);
  if (start === undefined) {
    throw new ZktError('ZKT_FILE', {
      file: tree.file,
      what: `find ${options.path} in`,
      why: 'there is no such node',
    });
  }
  const { byPath } = layersOf(tree);
  const out = new BulkWriter(io);
  const table = options.format === 'table' || options.format === 'raw';
  const whole = options.format === 'json';
  let first = true;
  if (whole) out.line(`{"v":${JSON_VERSION},"file":${JSON.stringify(tree.file)},"nodes":[`);
  for (const { node, level } of walk(start, options.depth)) {
    const sum = byPath.get(node.path) as Subtree;
    const path = node.path === '' ? '/' : node.path;
    let text: string;
    if (table) {
      const lead = '--'.repeat(level);
      text = `${lead} ${path}\n${lead}   children: ${sum.descendants}\n${lead}   data: ${sum.bytes}`;
    } else {
      const value = { path, level, descendants: sum.descendants, bytes: sum.bytes };
      text = escapeJson(JSON.stringify(whole ? value : { v: JSON_VERSION, ...value }));
      if (whole && !first) text = `,${text}`;
    }
    first = false;
    if (!out.line(text)) continue;
    await out.flush();
    if (out.stopped) break;
  }
  // Apache's tool prints an empty line at the end.
  if (table) out.line('');
  if (whole) out.line(']}');
  await out.flush();
  if (io.stop.aborted && !io.stdout.broken) return EXIT.interrupted;
  return tree.error === undefined ? EXIT.ok : EXIT.corrupt;
}

/** Nodes that have children, down to the depth wanted, in the order of Apache's tool. */
function* walk(start: SnapshotNode, depth: number): Generator<{ node: SnapshotNode; level: number }> {
  const stack = [{ node: start, level: 0 }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { node, level } = next;
    if (node.children.length === 0 || (depth > 0 && level > depth)) continue;
    yield next;
    const children = javaHashOrder(node.children, (child) => javaStringHash(child.name), CHILD_BUCKETS);
    for (const child of children.reverse()) stack.push({ node: child, level: level + 1 });
  }
}
