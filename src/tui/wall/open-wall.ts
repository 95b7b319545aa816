/** The board on the wall in a terminal: the driver around the model and the board. */
import type { EventSource } from '../../inspect/source.ts';
import type { Clock } from '../../ports/clock.ts';
import type { TerminalEnd, TerminalScreen, Terminals } from '../../ports/terminal.ts';
import type { Timer, Timers } from '../../ports/timers.ts';
import { Inlet } from '../app/inlet.ts';
import { KeyDecoder } from '../app/keys.ts';
import type { Playback } from '../app/top-options.ts';
import { Model } from '../model.ts';
import type { Pane } from '../pane.ts';
import { Board, type BoardKit } from './board.ts';
import { wallView } from './wall-view.ts';

/** What a board is opened with. */
export interface WallOptions {
  readonly kit: BoardKit;
  /** The ensemble pane is what the board reads. */
  readonly panes: readonly Pane<unknown>[];
  readonly terminal: Terminals;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly from: { readonly source: EventSource } | { readonly playback: Playback; readonly fromMs?: number };
  readonly stop: AbortSignal;
}

const TICK_MS = 200;
const TAKE_MS = 100;
const FRAME_MS = 1_000;
const RESIZE_MS = 120;
/** Smaller boards show nothing; blessed draws nonsense then. */
const COLUMNS_MIN = 60;
const ROWS_MIN = 20;

/** Opens the board; resolves when it has ended and the terminal is as it was. Rejects for a bug. */
export function openWall(options: WallOptions): Promise<'quit' | TerminalEnd> {
  return new Promise((resolve, reject) => {
    new Wall(options, resolve, reject).run();
  });
}

class Wall {
  private readonly options: WallOptions;
  private readonly resolve: (why: 'quit' | TerminalEnd) => void;
  private readonly reject: (error: unknown) => void;
  private readonly model: Model;
  private readonly inlet = new Inlet();
  private readonly decoder = new KeyDecoder();
  private terminal: TerminalScreen | undefined;
  private board: Board | undefined;
  private readonly running: Timer[] = [];
  private settling: Timer | undefined;
  private tickedMs = 0;
  private drawnMs = Number.NEGATIVE_INFINITY;
  private ended = false;

  constructor(
    options: WallOptions,
    resolve: (why: 'quit' | TerminalEnd) => void,
    reject: (error: unknown) => void,
  ) {
    this.options = options;
    this.resolve = resolve;
    this.reject = reject;
    this.model = new Model(options.panes);
  }

  run(): void {
    const { terminal, timers, clock, from, stop } = this.options;
    this.terminal = terminal.take({
      input: (text) => this.guarded(() => this.input(text)),
      resized: () => this.resized(),
      resumed: () => this.guarded(() => this.redraw()),
      ended: (why) => this.end(why),
    });
    stop.addEventListener('abort', () => this.end('signal'), { once: true });
    this.tickedMs = clock.monotonicMs();
    this.running.push(timers.every(TICK_MS, () => this.guarded(() => this.tick())));
    if ('source' in from) from.source.start((event) => this.inlet.put(event));
    else if (from.fromMs !== undefined) {
      from.playback.seek(
        from.fromMs,
        (event) => this.model.take(event),
        () => this.model.reset(),
      );
    }
    this.guarded(() => this.tick());
    if (stop.aborted) this.end('signal');
  }

  private guarded(what: () => void): void {
    if (this.ended) return;
    try {
      what();
    } catch (error) {
      this.close();
      this.reject(error);
    }
  }

  private tick(): void {
    const { clock, from } = this.options;
    const now = clock.monotonicMs();
    const take = (event: Parameters<Model['take']>[0]): void => this.model.take(event);
    if ('playback' in from) from.playback.tick(now - this.tickedMs, take);
    else this.inlet.drain(take, () => clock.monotonicMs() - now > TAKE_MS);
    this.tickedMs = now;
    this.model.lose(this.inlet.takeLost());
    this.model.nowMs = 'playback' in from ? from.playback.positionMs : clock.wallMs();
    if (now - this.drawnMs >= FRAME_MS - TICK_MS / 2) this.draw();
  }

  private draw(): void {
    const { terminal } = this;
    if (terminal === undefined || terminal.congested || this.settling !== undefined) return;
    this.drawnMs = this.options.clock.monotonicMs();
    const { columns, rows } = terminal;
    if (columns < COLUMNS_MIN || rows < ROWS_MIN) {
      this.board?.close();
      this.board = undefined;
      const words = `${columns}x${rows} is too small`.slice(0, columns);
      terminal.write(`\x1b[0m\x1b[2J\x1b[H${words}`);
      return;
    }
    this.board ??= new Board(this.options.kit, terminal, (text) => this.terminal?.write(text));
    this.board.draw(wallView(this.model));
  }

  private input(text: string): void {
    for (const key of this.decoder.take(text)) {
      if (this.ended) return;
      if (key === 'q' || key === 'ctrl-c') this.end('quit');
      if (key === 'ctrl-z') this.terminal?.suspend();
      if (key === 'ctrl-l') this.redraw();
    }
  }

  private resized(): void {
    this.settling?.cancel();
    this.settling = this.options.timers.after(RESIZE_MS, () => {
      this.settling = undefined;
      this.guarded(() => this.redraw());
    });
  }

  private redraw(): void {
    // A board of another size is a new one.
    this.board?.close();
    this.board = undefined;
    this.terminal?.write('\x1b[0m\x1b[2J\x1b[H');
    this.draw();
  }

  private end(why: 'quit' | TerminalEnd): void {
    if (this.ended) return;
    this.close();
    this.resolve(why);
  }

  private close(): void {
    this.ended = true;
    for (const timer of [...this.running, this.settling]) timer?.cancel();
    if ('source' in this.options.from) this.options.from.source.stop();
    this.board?.close();
    this.terminal?.close();
  }
}
