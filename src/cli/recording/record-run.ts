/** `zkt record FILE`: everything an ensemble tells, into a file. */
import { EXIT, type ExitCode } from '../../base/errors.ts';
import type { ZktEvent } from '../../events/table.ts';
import { bytesWords } from '../../formatters/quantity-text.ts';
import type { EventSource } from '../../inspect/source.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Disk } from '../../ports/disk.ts';
import type { Timers } from '../../ports/timers.ts';
import type { Io } from '../io.ts';
import { ListeningSpan } from '../observing/listening-span.ts';
import { Printer } from '../output/printer.ts';
import { openTarget, type Recorder, type RecordTarget } from './record-target.ts';

/** What to record. */
export interface RecordOptions {
  readonly target: RecordTarget;
  /** As text, for what is said when nobody answers. */
  readonly servers: readonly string[];
  /** Ends after so long, ms. */
  readonly forMs?: number | undefined;
}

/** What it takes. */
export interface RecordWorld {
  readonly disk: Disk;
  readonly timers: Timers;
  readonly clock: Clock;
  readonly source: EventSource;
}

const FLUSH_MS = 1000;
const CLEAR_LINE = '\r\x1b[K';

/**
 * Records until it is stopped. Throws `ZKT_FILE`, `ZKT_NOT_A_RECORDING`, and `ZKT_CONNECT` when nobody
 * answers.
 */
export async function record(options: RecordOptions, io: Io, world: RecordWorld): Promise<ExitCode> {
  return await new Run(options, io, world).run();
}

class Run {
  private readonly options: RecordOptions;
  private readonly io: Io;
  private readonly err: Printer;
  private readonly world: RecordWorld;
  private readonly recorder: Recorder;
  private readonly heard = new Set<string>();
  /** Not sent by servers, as far as they counted. */
  private unsent = 0;
  private shown = false;

  constructor(options: RecordOptions, io: Io, world: RecordWorld) {
    this.options = options;
    this.io = io;
    this.err = new Printer(io.stderr);
    this.world = world;
    this.recorder = openTarget(world.disk, options.target, {
      failed: (file, why) => this.say(`zkt record: cannot write ${file}: ${why}; trying again`),
    });
  }

  async run(): Promise<ExitCode> {
    const { io, options, world, recorder } = this;
    const { source, timers } = world;
    const { servers, forMs } = options;
    const span = new ListeningSpan({ source, timers, servers, forMs, stop: io.stop });
    const beating = timers.every(FLUSH_MS, () => this.beat());
    const end = await span.listen((event) => this.take(event));
    beating.cancel();
    recorder.close();
    this.clear();
    if (end === 'nobody') {
      this.discard();
      throw span.nobody();
    }
    this.err.line(`recorded ${this.figures()} in ${recorder.path}`);
    return EXIT.ok;
  }

  /** Nothing was heard: a file that only says so would be in the way of the next try. */
  private discard(): void {
    if (this.options.target.existing === 'append') return;
    try {
      this.world.disk.remove(this.recorder.path);
    } catch {
      // Then it stays.
    }
  }

  private take(event: ZktEvent): void {
    this.recorder.append(event);
    if (event.name === 'source.connected') this.heard.add(event.node);
    else if (event.name === 'feed.dropped') this.unsent += event.fields.count;
  }

  private beat(): void {
    this.recorder.flush();
    if (!this.io.stderr.isTTY) return;
    const text = `recording  ${this.figures()}  ${this.recorder.path}  Ctrl-C ends`;
    this.io.stderr.write(CLEAR_LINE);
    this.err.part(text.slice(0, this.io.stderr.columns - 1));
    this.shown = true;
  }

  private figures(): string {
    const { events, bytes, lost } = this.recorder;
    const servers = this.heard.size;
    const parts = [
      `${events.toLocaleString('en')} events of ${servers} server${servers === 1 ? '' : 's'}, ${bytesWords(bytes)}`,
    ];
    if (this.unsent > 0) parts.push(`${this.unsent.toLocaleString('en')} not sent to us`);
    if (lost > 0) parts.push(`${lost.toLocaleString('en')} lost, as they could not be written`);
    return parts.join(', ');
  }

  private say(text: string): void {
    this.clear();
    this.err.line(text);
  }

  private clear(): void {
    if (this.shown) this.io.stderr.write(CLEAR_LINE);
    this.shown = false;
  }
}
