/** `zkt hot`: what an ensemble is asked for most, and whether sessions come and go in a storm. */
import { type Command, Option } from 'commander';
import type { ZktEvent } from '../../events/table.ts';
import { bytesText, countText, shareText } from '../../formatters/quantity-text.ts';
import { StormBoard, stormText } from '../../inspect/hot/storm-board.ts';
import {
  USE_KINDS,
  UseBoard,
  type UseKind,
  type UseMeasure,
  type UseRow,
} from '../../inspect/hot/use-board.ts';
import { SECONDS_KEPT } from '../../inspect/hot/use-sums.ts';
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

const FILTER = { names: 'hot.sampled,server.sampled' };

const HELP = `
Examples:
  zkt hot                               the paths that are asked for most, over all servers, in 3 seconds
  zkt hot --by client --sort bytes      clients, by the bytes they move
  zkt hot --by op --for 30s             operations, over half a minute
  zkt hot --watch                       again every 3 seconds, until Ctrl-C
  zkt hot --replay incident.zktrec      what was used most while that was recorded
  zkt hot -o json | jq '.hot[0].key, .sessions.storms'

A busy server looks at one of several requests: counts are then estimates. Each server tells of its 20 most
used. BYTES are those of requests, and of answers that need not wait. A storm: more sessions come, come back
or expire in a second than a healthy ensemble would see.

Ends with 0, with 3 when nobody answers. Servers of Apache tell only trees below the root, connections,
and reads and writes as a whole: - is what they do not tell.`;

const SORTS: Readonly<Record<string, UseMeasure>> = { rate: 'count', bytes: 'bytes', writes: 'writes' };
const TITLES: Readonly<Record<UseKind, string>> = {
  path: 'PATH',
  client: 'CLIENT',
  session: 'SESSION',
  op: 'OPERATION',
};
const FOR_DEFAULT = '3s';
const LIMIT_DEFAULT = 20;

interface HotFlags extends ObserverFlags {
  readonly by: UseKind;
  readonly sort: string;
  readonly limit?: string;
  readonly for: string;
  readonly watch?: boolean;
  readonly replay?: string;
}

/** See `ToolModule`. */
export function build(command: Command, context: ToolContext): void {
  toolHelp(command, HELP, context.brief === true);
  observerOptions(command)
    .description('Print what an ensemble is asked for most.')
    .addOption(new Option('--by <kind>', 'of what').choices([...USE_KINDS]).default('path'))
    .addOption(new Option('--sort <measure>', 'by what').choices(Object.keys(SORTS)).default('rate'))
    .option('--limit <n>', `print so many (default: ${LIMIT_DEFAULT})`)
    .option('--for <time>', 'listen for so long', FOR_DEFAULT)
    .option('--watch', 'print again after that time, until interrupted')
    .option('--replay <file>', 'of a recording (or a directory of them) and not of live servers')
    .action(async (flags: HotFlags) => {
      context.exit(await hot(flags, context));
    });
}

async function hot(flags: HotFlags, context: ToolContext) {
  const { io, globals } = context;
  const { servers, timeoutMs, token } = observerSettings(flags, globals, io.env);
  const { output } = settle(toolGlobals(flags, globals), io.env);
  const everyMs = durationMs(flags.for, '--for');
  const limit = flags.limit === undefined ? LIMIT_DEFAULT : wholeNumber(flags.limit, '--limit');
  const uses = new UseBoard();
  const storms = new StormBoard();
  const take = (event: ZktEvent): void => {
    uses.take(event);
    storms.take(event);
  };
  const tell = () => report(new Printer(io.stdout), output, { uses, storms, flags, limit, everyMs });
  if (flags.replay !== undefined) {
    const live = flags.watch === true || flags.servers !== undefined;
    const code = takeRecording(io, flags.replay, { filter: FILTER, live, take });
    await tell();
    return code;
  }
  const source = observeEnsemble(OBSERVER_PORTS, { servers, timeoutMs, token, filter: FILTER });
  const goesOn = flags.watch === true;
  return listen(io, { source, servers, everyMs, timers: systemTimers, goesOn, take, report: tell });
}

