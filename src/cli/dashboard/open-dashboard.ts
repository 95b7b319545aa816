/**
 * Opens the dashboard on this process's terminal. React and Ink are loaded here, and with nothing else.
 */
import { ZktError } from '../../base/errors.ts';
import { systemClock } from '../../platform/clock.ts';
import { systemDisk } from '../../platform/disk.ts';
import { systemTerminal } from '../../platform/terminal.ts';
import { systemTimers } from '../../platform/timers.ts';
import { RecordingWriter } from '../../storage/recording/recording-writer.ts';
import type { TopEnd, TopOptions, TopRecorder } from '../../tui/app/top-options.ts';
import type { Io } from '../io.ts';
import { knowsUtf8 } from '../locale.ts';
import { Printer } from '../output/printer.ts';

/** What is shown, and how. */
export interface DashboardOptions {
  readonly from: TopOptions['from'];
  /** The id of the first pane; undefined for the first one. */
  readonly pane?: string | undefined;
  readonly filter?: string | undefined;
  /** Records into that file from the start on. */
  readonly recordFile?: string | undefined;
  /** Aborted: it ends. Default: `io.stop`. */
  readonly stop?: AbortSignal | undefined;
}

/** Whether a dashboard can be shown: a terminal on both sides that knows more than lines. */
export const canShow = (io: Io): boolean => io.stdin.isTTY && io.stdout.isTTY && io.env.TERM !== 'dumb';

/** Opens it; resolves when it has ended. Throws ZKT_USAGE for a pane that is none. */
export async function openDashboard(io: Io, options: DashboardOptions): Promise<TopEnd> {
  prepareEnvironment();
  const [{ openTop }, { InkCanvas }, { PANES }] = await Promise.all([
    import('../../tui/app/open-top.ts'),
    import('../../tui/app/ink-canvas.ts'),
    import('../../tui/panes/index.ts'),
  ]);
  return await openTop({
    panes: PANES,
    terminal: systemTerminal,
    canvas: (sink) => new InkCanvas(sink),
    clock: systemClock,
    timers: systemTimers,
    from: options.from,
    record: recorders(options.recordFile),
    recordNow: options.recordFile !== undefined,
    stop: options.stop ?? io.stop,
    ascii: !knowsUtf8(io.env),
    colour: io.stdout.colour,
    pane: paneIndex(
      PANES.map(({ id }) => id),
      options.pane,
    ),
    filter: options.filter ?? '',
  });
}

/** Opens the board on the wall; resolves when it has ended. Throws ZKT_UNSUPPORTED without its packages. */
export async function openBoard(io: Io, from: TopOptions['from']): Promise<TopEnd> {
  const [{ loadBoardKit }, { openWall }, { PANES }] = await Promise.all([
    import('../../tui/wall/board.ts'),
    import('../../tui/wall/open-wall.ts'),
    import('../../tui/panes/index.ts'),
  ]);
  const kit = await loadBoardKit();
  const world = { terminal: systemTerminal, clock: systemClock, timers: systemTimers };
  const panes = PANES.filter(({ id }) => id === 'ensemble');
  return { why: await openWall({ ...world, kit, panes, from, stop: io.stop }), recorded: [] };
}

/** Says what was recorded; for when the terminal is as it was. */
export function sayRecorded({ recorded }: TopEnd, io: Io): void {
  const err = new Printer(io.stderr);
  for (const { path, events, lost } of recorded)
    err.line(`recorded ${events} events in ${path}${lost === 0 ? '' : `; ${lost} were lost`}`);
}

/** The index of a pane by its id or its number; 0 for undefined. Throws ZKT_USAGE. */
export function paneIndex(ids: readonly string[], wanted: string | undefined): number {
  if (wanted === undefined) return 0;
  const index = /^[1-9]$/.test(wanted) ? Number(wanted) - 1 : ids.indexOf(wanted);
  if (index < 0 || index >= ids.length)
    throw new ZktError('ZKT_USAGE', { why: `--pane is one of ${ids.join(', ')}, not ${wanted}` });
  return index;
}

/**
 * React is several times slower unless told that this is no development of it, and Ink draws nothing where it
 * believes to run in a continuous integration: there is a terminal here, so somebody looks.
 */
function prepareEnvironment(): void {
  process.env.NODE_ENV ??= 'production';
  delete process.env.CI;
  delete process.env.CONTINUOUS_INTEGRATION;
  delete process.env.DEV;
  delete process.env.INK_SCREEN_READER;
}

/** Begins recordings: the first in the file that was named, others named after the time. */
function recorders(file: string | undefined): () => TopRecorder {
  let named = file;
  return () => {
    const stamp = new Date(systemClock.wallMs()).toISOString().replace(/[-:]/g, '').slice(0, 15);
    const writer = new RecordingWriter(systemDisk, named ?? `zkt-${stamp}Z.zktrec`);
    named = undefined;
    writer.begin();
    return writer;
  };
}
