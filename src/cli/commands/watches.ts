/** `zkt watches`: who watches what, since when, and whether anything ever happened there. */
import { type Command, Option } from 'commander';
import type { ZktEvent } from '../../events/table.ts';
import { countText, spanText } from '../../formatters/quantity-text.ts';
import {
  WATCH_KINDS,
  WatchBoard,
  type WatchKind,
  type WatchOrder,
  type WatchRow,
} from '../../inspect/hot/watch-board.ts';
import { observeEnsemble } from '../../inspect/observe/observe-ensemble.ts';
import { systemTimers } from '../../platform/timers.ts';
import { listen } from '../hot/listening.ts';
import { takeRecording } from '../hot/replaying.ts';
import { Printer } from '../output/printer.ts';
import { type JsonObject, ListReport } from '../output/report.ts';
import { type PrintedColumn, tableLines } from '../output/table-lines.ts';
import { durationMs } from '../parse/duration.ts';
import { type ObserverFlags, observerOptions, observerSettings } from '../settings/observer-options.ts';
import { OBSERVER_PORTS } from '../settings/observer-ports.ts';
import { settle, wholeNumber } from '../settings/settings.ts';
import { toolHelp } from '../settings/tool-help.ts';
import { toolGlobals } from '../settings/tool-options.ts';
import type { ToolContext } from '../tool.ts';

const FILTER = { names: 'watch.sampled,server.sampled' };

const HELP = `
Examples:
  zkt watches                           the paths that are watched most, over all servers
  zkt watches --by client               the connections with the most watches
  zkt watches --by client --older 10m --never-fired
                                        those that may have been forgotten: old, and nothing ever happened
  zkt watches --growing --for 30s       those that became more in half a minute
  zkt watches --replay incident.zktrec  as it was at the end of that recording
  zkt watches -o json | jq '.watches[] | select(.neverFired > 1000)'

NEVER FIRED: watches at paths where no watch has fired. OLDEST: how long the oldest has stood. GROWTH: how
many more, or fewer, in a minute, from what was seen meanwhile. Each server tells of the 20 paths and 20
connections with the most watches.

Ends with 0, with 3 when nobody answers. Servers of Apache tell neither age nor what fired: -.`;

const ORDERS: readonly WatchOrder[] = ['watches', 'growth', 'age'];
const TITLES: Readonly<Record<WatchKind, string>> = { path: 'PATH', client: 'CLIENT' };
const FOR_DEFAULT = '3s';
const LIMIT_DEFAULT = 20;

interface WatchesFlags extends ObserverFlags {
  readonly by: WatchKind;
  readonly sort: WatchOrder;
  readonly older?: string;
  readonly neverFired?: boolean;
  readonly growing?: boolean;
  readonly limit?: string;
  readonly for: string;
  readonly watch?: boolean;
  readonly replay?: string;
}

/** See `ToolModule`. */
export function build(command: Command, context: ToolContext): void {
  toolHelp(command, HELP, context.brief === true);
  observerOptions(command)
    .description('Print who watches what in an ensemble.')
    .addOption(new Option('--by <kind>', 'of what').choices([...WATCH_KINDS]).default('path'))
    .addOption(new Option('--sort <order>', 'by what').choices([...ORDERS]).default('watches'))
    .option('--older <time>', 'only those whose oldest watch has stood for so long: 10m')
    .option('--never-fired', 'only those with watches where nothing ever fired')
    .option('--growing', 'only those that become more')
    .option('--limit <n>', `print so many (default: ${LIMIT_DEFAULT})`)
    .option('--for <time>', 'listen for so long', FOR_DEFAULT)
    .option('--watch', 'print again after that time, until interrupted')
    .option('--replay <file>', 'of a recording (or a directory of them) and not of live servers')
    .action(async (flags: WatchesFlags) => {
      context.exit(await watches(flags, context));
    });
}

