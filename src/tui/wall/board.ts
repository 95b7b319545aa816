/**
 * The board on the wall, with blessed and blessed-contrib: the one file that knows them. They are optional
 * and loaded here. Blessed gets streams of its own instead of the terminal, which is taken and given back by
 * the driver, as are keys and signals.
 */
import { PassThrough, Writable } from 'node:stream';
import { ZktError } from '../../base/errors.ts';
import type { WallChart, WallGauge, WallLine, WallView } from './wall-view.ts';

/** Something on the board. */
interface Widget {
  setContent(text: string): void;
  setLabel(text: string): void;
  style: { fg?: string; border?: { fg?: string } };
}
interface LineChart extends Widget {
  setData(lines: readonly { title: string; x: string[]; y: number[]; style: { line: string } }[]): void;
}
interface Gauge extends Widget {
  setPercent(percent: number): void;
}
interface Sparklines extends Widget {
  readonly width: number;
  setData(titles: string[], values: number[][]): void;
}
interface BlessedScreen {
  render(): void;
  destroy(): void;
}
interface Grid {
  set<W extends Widget>(
    row: number,
    column: number,
    rows: number,
    columns: number,
    widget: new (options: object) => W,
    options: object,
  ): W;
}
/** What is used of the two packages; their own types do not say it. */
interface Blessed {
  screen(options: object): BlessedScreen;
  box: new (options: object) => Widget;
}
interface Contrib {
  grid: new (options: { rows: number; cols: number; screen: BlessedScreen }) => Grid;
  line: new (options: object) => LineChart;
  gauge: new (options: object) => Gauge;
  sparkline: new (options: object) => Sparklines;
}

/** The two packages, loaded. */
export interface BoardKit {
  readonly blessed: Blessed;
  readonly contrib: Contrib;
}

/** Loads the packages; throws ZKT_UNSUPPORTED where they are not installed. */
export async function loadBoardKit(): Promise<BoardKit> {
  // Names in variables: the packages may be missing, and bring no types of their own.
  const [first, second] = ['blessed', 'blessed-contrib'];
  try {
    const [blessed, contrib] = (await Promise.all([import(first as string), import(second as string)])) as [
      { default: Blessed },
      { default: Contrib },
    ];
    return { blessed: blessed.default, contrib: contrib.default };
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    const what = '--wall without the packages blessed and blessed-contrib (npm install --include=optional)';
    throw new ZktError('ZKT_UNSUPPORTED', { what }, { cause: error });
  }
}

class BoardOutput extends Writable {
  readonly isTTY = true;
  readonly columns: number;
  readonly rows: number;
  private readonly sink: (text: string) => void;

  constructor(columns: number, rows: number, sink: (text: string) => void) {
    super({ decodeStrings: false });
    this.columns = columns;
    this.rows = rows;
    this.sink = sink;
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    this.sink(String(chunk));
    done();
  }
}

/** Blessed takes text in braces for tags. */
const plain = (text: string): string => text.replaceAll('{', '(').replaceAll('}', ')');
const COLOURS = ['cyan', 'yellow', 'green', 'magenta', 'blue', 'red', 'white'];
const ROWS = 12;
const COLUMNS = 12;

/** Draws views. */
export class Board {
  private readonly screen: BlessedScreen;
  private readonly headline: Widget;
  private readonly charts: readonly LineChart[];
  private readonly gauges: readonly Gauge[];
  private readonly sparklines: Sparklines;
  private readonly log: Widget;

  /** `sink` prints to the terminal. */
  constructor(
    { blessed, contrib }: BoardKit,
    size: { readonly columns: number; readonly rows: number },
    sink: (text: string) => void,
  ) {
    const output = new BoardOutput(size.columns, size.rows, sink);
    const input = Object.assign(new PassThrough(), { isTTY: true, isRaw: true, setRawMode: () => {} });
    const streams = { input, output, terminal: 'xterm', forceUnicode: true };
    this.screen = blessed.screen({ ...streams, smartCSR: false, fullUnicode: false, dockBorders: false });
    const grid = new contrib.grid({ rows: ROWS, cols: COLUMNS, screen: this.screen });
    const line = (label: string): object => ({
      label,
      showLegend: true,
      legend: { width: 14 },
      xLabelPadding: 2,
      xPadding: 5,
      showNthLabel: 10,
      style: { line: 'cyan', text: 'white', baseline: 'white' },
    });
    this.headline = grid.set(0, 0, 1, COLUMNS, blessed.box, { tags: false });
    this.charts = [
      grid.set(1, 0, 4, 8, contrib.line, line('')),
      grid.set(5, 0, 4, 6, contrib.line, line('')),
      grid.set(5, 6, 4, 6, contrib.line, line('')),
    ];
    this.gauges = [0, 1, 2, 3].map((i) =>
      grid.set(1 + 2 * Math.floor(i / 2), 8 + 2 * (i % 2), 2, 2, contrib.gauge, {
        stroke: 'green',
        fill: 'white',
      }),
    );
    this.sparklines = grid.set(9, 0, 3, 4, contrib.sparkline, {
      label: 'requests, 2 minutes',
      tags: true,
      style: { fg: 'cyan' },
    });
    this.log = grid.set(9, 4, 3, 8, blessed.box, { label: 'what is wrong, what happened', tags: false });
  }

  /** Draws a view. */
  draw(view: WallView): void {
    this.headline.style.fg = view.healthy ? 'green' : 'red';
    this.headline.setContent(view.headline);
    for (const [i, chart] of this.charts.entries()) this.drawChart(chart, view.charts[i]);
    for (const [i, gauge] of this.gauges.entries()) drawGauge(gauge, view.gauges[i]);
    drawSparklines(this.sparklines, view.sparklines);
    this.log.setContent(view.log.join('\n'));
    this.screen.render();
  }

  /** Ends it. */
  close(): void {
    this.screen.destroy();
  }

  private drawChart(widget: LineChart, chart: WallChart | undefined): void {
    if (chart === undefined || chart.lines.length === 0) return;
    widget.setLabel(plain(chart.title));
    const lines = chart.lines.map(({ title, values }, i) => ({
      title: plain(title),
      x: [...chart.labels],
      y: [...values],
      style: { line: COLOURS[i % COLOURS.length] ?? 'white' },
    }));
    widget.setData(lines);
  }
}

function drawGauge(widget: Gauge, gauge: WallGauge | undefined): void {
  if (gauge === undefined) return;
  widget.setLabel(plain(gauge.title));
  widget.setPercent(gauge.percent);
}

function drawSparklines(widget: Sparklines, lines: readonly WallLine[]): void {
  widget.setData(
    lines.map(({ title }) => plain(title)),
    // It would cut off the newest.
    lines.map(({ values }) => values.slice(-Math.max(1, widget.width - 2))),
  );
}
