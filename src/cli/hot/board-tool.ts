/**
 * What `zkt hot` and `zkt watches` share: options, and the way from samples, live or recorded, to reports.
 */
import type { Command } from 'commander';
import type { ExitCode } from '../../base/errors.ts';
import type { FilterText } from '../../events/filter.ts';
import type { ZktEvent } from '../../events/table.ts';
import { observeEnsemble } from '../../inspect/observe/observe-ensemble.ts';
import { systemTimers } from '../../platform/timers.ts';
import { Printer } from '../output/printer.ts';
import { type JsonObject, ListReport } from '../output/report.ts';
import { type PrintedColumn, tableLines } from '../output/table-lines.ts';
import { durationMs } from '../parse/duration.ts';
import type { OutputFormat } from '../settings/global-options.ts';
import { type ObserverFlags, observerSettings } from '../settings/observer-options.ts';
import { OBSERVER_PORTS } from '../settings/observer-ports.ts';
import { settle, wholeNumber } from '../settings/settings.ts';
import { toolGlobals } from '../settings/tool-options.ts';
import type { ToolContext } from '../tool.ts';
import { listen } from './listening.ts';
import { takeRecording } from './replaying.ts';

/** What commander makes of `boardOptions`, and of those that say whom to listen to. */
export interface BoardFlags extends ObserverFlags {
  readonly limit?: string;
  readonly for: string;
  readonly watch?: boolean;
  readonly replay?: string;
}

/** Rows that are gathered from events. */
export interface Board<R> {
  /** The field that holds the rows in JSON. */
  readonly name: string;
  /** The events it is made of. */
  readonly filter: FilterText;
  take(event: ZktEvent): void;
  /** What is known now, after listening for `everyMs` (or for as long as a recording has). */
  report(everyMs: number): BoardReport<R>;
}

/** What is printed of a board. */
export interface BoardReport<R> {
  /** All there are, those to be printed first at the beginning. */
  readonly rows: readonly R[];
  readonly columns: readonly PrintedColumn<R>[];
  rowJson(row: R): JsonObject;
  /** Whether people are to notice the row. */
  marked?(row: R): boolean;
  /** Further fields of the JSON object. */
  readonly wholeJson: JsonObject;
  /** Prints what stands below the table. */
  below(out: Printer): void;
}

const FOR_DEFAULT = '3s';
const LIMIT_DEFAULT = 20;

/** Adds the options that such tools share, but those of `observerOptions`. */
export const boardOptions = (command: Command): Command =>
  command
    .option('--limit <n>', `print so many (default: ${LIMIT_DEFAULT})`)
    .option('--for <time>', 'listen for so long', FOR_DEFAULT)
    .option('--watch', 'print again after that time, until interrupted')
    .option('--replay <file>', 'of a recording (or a directory of them) and not of live servers');

/** Listens or replays, and reports. Answers the exit code; throws what `listen` and `takeRecording` throw. */
export async function runBoard<R>(
  board: Board<R>,
  flags: BoardFlags,
  { io, globals }: ToolContext,
): Promise<ExitCode> {
  const { servers, timeoutMs, token } = observerSettings(flags, globals, io.env);
  const { output } = settle(toolGlobals(flags, globals), io.env);
  const everyMs = durationMs(flags.for, '--for');
  const limit = flags.limit === undefined ? LIMIT_DEFAULT : wholeNumber(flags.limit, '--limit');
  const goesOn = flags.watch === true;
  const { filter } = board;
  const take = (event: ZktEvent): void => board.take(event);
  const report = () => print(new Printer(io.stdout), output, board.name, board.report(everyMs), limit);
  if (flags.replay !== undefined) {
    const live = goesOn || flags.servers !== undefined;
    const code = takeRecording(io, flags.replay, { filter, live, take });
    await report();
    return code;
  }
  const source = observeEnsemble(OBSERVER_PORTS, { servers, timeoutMs, token, filter });
  return await listen(io, { source, servers, everyMs, timers: systemTimers, goesOn, take, report });
}

async function print<R>(
  out: Printer,
  output: OutputFormat,
  name: string,
  report: BoardReport<R>,
  limit: number,
): Promise<void> {
  const rows = report.rows.slice(0, limit);
  const list = new ListReport(out, output, name);
  const people = output === 'table' || output === 'raw';
  // Whoever reads it from a pipe gets it whole.
  const room = out.stream.isTTY ? out.stream.columns : undefined;
  const [head = '', ...lines] = tableLines(report.columns, rows, room);
  if (people) out.line({ text: head, style: 'bold' });
  for (const [i, row] of rows.entries()) {
    const text = lines[i] ?? '';
    await list.add(
      () => report.rowJson(row),
      () => out.line(report.marked?.(row) === true ? { text, style: 'yellow' } : text),
    );
  }
  list.end(report.wholeJson);
  if (!people) return;
  out.line();
  report.below(out);
}
