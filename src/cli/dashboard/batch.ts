/** `zkt top` without a terminal: the same panes as plain text, or the model as JSON, round by round. */
import { EXIT, type ExitCode } from '../../base/errors.ts';
import type { ZktEvent } from '../../events/table.ts';
import type { EventSource } from '../../inspect/source.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Timers } from '../../ports/timers.ts';
import { plainLine } from '../../tui/app/paint.ts';
import type { Playback, TopOptions } from '../../tui/app/top-options.ts';
import { Model } from '../../tui/model.ts';
import type { Pane } from '../../tui/pane.ts';
import { summaryOf } from '../../tui/summary.ts';
import type { Io } from '../io.ts';
import { FirstAnswer } from '../observing/first-answer.ts';
import { Printer } from '../output/printer.ts';
import { ListReport } from '../output/report.ts';
import type { OutputFormat } from '../settings/global-options.ts';

/** What a batch run shows, and how often. */
export interface BatchOptions {
  readonly panes: readonly Pane<unknown>[];
  /** An index into `panes`. */
  readonly pane: number;
  /** `host:port` of the servers that live events begin with. */
  readonly servers: readonly string[];
  readonly filter: string;
  readonly format: OutputFormat;
  readonly rounds: number;
  readonly everyMs: number;
  readonly ascii: boolean;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** The first round waits for two samples of each server: rates are counted between them. */
const FIRST_MS = 2_500;
/** The width of a table that is not for a terminal. */
const COLUMNS = 200;
const LINES_MAX = 1_000;
/** Lines of the ensemble's table besides servers and what is wrong. */
const TABLE_LINES = 4;

/** Runs to the last round, or to `io.stop`. Throws ZKT_CONNECT when no server has answered by the first. */
export async function runBatch(from: TopOptions['from'], io: Io, options: BatchOptions): Promise<ExitCode> {
  return 'source' in from
    ? await watch(from.source, io, options)
    : await replay(from.playback, from.fromMs ?? from.playback.startMs, io, options);
}

/** Rounds of a recording, `everyMs` of its own time apart: no need to wait for them. The last is its end. */
async function replay(playback: Playback, fromMs: number, io: Io, options: BatchOptions): Promise<ExitCode> {
  const model = new Model(options.panes);
  const printer = new RoundPrinter(io, options);
  for (let round = 0; round < options.rounds && !io.stop.aborted; round++) {
    const at = Math.min(fromMs + (round + 1) * options.everyMs, playback.endMs);
    const take = (event: ZktEvent): void => model.take(event);
    playback.seek(at, take, () => model.reset());
    while (playback.seeking && !io.stop.aborted) playback.tick(0, take);
    model.nowMs = at;
    await printer.print(model);
    if (at >= playback.endMs) break;
  }
  printer.end();
  const { fault } = playback;
  if (fault !== undefined) new Printer(io.stderr).line(`zkt: ${fault}`);
  if (io.stop.aborted) return io.stdout.broken ? EXIT.ok : EXIT.interrupted;
  return fault === undefined ? EXIT.ok : EXIT.corrupt;
}

async function watch(source: EventSource, io: Io, options: BatchOptions): Promise<ExitCode> {
  const { clock, timers, rounds, everyMs } = options;
  const model = new Model(options.panes);
  const answers = new FirstAnswer(options.servers);
  source.start((event) => {
    answers.take(event);
    model.take(event);
  });
  const printer = new RoundPrinter(io, options);
  try {
    for (let round = 0; round < rounds; round++) {
      await pause(timers, round === 0 ? FIRST_MS : everyMs, io.stop);
      if (io.stop.aborted) return io.stdout.broken ? EXIT.ok : EXIT.interrupted;
      model.nowMs = clock.wallMs();
      if (round === 0 && !model.servers.some(({ up }) => up)) throw answers.error();
      await printer.print(model);
    }
    return EXIT.ok;
  } finally {
    source.stop();
    printer.end();
  }
}

function pause(timers: Timers, ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = timers.after(ms, () => {
      stop.removeEventListener('abort', stopped);
      resolve();
    });
    const stopped = (): void => {
      timer.cancel();
      resolve();
    };
    if (stop.aborted) stopped();
    else stop.addEventListener('abort', stopped, { once: true });
  });
}

class RoundPrinter {
  private readonly options: BatchOptions;
  private readonly out: Printer;
  private readonly report: ListReport;
  private readonly columns: number;

  constructor(io: Io, options: BatchOptions) {
    this.options = options;
    this.out = new Printer(io.stdout);
    this.report = new ListReport(this.out, options.format, 'rounds');
    this.columns = io.stdout.isTTY ? io.stdout.columns : COLUMNS;
  }

  async print(model: Model): Promise<void> {
    await this.report.add(
      () => summaryOf(model),
      () => this.text(model),
    );
  }

  end(): void {
    this.report.end();
  }

  private text(model: Model): void {
    const { pane, filter, ascii } = this.options;
    // The table and what is wrong, without the charts that fill a screen.
    const table = model.servers.length + model.problems().length + TABLE_LINES;
    const height = this.options.panes[pane]?.id === 'ensemble' ? table : LINES_MAX;
    const none = { chosen: undefined, drill: undefined, scroll: 0, sort: 0 };
    const { lines } = model.draw(pane, { ...none, width: this.columns, height, filter, ascii });
    this.out.line(new Date(model.nowMs).toISOString());
    this.out.lines(lines.map((line) => plainLine(line).trimEnd()));
    this.out.line();
  }
}
