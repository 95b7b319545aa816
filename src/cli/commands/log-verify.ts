/** `zkt log verify`: whether logs are whole, and whether a server would start on them. */
import { hex0x } from '../../base/brands.ts';
import { EXIT, type ExitCode, ZktError } from '../../base/errors.ts';
import { idJson } from '../../formatters/value-json.ts';
import { checkLog, type LogCheck } from '../../inspect/log-check.ts';
import { type StartVerdict, wouldStart } from '../../inspect/start-check.ts';
import { isDirectory, logsAt } from '../../inspect/targets.ts';
import type { Compression } from '../../ports/compression.ts';
import type { Disk } from '../../ports/disk.ts';
import type { Io } from '../io.ts';
import { Printer } from '../output/printer.ts';
import { ProgressBar } from '../output/progress-bar.ts';
import { ListReport } from '../output/report.ts';
import type { OutputFormat } from '../settings/global-options.ts';

/** What to check. */
export interface LogVerifyOptions {
  /** A log, or a directory with logs. */
  readonly target: string;
  /** Where the snapshots are, when not with the logs. */
  readonly snapshots?: string | undefined;
  readonly format: OutputFormat;
}

/** Checks; the exit code: 7 when anything is wrong. Throws `ZKT_FILE`. */
export async function run(
  options: LogVerifyOptions,
  io: Io,
  ports: { readonly disk: Disk; readonly compression: Compression },
): Promise<ExitCode> {
  const { disk } = ports;
  const out = new Printer(io.stdout);
  const bar = new ProgressBar(io.stderr);
  const report = new ListReport(out, options.format, 'logs');
  let bad = false;
  let before: bigint | undefined;
  for (const log of logsAt(disk, options.target)) {
    const check = checkLog(disk, log, before, (file, fraction, records) => {
      bar.show(file, fraction, `${records} transactions`);
      return !io.stop.aborted;
    });
    bar.clear();
    if (io.stop.aborted) return EXIT.interrupted;
    if (check.records > 0) before = check.lastZxid;
    bad ||= check.problems.length > 0;
    await report.add(
      () => checkJson(check),
      () => printCheck(out, check),
    );
  }
  const start = isDirectory(disk, options.target)
    ? wouldStart(ports, options.target, options.snapshots)
    : undefined;
  if (start !== undefined && options.format === 'table') printStart(out, start);
  if (start?.error instanceof ZktError) bad = true;
  report.end(start === undefined ? {} : { start: startJson(start) });
  return bad ? EXIT.corrupt : EXIT.ok;
}

const range = ({ records, firstZxid, lastZxid }: LogCheck): string =>
  records === 0 ? '' : `  ${hex0x(firstZxid)} to ${hex0x(lastZxid)}`;

function printCheck(out: Printer, check: LogCheck): void {
  const { file, records, usedBytes, size, problems, moreProblems } = check;
  const count = `${records} transaction${records === 1 ? '' : 's'}`;
  const padding =
    size > usedBytes && problems.length === 0 && records > 0 ? `  ${size - usedBytes} bytes padding` : '';
  const verdict =
    problems.length === 0
      ? { text: 'ok', style: 'green' as const }
      : { text: 'DAMAGED', style: 'red' as const };
  out.line(`${file}  ${count}${range(check)}  ${usedBytes} bytes${padding}  `, verdict);
  for (const { offset, text } of problems) out.line(`  byte ${offset}: ${text}`);
  if (moreProblems > 0) out.line(`  and ${moreProblems} more`);
}

const checkJson = (check: LogCheck): Record<string, unknown> => ({
  file: check.file,
  ok: check.problems.length === 0,
  size: check.size,
  usedBytes: check.usedBytes,
  records: check.records,
  firstZxid: check.records === 0 ? null : idJson(check.firstZxid),
  lastZxid: check.records === 0 ? null : idJson(check.lastZxid),
  end: check.end,
  problems: check.problems,
  moreProblems: check.moreProblems,
});

function printStart(out: Printer, start: StartVerdict): void {
  if (start.error !== undefined) {
    out.line({ text: `A server would not start on this: ${start.error.message}`, style: 'red' });
    return;
  }
  const { snapshot, replayed, lastZxid, skipped } = start.result;
  for (const { file, why } of skipped) out.line(`It would pass over ${file}: ${why}`);
  const from = snapshot === undefined ? 'an empty tree' : snapshot.path;
  out.line(`A server would start at zxid ${hex0x(lastZxid)}: ${from} and ${replayed} transactions.`);
}

const startJson = (start: StartVerdict): Record<string, unknown> =>
  start.error === undefined
    ? {
        ok: true,
        zxid: idJson(start.result.lastZxid),
        snapshot: start.result.snapshot?.path ?? null,
        replayed: start.result.replayed,
        skipped: start.result.skipped,
      }
    : { ok: false, code: start.error.code, message: start.error.message };
