/** `zkt snapshot verify`: whether snapshots are whole and make sense. */
import { hex0x, hex64 } from '../../base/brands.ts';
import { EXIT, type ExitCode } from '../../base/errors.ts';
import { idJson } from '../../formatters/value-json.ts';
import type { SnapshotTree } from '../../inspect/snapshot-tree.ts';
import { isDirectory, snapshotAt } from '../../inspect/targets.ts';
import { treeDigest } from '../../inspect/tree-digest.ts';
import { listSnapshots, versionDirOf } from '../../storage/data-dir.ts';
import { OPEN_ACL_KEY } from '../../storage/snapshot-format.ts';
import type { Io } from '../io.ts';
import { Printer } from '../output/printer.ts';
import { ListReport } from '../output/report.ts';
import type { OutputFormat } from '../settings/global-options.ts';
import { load, type SnapshotPorts } from './snapshot-dump.ts';

/** What to check. */
export interface SnapshotVerifyOptions {
  /** A snapshot, or a directory: all in it. */
  readonly target: string;
  readonly format: OutputFormat;
}

/** What was found in one file. */
interface Findings {
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/** Checks; the exit code: 7 when anything is wrong. Throws `ZKT_FILE`. */
export async function run(options: SnapshotVerifyOptions, io: Io, ports: SnapshotPorts): Promise<ExitCode> {
  const { disk } = ports;
  const out = new Printer(io.stdout);
  const report = new ListReport(out, options.format, 'snapshots');
  const all = isDirectory(disk, options.target)
    ? listSnapshots(disk, versionDirOf(disk, options.target)).reverse()
    : [];
  const targets = all.length > 0 ? all : [snapshotAt(disk, options.target)];
  let bad = false;
  for (const { path, zxid } of targets) {
    if (io.stop.aborted) return EXIT.interrupted;
    const tree = load(path, true, io, ports, true);
    const findings = check(tree, zxid);
    bad ||= findings.problems.length > 0;
    await report.add(
      () => jsonOf(tree, findings),
      () => print(out, tree, findings),
    );
  }
  report.end();
  return bad ? EXIT.corrupt : EXIT.ok;
}

function check(tree: SnapshotTree, nameZxid: bigint): Findings {
  const problems: string[] = [];
  const notes: string[] = [];
  if (tree.error !== undefined) problems.push(tree.error.message);
  if (tree.root === undefined) problems.push('there is no root');
  if (tree.orphans > 0) problems.push(`${tree.orphans} nodes have no parent`);
  if (tree.byPath.size < tree.nodes.length) {
    problems.push(`${tree.nodes.length - tree.byPath.size} nodes are there more than once`);
  }
  const missing = tree.nodes.filter((n) => n.aclKey !== OPEN_ACL_KEY && !tree.acls.has(n.aclKey)).length;
  if (missing > 0) problems.push(`${missing} nodes have an ACL that is not in the list`);
  const digest = tree.summary?.digest;
  if (digest !== undefined && digest.version === 2 && (digest.zxid !== 0n || digest.digest !== 0n)) {
    const actual = treeDigest(tree);
    if (actual === digest.digest)
      notes.push(`digest ${hex64(actual)} of zxid ${hex0x(digest.zxid)} is right`);
    else if (digest.zxid > nameZxid) {
      notes.push(
        `written while the tree changed: its digest is that of zxid ${hex0x(digest.zxid)}, behind the log`,
      );
    } else problems.push(`the digest is ${hex64(actual)}, the file says ${hex64(digest.digest)}`);
  }
  return { problems, notes };
}

function print(out: Printer, tree: SnapshotTree, { problems, notes }: Findings): void {
  const verdict =
    problems.length === 0
      ? { text: 'ok', style: 'green' as const }
      : { text: 'DAMAGED', style: 'red' as const };
  const { nodes, sessions, acls } = tree;
  out.line(`${tree.file}  ${nodes.length} nodes  ${sessions.length} sessions  ${acls.size} ACLs  `, verdict);
  for (const problem of problems) out.line(`  ${problem}`);
  for (const note of notes) out.line(`  ${note}`);
}

const jsonOf = (tree: SnapshotTree, { problems, notes }: Findings): Record<string, unknown> => ({
  file: tree.file,
  ok: problems.length === 0,
  nodes: tree.nodes.length,
  sessions: tree.sessions.length,
  acls: tree.acls.size,
  ...(tree.summary !== undefined && { bytes: tree.summary.bytes }),
  ...(tree.summary?.digest !== undefined && { digestZxid: idJson(tree.summary.digest.zxid) }),
  problems,
  notes,
});
