/** `zkt events`: what happens in an ensemble, event by event, as lines of JSON. */
import type { Command } from 'commander';
import { EXIT, type ExitCode, ZktError } from '../../base/errors.ts';
import { addressText } from '../../client/connect-string.ts';
import { EventFilter } from '../../events/filter.ts';
import { observeEnsemble } from '../../inspect/observe/observe-ensemble.ts';
import { replayEvents } from '../../inspect/recording/replay-events.ts';
import { systemDisk } from '../../platform/disk.ts';
import { systemTimers } from '../../platform/timers.ts';
import { openRecording } from '../../storage/recording/open-recording.ts';
import { EventPrinter } from '../events/event-printer.ts';
import { ListeningSpan } from '../observing/listening-span.ts';
import { Printer } from '../output/printer.ts';
import { durationMs } from '../parse/duration.ts';
import { momentIn } from '../parse/moment.ts';
import {
  type FilterFlags,
  filterFrom,
  filterOptions,
  type ObserverFlags,
  observerOptions,
  observerSettings,
} from '../settings/observer-options.ts';
import { OBSERVER_PORTS } from '../settings/observer-ports.ts';
import { wholeNumber } from '../settings/settings.ts';
import { toolHelp } from '../settings/tool-help.ts';
import type { ToolContext } from '../tool.ts';

const HELP = `
Examples:
  zkt events                                    everything, of all servers, as lines of JSON
  zkt events -o table --level info              in words, without what happens with every request
  zkt events --names 'election.*,peer.*' --last 200
  zkt events --path /app --op setData,create2   those requests, through all their stages
  zkt events --session 0x1000a2b3c4d0001 | jq -c '[.time, .node, .name, .zxid]'
  zkt events --names request.replied --limit 100 --budget 50
  zkt events --replay incident.zktrec --from 12:34:56 --to 12:35:10 --level info -o table

Names, fields and levels: docs/events.md. A filter follows: a request whose arrival matched matches in all its
later stages. A server never waits for a listener: what one that is too slow was not sent is told as
feed.dropped. Servers of Apache tell no events; what can be asked of them comes as samples once a second.

Ends with Ctrl-C (130), after --limit or --for, or with 3 when no server answers.`;

interface EventsFlags extends ObserverFlags, FilterFlags {
  readonly last?: string;
  readonly budget?: string;
  readonly limit?: string;
  readonly for?: string;
  readonly replay?: string;
  readonly from?: string;
  readonly to?: string;
}

/** See `ToolModule`. */
export function build(command: Command, context: ToolContext): void {
  toolHelp(command, HELP, context.brief === true);
  filterOptions(observerOptions(command))
    .description('Print the events of an ensemble as they happen.')
    .option('--last <n>', 'begin with up to so many of before (per server, of what is not trace level)')
    .option('--budget <n>', 'at most so many trace-level events a second of each server, in bursts')
    .option('--limit <n>', 'end after so many events')
    .option('--for <time>', 'end after that time: 30s, 10m')
    .option('--replay <file>', 'the events of a recording (or a directory of them) and not of live servers')
    .option('--from <time>', 'where to begin in it: 12:34:56, an ISO time, 90s from its start, 50%')
    .option('--to <time>', 'and where to end')
    .action(async (flags: EventsFlags) => {
      context.exit(await (flags.replay === undefined ? live : replayed)(flags, context));
    });
}

async function live(flags: EventsFlags, context: ToolContext): Promise<ExitCode> {
  const { io, globals } = context;
  if (flags.from !== undefined || flags.to !== undefined)
    throw new ZktError('ZKT_USAGE', { why: '--from and --to are for --replay' });
  const filter = filterFrom(flags);
  const { servers, timeoutMs, token } = observerSettings(flags, globals, io.env);
  const source = observeEnsemble(OBSERVER_PORTS, {
    ...{ servers, timeoutMs, token, filter },
    last: whole(flags.last, '--last') ?? 0,
    budget: whole(flags.budget, '--budget'),
  });
  const forMs = flags.for === undefined ? undefined : durationMs(flags.for, '--for');
  const span = new ListeningSpan({
    ...{ source, forMs, timers: systemTimers, stop: io.stop },
    servers: servers.map(addressText),
  });
  const printer = printerOf(flags, context, new EventFilter(filter), () => span.end('full'));
  const why = await span.listen((event) => printer.take(event));
  await printer.end();
  if (why === 'nobody') throw span.nobody();
  return why === 'stopped' && !io.stdout.broken ? EXIT.interrupted : EXIT.ok;
}

const whole = (text: string | undefined, option: string): number | undefined =>
  text === undefined ? undefined : wholeNumber(text, option);

function printerOf(flags: EventsFlags, { io, globals }: ToolContext, filter: EventFilter, full: () => void) {
  const limit = whole(flags.limit, '--limit') ?? Number.POSITIVE_INFINITY;
  const format = (flags.output ?? globals.output) === 'table' ? 'table' : 'ndjson';
  return new EventPrinter(io, format, filter, limit, full);
}

/** Events between two looks at whether the reader keeps up. */
const REPLAY_PIECE = 2_000;

async function replayed(flags: EventsFlags, context: ToolContext): Promise<ExitCode> {
  const { io } = context;
  for (const option of ['last', 'budget', 'for', 'servers'] as const) {
    if (flags[option] === undefined) continue;
    throw new ZktError('ZKT_USAGE', { why: `--${option} is for live servers, not for --replay` });
  }
  const filter = filterFrom(flags);
  const recording = openRecording(systemDisk, flags.replay as string);
  const fromMs = flags.from === undefined ? undefined : momentIn(flags.from, recording, '--from');
  const toMs = flags.to === undefined ? undefined : momentIn(flags.to, recording, '--to');
  let full = false;
  const printer = printerOf(flags, context, new EventFilter(filter), () => {
    full = true;
  });
  let taken = 0;
  for (const event of replayEvents(recording, { fromMs, toMs, filter })) {
    printer.take(event);
    if (full) break;
    if (++taken % REPLAY_PIECE === 0) await printer.end();
    if (io.stop.aborted) break;
  }
  await printer.end();
  if (recording.fault !== undefined && !full) new Printer(io.stderr).line(`zkt: ${recording.fault}`);
  if (io.stop.aborted) return io.stdout.broken ? EXIT.ok : EXIT.interrupted;
  return recording.fault === undefined || full ? EXIT.ok : EXIT.corrupt;
}