interface Picture {
  readonly uses: UseBoard;
  readonly storms: StormBoard;
  readonly flags: Pick<HotFlags, 'by' | 'sort' | 'watch' | 'replay'>;
  readonly limit: number;
  readonly everyMs: number;
}

async function report(out: Printer, output: 'table' | 'json' | 'ndjson' | 'raw', picture: Picture) {
  const { uses, flags, limit, everyMs } = picture;
  // The last of what was listened to: at the beginning some servers were not found yet.
  const asked = Math.max(1, Math.round(everyMs / 1000));
  const seconds = asked < SECONDS_KEPT && flags.replay === undefined ? asked : 'all';
  const rows = uses.rows(flags.by, SORTS[flags.sort] ?? 'count', seconds).slice(0, limit);
  const list = new ListReport(out, output, 'hot');
  const people = output === 'table' || output === 'raw';
  const [head = '', ...lines] = tableLines(columnsFor(flags.by), rows);
  if (people) out.line({ text: head, style: 'bold' });
  for (const [i, row] of rows.entries()) {
    await list.add(
      () => rowJson(row),
      () => out.line(lines[i] ?? ''),
    );
  }
  list.end(wholeJson(picture, seconds));
  if (people) summary(out, picture, seconds);
}

const columnsFor = (kind: UseKind): PrintedColumn<UseRow>[] => [
  { title: TITLES[kind], text: ({ key }) => key },
  { title: 'REQ/S', right: true, text: ({ use }) => countText(use.count) },
  { title: 'WRITES/S', right: true, text: ({ use }) => countText(use.writes) },
  { title: 'BYTES/S', right: true, text: ({ use }) => bytesText(use.bytes) },
  { title: 'SHARE', right: true, text: ({ share }) => shareText(share) },
  { title: 'SERVERS', text: ({ nodes }) => nodes.map(({ node }) => node).join(',') },
];

const tenth = (value: number): number => Math.round(value * 10) / 10;
/** Null for what no server tells. */
const known = (value: number): number | null => (value < 0 ? null : tenth(value));

const rowJson = ({ kind, key, use, share, nodes }: UseRow): JsonObject => ({
  ...{ kind, key },
  requestsPerS: tenth(use.count),
  writesPerS: known(use.writes),
  bytesPerS: known(use.bytes),
  share: Math.round(share * 10_000) / 10_000,
  servers: nodes.map(({ node, perS }) => ({ node, requestsPerS: tenth(perS) })),
});

const spanOf = (uses: UseBoard, seconds: number | 'all'): number =>
  seconds === 'all' ? uses.spanSeconds : Math.min(seconds, uses.spanSeconds);

function wholeJson({ uses, storms, flags }: Picture, seconds: number | 'all'): JsonObject {
  const { count, writes, bytes } = uses.total(seconds);
  const { created, resumed, expired, sessions } = storms.now();
  const blowing = storms.storms(flags.watch === true ? undefined : storms.peak());
  return {
    seconds: spanOf(uses, seconds),
    requestsPerS: tenth(count),
    writesPerS: known(writes),
    bytesPerS: known(bytes),
    sessions: {
      count: known(sessions),
      createdPerS: known(created),
      resumedPerS: known(resumed),
      expiredPerS: known(expired),
      storms: blowing.map(({ kind, perS }) => ({ kind, perS: tenth(perS) })),
    },
  };
}

function summary(out: Printer, { uses, storms, flags }: Picture, seconds: number | 'all'): void {
  out.line();
  if (!uses.told) out.line('No server has told what it is asked for.');
  else {
    const { count, writes, bytes } = uses.total(seconds);
    const moved = bytes < 0 ? '' : `, ${bytesText(bytes)}/s`;
    const span = spanOf(uses, seconds);
    out.line(`${countText(count)} requests/s, ${countText(writes)} of them writes${moved}, over ${span} s.`);
  }
  const { created, resumed, expired, sessions } = storms.now();
  if (sessions >= 0) {
    const rates = `${countText(created)} new, ${countText(resumed)} back, ${countText(expired)} expired a second`;
    out.line(`${sessions} session${sessions === 1 ? '' : 's'}: ${rates}.`);
  }
  for (const storm of storms.storms(flags.watch === true ? undefined : storms.peak())) {
    out.line({ text: `There is ${stormText(storm)}.`, style: 'red' });
  }
}
