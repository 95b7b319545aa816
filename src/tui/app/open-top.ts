/** The dashboard in a terminal: the driver around the model, the shell's state and the canvas. */
import { reasonOf } from '../../base/errors.ts';
import type { ZktEvent } from '../../events/table.ts';
import { momentOf } from '../../inspect/recording/moment.ts';
import type { TerminalScreen } from '../../ports/terminal.ts';
import type { Timer } from '../../ports/timers.ts';
import type { Tone } from '../lines.ts';
import { Model } from '../model.ts';
import { Inlet } from './inlet.ts';
import { KeyDecoder } from './keys.ts';
import { paintLine } from './paint.ts';
import { drawScreen, type Progress, type Screen } from './screen.ts';
import { follow, press, type ShellAct, type ShellState, shellState } from './shell-state.ts';
import type { Canvas, TopEnd, TopOptions, TopRecorder } from './top-options.ts';

/** Between two portions of events. */
const TICK_MS = 100;
/** Of it, taking events in may have so much; the rest is for keys and frames. */
const TAKE_MS = 50;
/** Between two frames when nobody types. */
const FRAME_MS = 500;
/** Keys that come together make one frame. */
const KEY_FRAME_MS = 15;
/** Nobody types more than this at once; what is pasted beyond it is no keys. */
const KEYS_MAX = 500;
/** Escape waits so long for the rest of a sequence. */
const ESCAPE_MS = 50;
/** A size counts when it has been the same for so long. */
const RESIZE_MS = 80;
const NOTICE_MS = 6_000;
const FLUSH_MS = 1_000;
/** How fast a recording can be played. */
export const SPEED_MAX = 64;
/** How slowly. */
export const SPEED_MIN = 1 / 16;

/** Opens the dashboard; resolves when it has ended and the terminal is as it was. Rejects for a bug. */
export function openTop(options: TopOptions): Promise<TopEnd> {
  return new Promise((resolve, reject) => {
    new Top(options, resolve, reject).run();
  });
}

class Top {
  private readonly options: TopOptions;
  private readonly model: Model;
  private readonly inlet = new Inlet();
  private readonly decoder = new KeyDecoder();
  private readonly resolve: (end: TopEnd) => void;
  private readonly reject: (error: unknown) => void;
  private state: ShellState;
  private terminal: TerminalScreen | undefined;
  private canvas: Canvas | undefined;
  private screen: Screen | undefined;
  private recorder: TopRecorder | undefined;
  private readonly recorded: { path: string; events: number; lost: number }[] = [];
  private notice: { readonly text: string; readonly tone: Tone; readonly untilMs: number } | undefined;
  private readonly running: Timer[] = [];
  private escape: Timer | undefined;
  private settling: Timer | undefined;
  private keyFrame: Timer | undefined;
  private tickedMs = 0;
  private drawnMs = 0;
  private shownSecond = 0;
  private dirty = true;
  private ended = false;

  constructor(options: TopOptions, resolve: (end: TopEnd) => void, reject: (error: unknown) => void) {
    this.options = options;
    this.resolve = resolve;
    this.reject = reject;
    this.model = new Model(options.panes);
    this.state = shellState(options.panes.length, options.pane, options.filter);
  }