async function watches(flags: WatchesFlags, context: ToolContext) {
  const { io, globals } = context;
  const { servers, timeoutMs, token } = observerSettings(flags, globals, io.env);
  const { output } = settle(toolGlobals(flags, globals), io.env);
  const everyMs = durationMs(flags.for, '--for');
  const limit = flags.limit === undefined ? LIMIT_DEFAULT : wholeNumber(flags.limit, '--limit');
  const wanted = wantedBy(flags);
  const board = new WatchBoard();
  const totals = new WatchTotals();
  const out = new Printer(io.stdout);
  const report = async (): Promise<void> => {
    const rows = board.rows(flags.by, flags.sort).filter(wanted).slice(0, limit);
    const list = new ListReport(out, output, 'watches');
    const people = output === 'table' || output === 'raw';
    const [head = '', ...lines] = tableLines(columnsFor(flags.by), rows);
    if (people) out.line({ text: head, style: 'bold' });
    for (const [i, row] of rows.entries()) {
      const text = lines[i] ?? '';
      const forgotten = row.neverFired === row.watches;
      await list.add(
        () => rowJson(row),
        () => out.line(forgotten ? { text, style: 'yellow' } : text),
      );
    }
    list.end({ total: totals.all });
    if (people) out.lines(['', totals.text]);
  };
  const take = (event: ZktEvent): void => {
    board.take(event);
    if (event.name === 'server.sampled') totals.told(event.node, event.fields.watches);
  };
  if (flags.replay !== undefined) {
    const live = flags.watch === true || flags.servers !== undefined;
    const code = takeRecording(io, flags.replay, { filter: FILTER, live, take });
    await report();
    return code;
  }
  const source = observeEnsemble(OBSERVER_PORTS, { servers, timeoutMs, token, filter: FILTER });
  const goesOn = flags.watch === true;
  return listen(io, { source, servers, everyMs, timers: systemTimers, goesOn, take, report });
}

/** Watches by server, as each counts them: a persistent one twice. */
class WatchTotals {
  private readonly nodes = new Map<string, number>();

  told(node: string, watches: number): void {
    if (watches >= 0) this.nodes.set(node, watches);
  }

  get all(): number {
    return [...this.nodes.values()].reduce((sum, watches) => sum + watches, 0);
  }

  get text(): string {
    const { size } = this.nodes;
    if (size === 0) return 'No server has told of its watches.';
    const { all } = this;
    return `${all} watch${all === 1 ? '' : 'es'} on ${size} server${size === 1 ? '' : 's'}.`;
  }
}

function wantedBy(flags: WatchesFlags): (row: WatchRow) => boolean {
  const olderMs = flags.older === undefined ? 0 : durationMs(flags.older, '--older');
  return (row) =>
    row.oldestMs >= olderMs &&
    (flags.neverFired !== true || row.neverFired > 0) &&
    (flags.growing !== true || row.growthPerMin > 0);
}

const columnsFor = (kind: WatchKind): PrintedColumn<WatchRow>[] => [
  { title: TITLES[kind], text: ({ key }) => key },
  { title: 'WATCHES', right: true, text: ({ watches }) => String(watches) },
  {
    title: 'NEVER FIRED',
    right: true,
    text: ({ neverFired }) => (neverFired < 0 ? '-' : String(neverFired)),
  },
  { title: 'OLDEST', right: true, text: ({ oldestMs }) => spanText(oldestMs) },
  { title: 'GROWTH/MIN', right: true, text: ({ growthPerMin }) => signedText(growthPerMin) },
  { title: 'SET/S', right: true, text: ({ added }) => countText(added) },
  { title: 'FIRED/S', right: true, text: ({ fired }) => countText(fired) },
  { title: 'SERVERS', text: ({ nodes }) => nodes.join(',') },
];

const signedText = (value: number): string => {
  const whole = Math.round(value);
  return whole === 0 ? '0' : `${whole < 0 ? '-' : '+'}${countText(Math.abs(whole))}`;
};

/** Null for what no server tells. */
const known = (value: number): number | null => (value < 0 ? null : value);

const rowJson = ({ kind, key, watches, nodes, ...row }: WatchRow): JsonObject => ({
  ...{ kind, key, watches },
  neverFired: known(row.neverFired),
  oldestMs: known(row.oldestMs),
  growthPerMin: Math.round(row.growthPerMin * 10) / 10,
  addedPerS: known(row.added),
  firedPerS: known(row.fired),
  servers: nodes,
});
