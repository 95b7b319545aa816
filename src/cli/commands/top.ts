/** `zkt top`: the dashboard; without a terminal, or with `-b`, the same as text, round by round. */
import type { Command } from 'commander';
import { EXIT, type ExitCode, ZktError } from '../../base/errors.ts';
import { addressText } from '../../client/connect-string.ts';
import { Player } from '../../inspect/recording/player.ts';
import { systemClock } from '../../platform/clock.ts';
import { systemDisk } from '../../platform/disk.ts';
import { systemTimers } from '../../platform/timers.ts';
import { openRecording } from '../../storage/recording/open-recording.ts';
import { SPEED_MAX, SPEED_MIN } from '../../tui/app/open-top.ts';
import { liveSource } from '../dashboard/live-source.ts';
import {
  canShow,
  type DashboardOptions,
  openBoard,
  openDashboard,
  paneIndex,
  sayRecorded,
} from '../dashboard/open-dashboard.ts';
import { knowsUtf8 } from '../locale.ts';
import { momentIn } from '../parse/moment.ts';
import { type ObserverFlags, observerOptions, observerSettings } from '../settings/observer-options.ts';
import { wholeNumber } from '../settings/settings.ts';
import { toolHelp } from '../settings/tool-help.ts';
import type { ToolContext } from '../tool.ts';

const HELP = `
Examples:
  zkt top                                the ensemble that the server on 127.0.0.1:2181 belongs to
  zkt top -s zk1:2181 --pane election    begin with another pane
  zkt top --wall                         a board for a screen on the wall
  zkt top --record incident.zktrec       and keep everything that is told
  zkt top --replay incident.zktrec --from 50% --speed 4
  zkt top -b -n 1                        once, as text
  zkt top -o ndjson -d 5 | jq .problems  every 5 seconds, as JSON

Keys: ? lists them. Panes: ensemble, election, flow, sessions, hot, events. One server is enough: the others
are found. Servers of Apache are asked once a second; what they do not tell is said so.`;

const EVERY_S = 2;

interface TopFlags extends ObserverFlags {
  readonly wall?: boolean;
  readonly batch?: boolean;
  readonly count?: string;
  readonly delay?: string;
  readonly pane?: string;
  readonly filter?: string;
  readonly record?: string;
  readonly replay?: string;
  readonly from?: string;
  readonly speed?: string;
}

/** See `ToolModule`. */
export function build(command: Command, context: ToolContext): void {
  toolHelp(command, HELP, context.brief === true);
  observerOptions(command)
    .description('Show an ensemble as it lives.')
    .option('--pane <name>', 'the pane to begin with; with -b, the one to print')
    .option('--filter <text>', 'only items that contain the text')
    .option('--record <file>', 'record all events into the file, from the start on')
    .option('--wall', 'a board for a screen on the wall: charts, gauges, a log')
    .option('--replay <file>', 'show a recording instead: a file, a ring or a directory of them')
    .option('--from <time>', 'where to begin in it: 12:34:56, 90s, 5m, 50%')
    .option('--speed <x>', 'how fast to play it; default 1')
    .option('-b, --batch', 'print rounds of text; the default where there is no terminal')
    .option('-n, --count <n>', 'rounds to print; default without end')
    .option('-d, --delay <s>', 'seconds between rounds; default 2')
    .action(async (flags: TopFlags) => {
      context.exit(await top(flags, context));
    });
}

async function top(flags: TopFlags, context: ToolContext): Promise<ExitCode> {
  const { io, globals } = context;
  const from = sourceOf(flags, context);
  const format = flags.output ?? globals.output;
  const batch = flags.batch === true || format !== undefined || flags.count !== undefined || !canShow(io);
  if (!batch) {
    const { pane, filter, record } = flags;
    const end =
      flags.wall === true
        ? await openBoard(io, from)
        : await openDashboard(io, { from, pane, filter, recordFile: record });
    sayRecorded(end, io);
    return end.why === 'quit' ? EXIT.ok : EXIT.interrupted;
  }
  if (flags.wall === true) throw new ZktError('ZKT_USAGE', { why: '--wall is for a terminal' });
  if (flags.record !== undefined)
    throw new ZktError('ZKT_USAGE', { why: '--record is for a terminal; see zkt record' });
  const [{ runBatch }, { PANES }] = await Promise.all([
    import('../dashboard/batch.ts'),
    import('../../tui/panes/index.ts'),
  ]);
  const ids = PANES.map(({ id }) => id);
  return await runBatch(from, io, {
    panes: PANES,
    pane: paneIndex(ids, flags.pane),
    servers:
      flags.replay === undefined ? observerSettings(flags, globals, io.env).servers.map(addressText) : [],
    filter: flags.filter ?? '',
    format: format ?? 'table',
    rounds: roundsOf(flags.count, format),
    everyMs: 1000 * (flags.delay === undefined ? EVERY_S : secondsOf(flags.delay)),
    ascii: !knowsUtf8(io.env),
    clock: systemClock,
    timers: systemTimers,
  });
}

/** Live servers, or a recording. */
function sourceOf(flags: TopFlags, { io, globals }: ToolContext): DashboardOptions['from'] {
  if (flags.replay === undefined) {
    for (const option of ['from', 'speed'] as const)
      if (flags[option] !== undefined)
        throw new ZktError('ZKT_USAGE', { why: `--${option} is for --replay` });
    const { servers, timeoutMs, token } = observerSettings(flags, globals, io.env);
    return { source: liveSource({ servers, timeoutMs, token }) };
  }
  const recording = openRecording(systemDisk, flags.replay);
  const playback = new Player(recording);
  if (flags.speed !== undefined) playback.speed = speedOf(flags.speed);
  if (flags.from === undefined) return { playback };
  return { playback, fromMs: momentIn(flags.from, recording, '--from') };
}

function speedOf(text: string): number {
  const speed = /^\d{1,3}(\.\d{1,3})?x?$/.test(text) ? Number.parseFloat(text) : 0;
  if (speed >= SPEED_MIN && speed <= SPEED_MAX) return speed;
  throw new ZktError('ZKT_USAGE', { why: `--speed is from ${SPEED_MIN} to ${SPEED_MAX}, not ${text}` });
}

/** One JSON document has an end. */
const roundsOf = (count: string | undefined, format: string | undefined): number =>
  count === undefined ? (format === 'json' ? 1 : Number.POSITIVE_INFINITY) : wholeNumber(count, '--count');

function secondsOf(text: string): number {
  const value = /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (!(value >= 0.1)) throw new ZktError('ZKT_USAGE', { why: `--delay is seconds from 0.1, not ${text}` });
  return value;
}