  run(): void {
    const { options } = this;
    if (options.recordNow === true) this.guarded(() => this.toggleRecord());
    this.terminal = options.terminal.take({
      input: (text) => this.guarded(() => this.input(text)),
      resized: () => this.guarded(() => this.resized()),
      resumed: () => this.guarded(() => this.redraw()),
      ended: (why) => this.end(why),
    });
    this.canvas = options.canvas((text) => this.terminal?.write(text));
    options.stop.addEventListener('abort', () => this.end('signal'), { once: true });
    this.tickedMs = options.clock.monotonicMs();
    this.running.push(
      options.timers.every(TICK_MS, () => this.guarded(() => this.tick())),
      options.timers.every(FLUSH_MS, () => this.recorder?.flush()),
    );
    const { from } = options;
    if ('source' in from) from.source.start((event) => this.inlet.put(event));
    else this.guarded(() => this.seek(from.fromMs ?? from.playback.startMs));
    this.guarded(() => this.tick());
    if (options.stop.aborted) this.end('signal');
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

  private readonly take = (event: ZktEvent): void => {
    this.recorder?.append(event);
    this.model.take(event);
  };

  private tick(): void {
    const { clock, from } = this.options;
    const now = clock.monotonicMs();
    const elapsed = now - this.tickedMs;
    this.tickedMs = now;
    const before = this.model.taken;
    if (!this.state.paused || ('playback' in from && from.playback.seeking)) {
      if ('playback' in from) from.playback.tick(elapsed, this.take);
      else this.inlet.drain(this.take, () => clock.monotonicMs() - now > TAKE_MS);
      this.model.nowMs = this.time();
    }
    const lost = this.inlet.takeLost();
    if (lost > 0) this.model.lose(lost);
    if (this.notice !== undefined && now > this.notice.untilMs) {
      this.notice = undefined;
      this.dirty = true;
    }
    const second = Math.floor(this.model.nowMs / 1000);
    const changed = this.model.taken !== before || second !== this.shownSecond;
    if (this.dirty || (changed && now - this.drawnMs >= FRAME_MS - TICK_MS / 2)) this.draw();
    else if (this.state.paused && now - this.drawnMs >= 1000) this.draw();
  }

  private time(): number {
    const { from, clock } = this.options;
    return 'playback' in from ? from.playback.positionMs : clock.wallMs();
  }

  private draw(): void {
    const { terminal, canvas, options } = this;
    if (terminal === undefined || canvas === undefined || this.settling !== undefined) return;
    // A frame that the terminal cannot take yet is left out; the next one shows what is then.
    if (terminal.congested) return;
    const { lines } = this.compose(terminal);
    canvas.draw({
      columns: terminal.columns,
      lines: lines.map((line) => paintLine(line, options.colour)),
    });
    this.drawnMs = options.clock.monotonicMs();
    this.shownSecond = Math.floor(this.model.nowMs / 1000);
    this.dirty = false;
  }

  /** What is to be seen now, and what keys mean on it. */
  private compose({ columns, rows }: TerminalScreen): Screen {
    const screen = drawScreen(this.model, this.state, {
      columns,
      rows: Math.max(1, rows - 1),
      ascii: this.options.ascii,
      waiting: this.state.paused ? this.inlet.waiting : 0,
      recording:
        this.recorder === undefined ? undefined : { file: this.recorder.path, count: this.recorder.events },
      progress: this.progress(),
      notice: this.notice,
    });
    this.screen = screen;
    this.state = follow(this.state, screen.drawn.keys);
    return screen;
  }

  private progress(): Progress | undefined {
    const { from } = this.options;
    return 'playback' in from ? from.playback : undefined;
  }

  // ---- keys ----

  private input(text: string): void {
    this.escape?.cancel();
    this.pressed(this.decoder.take(text));
    if (this.ended || !this.decoder.waiting) return;
    this.escape = this.options.timers.after(ESCAPE_MS, () =>
      this.guarded(() => this.pressed(this.decoder.flush())),
    );
  }

  private pressed(keys: readonly string[]): void {
    let composed = true;
    for (const key of keys.slice(0, KEYS_MAX)) {
      if (this.ended) return;
      // What a key means depends on what is shown after the one before.
      if (!composed && this.terminal !== undefined) this.compose(this.terminal);
      const drawn = this.screen?.drawn;
      if (drawn === undefined) {
        if (key === 'q' || key === 'ctrl-c') this.end('quit');
        continue;
      }
      const { state, acts } = press(this.state, key, drawn);
      composed = state === this.state;
      this.state = state;
      for (const act of acts) this.act(act);
    }
    if (keys.length === 0 || this.ended) return;
    this.dirty = true;
    this.keyFrame ??= this.options.timers.after(KEY_FRAME_MS, () => {
      this.keyFrame = undefined;
      this.guarded(() => this.draw());
    });
  }

  private act(act: ShellAct): void {
    if (act.do === 'speed') this.faster(act.faster);
    else if (act.do === 'seek') this.seek(this.model.nowMs + act.byMs);
    else if (act.do === 'go') this.go(act.text);
    else this.simple(act.do);
  }

  private simple(what: Exclude<ShellAct['do'], 'speed' | 'seek' | 'go'>): void {
    const acts: Readonly<Record<typeof what, () => void>> = {
      quit: () => this.end('quit'),
      suspend: () => this.terminal?.suspend(),
      redraw: () => this.redraw(),
      record: () => this.toggleRecord(),
      step: () => this.step(),
      // The state says already whether the picture stands still.
      pause: () => {},
      resume: () => {},
    };
    acts[what]();
  }

  private step(): void {
    const { from } = this.options;
    const stepped =
      'playback' in from ? from.playback.step(this.take) : this.inlet.step((event) => this.stepped(event));
    if ('playback' in from && stepped) this.model.nowMs = from.playback.positionMs;
    if (!stepped) this.say('nothing waits', 'dim');
  }

  /** Time goes on with a live event as far as the event's own. */
  private stepped(event: ZktEvent): void {
    this.take(event);
    this.model.nowMs = Math.max(this.model.nowMs, Math.min(event.time, this.options.clock.wallMs()));
    this.say(`${event.name} of ${event.node}`, 'accent');
  }

  private faster(faster: boolean): void {
    const { from } = this.options;
    if (!('playback' in from)) return;
    const speed = from.playback.speed * (faster ? 2 : 0.5);
    from.playback.speed = Math.max(SPEED_MIN, Math.min(SPEED_MAX, speed));
  }

  private go(text: string): void {
    const { from } = this.options;
    if (!('playback' in from)) return;
    const ms = momentOf(text, from.playback.startMs, from.playback.endMs);
    if (ms === undefined) this.say(`${text} is no time: 12:34:56, 90s, 5m, 50%`, 'warn');
    else this.seek(ms);
  }

  private seek(ms: number): void {
    const { from } = this.options;
    if (!('playback' in from)) return;
    const { startMs, endMs } = from.playback;
    const at = Math.max(startMs, Math.min(endMs, ms));
    from.playback.seek(
      at,
      (event) => this.model.take(event),
      () => this.model.reset(),
    );
    this.model.nowMs = from.playback.positionMs;
    this.tickedMs = this.options.clock.monotonicMs();
  }

  private toggleRecord(): void {
    if (this.recorder !== undefined) {
      const { path, events } = this.recorder;
      this.endRecord();
      this.say(`${events} events are in ${path}`, 'good');
      return;
    }
    try {
      this.recorder = this.options.record();
    } catch (error) {
      this.say(`cannot record: ${reasonOf(error)}`, 'bad');
    }
  }

  private endRecord(): void {
    if (this.recorder === undefined) return;
    this.recorder.close();
    const { path, events, lost } = this.recorder;
    this.recorded.push({ path, events, lost });
    this.recorder = undefined;
  }

  private say(text: string, tone: Tone): void {
    this.notice = { text, tone, untilMs: this.options.clock.monotonicMs() + NOTICE_MS };
    this.dirty = true;
  }

  // ---- the terminal ----

  private resized(): void {
    this.settling?.cancel();
    this.settling = this.options.timers.after(RESIZE_MS, () => {
      this.settling = undefined;
      this.guarded(() => this.redraw());
    });
  }

  private redraw(): void {
    this.canvas?.forget();
    this.draw();
  }

  private end(why: TopEnd['why']): void {
    if (this.ended) return;
    this.close();
    this.resolve({ why, recorded: this.recorded });
  }

  private close(): void {
    if (this.ended) return;
    this.ended = true;
    for (const timer of [...this.running, this.escape, this.settling, this.keyFrame]) timer?.cancel();
    if ('source' in this.options.from) this.options.from.source.stop();
    this.endRecord();
    this.canvas?.close();
    this.terminal?.close();
  }
}
