/** Listens to an ensemble until there is a reason to end. */
import type { ZktError } from '../../base/errors.ts';
import type { ZktEvent } from '../../events/table.ts';
import type { EventSource } from '../../inspect/source.ts';
import type { Timers } from '../../ports/timers.ts';
import { FirstAnswer } from './first-answer.ts';

/** Why it ended: enough was heard, the time was over, it was interrupted, or nobody answers. */
export type SpanEnd = 'full' | 'time' | 'stopped' | 'nobody';

/** Whom to listen to, and how long. */
export interface SpanOptions {
  readonly source: EventSource;
  readonly timers: Timers;
  /** `host:port` of those that the source begins with. */
  readonly servers: readonly string[];
  /** Ends after so long, ms; undefined for never. */
  readonly forMs: number | undefined;
  readonly stop: AbortSignal;
}

/** See the head of the file. */
export class ListeningSpan {
  private readonly options: SpanOptions;
  private readonly answers: FirstAnswer;
  private readonly ended: Promise<SpanEnd>;
  private settle: (why: SpanEnd) => void = () => {};

  constructor(options: SpanOptions) {
    this.options = options;
    this.answers = new FirstAnswer(options.servers);
    this.ended = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  /** Ends it; the first reason counts. */
  end(why: SpanEnd): void {
    this.settle(why);
  }

  /** What to throw when nobody answers: ZKT_CONNECT. */
  nobody(): ZktError {
    return this.answers.error();
  }

  /** Hands over events until the end, and tells why it came. */
  async listen(take: (event: ZktEvent) => void): Promise<SpanEnd> {
    const { source, timers, forMs, stop } = this.options;
    const stopped = (): void => this.end('stopped');
    stop.addEventListener('abort', stopped, { once: true });
    if (stop.aborted) stopped();
    const timer =
      forMs === undefined
        ? undefined
        : timers.after(forMs, () => this.end(this.answers.came ? 'time' : 'nobody'));
    source.start((event) => {
      take(event);
      this.answers.take(event);
      if (this.answers.failed) this.end('nobody');
    });
    const why = await this.ended;
    source.stop();
    timer?.cancel();
    stop.removeEventListener('abort', stopped);
    return why;
  }
}
