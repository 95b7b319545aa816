/** Prints traces, in the form asked for. */
import type { Trace } from '../../events/trace.ts';
import { traceToJson } from '../../formatters/trace-json.ts';
import { briefLine, type TraceLine, type TraceTone, traceLines } from '../../formatters/trace-text.ts';
import type { Io, Style } from '../io.ts';
import { knowsUtf8 } from '../locale.ts';
import { Printer, type Segment } from '../output/printer.ts';
import { ListReport } from '../output/report.ts';
import type { OutputFormat } from '../settings/global-options.ts';

const STYLES: Readonly<Record<TraceTone, Style | undefined>> = {
  plain: undefined,
  dim: 'dim',
  bold: 'bold',
  good: 'green',
  warn: 'yellow',
  bad: 'red',
  accent: 'cyan',
};

/** See the head of the file. */
export class TracePrinter {
  private readonly io: Io;
  private readonly out: Printer;
  private readonly report: ListReport;
  private readonly brief: boolean;
  private count = 0;

  /** `brief`: a line each where people read it. */
  constructor(io: Io, format: OutputFormat, brief: boolean) {
    this.io = io;
    this.out = new Printer(io.stdout);
    this.report = new ListReport(this.out, format, 'traces');
    this.brief = brief;
  }

  /** Traces printed so far. */
  get printed(): number {
    return this.count;
  }

  /** Await it: it waits for a slow reader. */
  async add(trace: Trace): Promise<void> {
    await this.report.add(
      () => traceToJson(trace),
      () => this.draw(trace),
    );
    this.count++;
  }

  /** Says that there is no more. */
  end(more: Readonly<Record<string, unknown>> = {}): void {
    this.report.end(more);
  }

  private draw(trace: Trace): void {
    const utf8 = this.io.stdout.isTTY && knowsUtf8(this.io.env);
    if (this.brief) {
      this.line(briefLine(trace));
      return;
    }
    if (this.count > 0) this.out.line();
    for (const line of traceLines(trace, { width: this.io.stdout.columns, utf8 })) this.line(line);
  }

  private line(line: TraceLine): void {
    this.out.line(
      ...line.map(({ text, tone }): Segment => {
        const style = STYLES[tone];
        return style === undefined ? text : { text, style };
      }),
    );
  }
}
