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
import { type Board, type BoardFlags, type BoardReport, boardOptions, runBoard } from '../hot/board-tool.ts';
import type { JsonObject } from '../output/report.ts';
import type { PrintedColumn } from '../output/table-lines.ts';
import { durationMs } from '../parse/duration.ts';
import { observerOptions } from '../settings/observer-options.ts';
import { toolHelp } from '../settings/tool-help.ts';
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

interface WatchesFlags extends BoardFlags {
  readonly by: WatchKind;
  readonly sort: WatchOrder;
  readonly older?: string;
  readonly neverFired?: boolean;
  readonly growing?: boolean;
}

/** See `ToolModule`. */
export function build(command: Command, context: ToolContext): void {
  toolHelp(command, HELP, context.brief === true);
  const options = observerOptions(command)
    .description('Print who watches what in an ensemble.')
    .addOption(new Option('--by <kind>', 'of what').choices([...WATCH_KINDS]).default('path'))
    .addOption(new Option('--sort <order>', 'by what').choices([...ORDERS]).default('watches'))
    .option('--older <time>', 'only those whose oldest watch has stood for so long: 10m')
    .option('--never-fired', 'only those with watches where nothing ever fired')
    .option('--growing', 'only those that become more');
  boardOptions(options).action(async (flags: WatchesFlags) => {
    context.exit(await runBoard(new ListedWatches(flags), flags, context));
  });
}

/** Who watches what, of those that were asked for. */
class ListedWatches implements Board<WatchRow> {
  readonly name = 'watches';
  readonly filter = FILTER;
  private readonly flags: WatchesFlags;
  private readonly wanted: (row: WatchRow) => boolean;
  private readonly board = new WatchBoard();
  private readonly totals = new WatchTotals();

  constructor(flags: WatchesFlags) {
    this.flags = flags;
    this.wanted = wantedBy(flags);
  }

  take(event: ZktEvent): void {
    this.board.take(event);
    if (event.name === 'server.sampled') this.totals.told(event.node, event.fields.watches);
  }

  report(): BoardReport<WatchRow> {
    const { by, sort } = this.flags;
    return {
      rows: this.board.rows(by, sort).filter(this.wanted),
      columns: columnsFor(by),
      rowJson,
      marked: ({ neverFired, watches }) => neverFired === watches,
      wholeJson: { total: this.totals.all },
      below: (out) => out.line(this.totals.text),
    };
  }
}

const NODES_MAX = 256;

/** Watches by server, as each counts them: a persistent one twice. */
class WatchTotals {
  private readonly nodes = new Map<string, number>();

  told(node: string, watches: number): void {
    if (watches < 0 || (this.nodes.size >= NODES_MAX && !this.nodes.has(node))) return;
    this.nodes.set(node, watches);
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
