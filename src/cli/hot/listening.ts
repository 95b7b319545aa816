/** Listens to an ensemble for a while, and reports at the end of it, or again and again. */
import { EXIT, type ExitCode } from '../../base/errors.ts';
import { addressText, type ServerAddress } from '../../client/connect-string.ts';
import type { ZktEvent } from '../../events/table.ts';
import type { EventSource } from '../../inspect/source.ts';
import type { Timers } from '../../ports/timers.ts';
import type { Io } from '../io.ts';
import { FirstAnswer } from '../observing/first-answer.ts';
import { Printer } from '../output/printer.ts';

/**
 * The first samples come up to a second after somebody listens, and those with rates a second later: so much
 * is listened more than was asked for, ms.
 */
const FIRST_SAMPLES_MS = 1_600;
/** Notes on servers that are printed; there is one for each thing a server cannot tell. */
const NOTES_MAX = 50;

/** What is listened to, and for how long. */
export interface Listening {
  readonly source: EventSource;
  readonly servers: readonly ServerAddress[];
  readonly timers: Timers;
  /** Reports come after so much time. */
  readonly everyMs: number;
  /** Reports go on until it is interrupted. */
  readonly goesOn: boolean;
  take(event: ZktEvent): void;
  /** Prints what is known now. */
  report(): Promise<void>;
}

/**
 * Listens and reports; answers the exit code: 0, or 130 when it was interrupted. Throws ZKT_CONNECT when
 * nobody answers. What servers cannot tell is said on stderr.
 */
export async function listen(io: Io, listening: Listening): Promise<ExitCode> {
  const run = new Run(io, listening);
  return run.whole();
}

class Run {
  private readonly io: Io;
  private readonly listening: Listening;
  private readonly errors: Printer;
  private readonly notes = new Set<string>();
  private readonly answers: FirstAnswer;
  private wake: () => void = () => {};

  constructor(io: Io, listening: Listening) {
    this.io = io;
    this.listening = listening;
    this.errors = new Printer(io.stderr);
    this.answers = new FirstAnswer(listening.servers.map(addressText));
  }

  async whole(): Promise<ExitCode> {
    const { io, listening } = this;
    const { source, everyMs, goesOn } = listening;
    const stopped = (): void => this.wake();
    io.stop.addEventListener('abort', stopped, { once: true });
    source.start((event) => this.take(event));
    try {
      while (!this.answers.came && !io.stop.aborted) {
        if (this.answers.failed) throw this.answers.error();
        await this.rest();
      }
      await this.pass(FIRST_SAMPLES_MS + everyMs);
      while (!io.stop.aborted && !io.stdout.broken) {
        await listening.report();
        if (!goesOn) return EXIT.ok;
        await this.pass(everyMs);
      }
      return io.stdout.broken ? EXIT.ok : EXIT.interrupted;
    } finally {
      source.stop();
      io.stop.removeEventListener('abort', stopped);
    }
  }

  /** Waits that long, or until it is interrupted. */
  private async pass(ms: number): Promise<void> {
    let over = false;
    const timer = this.listening.timers.after(ms, () => {
      over = true;
      this.wake();
    });
    while (!over && !this.io.stop.aborted) await this.rest();
    timer.cancel();
  }

  /** Until something happens. */
  private rest(): Promise<void> {
    if (this.io.stop.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }

  private take(event: ZktEvent): void {
    this.listening.take(event);
    this.answers.take(event);
    const { name, fields } = event;
    if (name === 'source.lost' || name === 'source.refused') this.note(`${fields.address}: ${fields.why}`);
    else if (name === 'source.limited') this.note(`${fields.address}: ${fields.what}`);
    else if (name !== 'source.connected') return;
    this.wake();
  }

  private note(text: string): void {
    if (this.notes.has(text) || this.notes.size >= NOTES_MAX) return;
    this.notes.add(text);
    this.errors.line(`zkt: ${text}`);
  }
}
