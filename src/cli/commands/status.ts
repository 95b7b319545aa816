/** `zkt status`: how servers are, by what they say to `srvr` and, where they may, `mntr`. */
import type { Command } from 'commander';
import { EXIT } from '../../base/errors.ts';
import { addressText, parseServerList, type ServerAddress } from '../../client/connect-string.ts';
import { systemNet } from '../../platform/net.ts';
import { systemTimers } from '../../platform/timers.ts';
import { explain } from '../explain.ts';
import { type AskPorts, askServer } from '../nodes/ask-server.ts';
import { Printer } from '../output/printer.ts';
import { ListReport } from '../output/report.ts';
import { settle } from '../settings/settings.ts';
import { type ServerFlags, serverOptions, toolGlobals } from '../settings/tool-options.ts';
import type { ToolContext } from '../tool.ts';

const PORTS = { net: systemNet, timers: systemTimers };

const HELP = `
Examples:
  zkt status                            the server on 127.0.0.1:2181
  zkt status -s zk1:2181,zk2:2181       two servers
  zkt status -o json | jq .servers      for a program

Ends with 0 when every server serves, with 8 when one does not, with 3 when none can be reached.
Servers answer srvr unless their 4lw.commands.whitelist forbids it; with mntr allowed they tell more.`;

/** See `ToolModule`. */
export function build(command: Command, context: ToolContext): void {
  serverOptions(command)
    .description('Print how every server of the list is.')
    .addHelpText('after', HELP)
    .action((flags: ServerFlags) => status(flags, context));
}

/** What is known of a server. */
export interface ServerStatus {
  readonly server: string;
  readonly version?: string;
  /** `standalone`, `leader`, `follower`, `observer`, `read-only`; undefined when it does not serve. */
  readonly mode?: string;
  readonly zxid?: string;
  readonly connections?: number;
  readonly outstanding?: number;
  readonly nodes?: number;
  /** `min/avg/max`, ms. */
  readonly latency?: string;
  /** Only from `mntr`. */
  readonly watches?: number;
  readonly ephemerals?: number;
  /** Why it is not well. */
  readonly problem?: string;
}

async function status(flags: ServerFlags, context: ToolContext): Promise<void> {
  const { io } = context;
  const settings = settle(toolGlobals(flags, context.globals), io.env);
  const { servers } = parseServerList(settings.servers);
  const all = await Promise.all(servers.map((server) => statusOf(PORTS, server, settings.timeoutMs)));
  const out = new Printer(io.stdout);
  const report = new ListReport(out, settings.output, 'servers');
  const rows = table(all);
  const head = rows.shift() ?? '';
  if (settings.output === 'table' || settings.output === 'raw') out.line({ text: head, style: 'bold' });
  for (const [i, each] of all.entries()) {
    await report.add(
      () => ({ ...each }),
      () => out.line(each.problem === undefined ? (rows[i] ?? '') : { text: rows[i] ?? '', style: 'red' }),
    );
  }
  report.end();
  if (all.every(({ version }) => version === undefined)) context.exit(EXIT.noConnection);
  else if (all.some(({ problem }) => problem !== undefined)) context.exit(EXIT.unhealthy);
}

/** Asks one server. Never rejects for what is wrong with the server: that is the answer. */
export async function statusOf(
  ports: AskPorts,
  server: ServerAddress,
  timeoutMs: number,
): Promise<ServerStatus> {
  const name = addressText(server);
  const ask = async (word: string) =>
    (await askServer(ports, server, Buffer.from(word), timeoutMs)).toString('utf8');
  try {
    const srvr = parseSrvr(await ask('srvr'));
    if ('problem' in srvr) return { server: name, ...srvr };
    const mntr = parseMntr(await ask('mntr').catch(() => ''));
    return { server: name, ...srvr, ...mntr };
  } catch (error) {
    const known = explain(error);
    if (known === undefined) throw error;
    return { server: name, problem: known.message };
  }
}

/** Reads the answer to `srvr`; see facts 11.1. */
export function parseSrvr(text: string): Omit<ServerStatus, 'server'> {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(': ');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 2));
  }
  const version = fields.get('Zookeeper version');
  const mode = fields.get('Mode');
  if (version === undefined || mode === undefined) {
    return { problem: text.trim().split('\n')[0]?.slice(0, 200) || 'it said nothing' };
  }
  const number = (name: string) => Number(fields.get(name) ?? Number.NaN);
  return {
    version: version.replace(/, built on.*/, ''),
    mode,
    zxid: fields.get('Zxid') ?? '',
    connections: number('Connections'),
    outstanding: number('Outstanding'),
    nodes: number('Node count'),
    latency: fields.get('Latency min/avg/max') ?? '',
  };
}

function parseMntr(text: string): Partial<ServerStatus> {
  const fields = new Map(text.split('\n').map((line) => line.split('\t') as [string, string]));
  const [watches, ephemerals] = [fields.get('zk_watch_count'), fields.get('zk_ephemerals_count')];
  return {
    ...(watches !== undefined && { watches: Number(watches) }),
    ...(ephemerals !== undefined && { ephemerals: Number(ephemerals) }),
  };
}

const COLUMNS: readonly (readonly [string, (s: ServerStatus) => string | number | undefined])[] = [
  ['SERVER', (s) => s.server],
  ['MODE', (s) => s.mode],
  ['VERSION', (s) => s.version],
  ['ZXID', (s) => s.zxid],
  ['NODES', (s) => s.nodes],
  ['CONNS', (s) => s.connections],
  ['QUEUED', (s) => s.outstanding],
  ['WATCHES', (s) => s.watches],
  ['LATENCY', (s) => s.latency],
];

/** Lines of a table, the head first. A server that is not well has its problem instead of columns. */
function table(all: readonly ServerStatus[]): string[] {
  const cells = all.map((each) => COLUMNS.map(([, value]) => String(value(each) ?? '-')));
  const widths = COLUMNS.map(([head], i) => {
    const shown = cells.filter((_, row) => i === 0 || all[row]?.problem === undefined);
    return Math.max(head.length, ...shown.map((row) => (row[i] ?? '').length));
  });
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  const rows = cells.map((row, i) => {
    const problem = all[i]?.problem;
    return problem === undefined ? line(row) : `${(row[0] ?? '').padEnd(widths[0] ?? 0)}  ${problem}`;
  });
  return [line(COLUMNS.map(([head]) => head)), ...rows];
}
