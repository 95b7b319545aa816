/**
 * `zkt status`: how an ensemble is, server by server and as a whole; by what servers say to four-letter
 * words.
 */
import type { Command } from 'commander';
import { EXIT } from '../../base/errors.ts';
import { parseServerList } from '../../client/connect-string.ts';
import { spanText } from '../../formatters/quantity-text.ts';
import type { EnsembleStatus, ServerStatus } from '../../inspect/ensemble/judge.ts';
import { survey } from '../../inspect/ensemble/survey.ts';
import { systemNet } from '../../platform/net.ts';
import { systemTimers } from '../../platform/timers.ts';
import { Printer } from '../output/printer.ts';
import { ListReport } from '../output/report.ts';
import { settle } from '../settings/settings.ts';
import { toolHelp } from '../settings/tool-help.ts';
import { type ServerFlags, serverOptions, toolGlobals } from '../settings/tool-options.ts';
import type { ToolContext } from '../tool.ts';

const PORTS = { net: systemNet, timers: systemTimers };
/** A server that says nothing for so long is not well; `--timeout` waits longer. */
const TIMEOUT_MS = 3_000;

const HELP = `
Examples:
  zkt status                            the ensemble that the server on 127.0.0.1:2181 belongs to
  zkt status -s zk1:2181,zk2:2181       of these servers, and of those they name
  zkt status -o json | jq '.healthy, .problems, .servers[].problem'

One server that serves is enough: the others are found in its configuration, where that tells their client
ports.
LAG: transactions that the leader had, and a server still had not half a second later.

Ends with 0 when all is well, with 8 when not (no leader, a voter missing, one that lags), with 3 when nobody
answers. Servers answer srvr unless their 4lw.commands.whitelist forbids it; with conf and mntr they tell more.`;

/** See `ToolModule`. */
export function build(command: Command, context: ToolContext): void {
  toolHelp(command, HELP, context.brief === true);
  serverOptions(command)
    .description('Print how an ensemble is, server by server.')
    .action((flags: ServerFlags) => status(flags, context));
}

async function status(flags: ServerFlags, context: ToolContext): Promise<void> {
  const { io } = context;
  const settings = settle(toolGlobals(flags, context.globals), io.env);
  const { servers } = parseServerList(settings.servers);
  const timeoutMs = settings.timeoutGiven ? settings.timeoutMs : TIMEOUT_MS;
  const whole = await survey(PORTS, { servers, timeoutMs, auth: settings.auth });
  const out = new Printer(io.stdout);
  const report = new ListReport(out, settings.output, 'servers');
  const [head = '', ...rows] = table(whole.servers);
  const forPeople = settings.output === 'table' || settings.output === 'raw';
  if (forPeople) out.line({ text: head, style: 'bold' });
  for (const [i, each] of whole.servers.entries()) {
    await report.add(
      () => ({ ...each }),
      () => out.line(each.problem === undefined ? (rows[i] ?? '') : { text: rows[i] ?? '', style: 'red' }),
    );
  }
  const { servers: _rows, reached: _reached, alone: _alone, ...more } = whole;
  report.end(more);
  if (forPeople && !whole.alone) verdict(out, whole);
  if (!whole.reached) context.exit(EXIT.noConnection);
  else if (!whole.healthy) context.exit(EXIT.unhealthy);
}

function verdict(out: Printer, whole: EnsembleStatus): void {
  const { healthy, problems, leader, epoch, voters, observers } = whole;
  if (leader === undefined && problems.length === 0) return;
  const serve = ({ serving, total }: EnsembleStatus['voters'], what: string): string => {
    if (total !== undefined) return `${serving} of ${total} ${what}s serve`;
    return serving === 1 ? `1 ${what} serves` : `${serving} ${what}s serve`;
  };
  const parts = [
    ...problems,
    ...(leader === undefined
      ? []
      : [`${leader} leads${epoch === undefined ? '' : ` in epoch ${epoch}`}`, serve(voters, 'voter')]),
    ...(observers.serving + (observers.total ?? 0) === 0 ? [] : [serve(observers, 'observer')]),
  ];
  out.line();
  out.line(
    { text: healthy ? 'Healthy: ' : 'Not healthy: ', style: healthy ? 'green' : 'red' },
    `${parts.join('; ')}.`,
  );
  if (leader === undefined && whole.reached && whole.configVersion === undefined) {
    out.line('A server that does not serve does not name the others: those not listed can be named with -s.');
  }
}

const COLUMNS: readonly (readonly [string, (s: ServerStatus) => string | number | undefined])[] = [
  ['ID', (s) => s.id],
  ['SERVER', (s) => s.server],
  ['MODE', (s) => s.mode],
  ['EPOCH', (s) => s.epoch],
  ['ZXID', (s) => s.zxid],
  ['LAG', (s) => s.lag],
  ['CONNS', (s) => s.connections],
  ['QUEUED', (s) => s.outstanding],
  ['LATENCY', (s) => s.latency?.replace(/(\.\d)\d+/g, '$1')],
  ['NODES', (s) => s.nodes],
  ['WATCHES', (s) => s.watches],
  ['UPTIME', (s) => (s.uptimeMs === undefined ? undefined : spanText(s.uptimeMs))],
  ['VERSION', (s) => s.version],
];
/** Columns that are there whatever is wrong with a server. */
const ALWAYS = 2;

/**
 * Lines of a table, the head first. What is wrong stands at the end, or instead of columns where there are
 * none.
 */
function table(all: readonly ServerStatus[]): string[] {
  const cells = all.map((each) => COLUMNS.map(([, value]) => String(value(each) ?? '-')));
  const widths = COLUMNS.map(([head], i) => {
    const shown = cells.filter((_, row) => i < ALWAYS || all[row]?.mode !== undefined);
    return Math.max(head.length, ...shown.map((row) => (row[i] ?? '').length));
  });
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  const rows = cells.map((row, i) => {
    const { mode, problem } = all[i] as ServerStatus;
    if (mode === undefined) return line([...row.slice(0, ALWAYS), problem ?? 'not asked']);
    return problem === undefined ? line(row) : `${line(row)}  ${problem}`;
  });
  return [line(COLUMNS.map(([head]) => head)), ...rows];
}
