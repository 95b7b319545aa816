/**
 * A real terminal for tests: a program on a pseudo terminal, and an emulator that knows what its screen
 * shows. `screen()` is text, `cells()` text with its looks.
 */
import { type IPty, spawn } from '@lydell/node-pty';
import headless from '@xterm/headless';

/** What to run, and in which terminal. */
export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  /** Program and arguments. */
  readonly command: readonly string[];
  /**
   * Added to a clean environment: PATH, HOME, TERM=xterm-256color, LANG=C.UTF-8. Undefined takes a name away.
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

/** How one character looks. */
export interface Cell {
  readonly char: string;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly inverse: boolean;
  readonly underline: boolean;
  /** Number in the palette of 256; -1 for the terminal's own, -2 for a colour beyond the palette. */
  readonly foreground: number;
  readonly background: number;
}

/** How the program ended. */
export interface Ended {
  readonly code: number;
  /** 0 for none. */
  readonly signal: number;
}

/** A program on a terminal. */
export interface TestTerminal {
  readonly pid: number;
  /** Everything that was written to it so far. */
  readonly written: () => string;
  type(text: string): void;
  resize(columns: number, rows: number): void;
  kill(signal: string): void;
  /** The lines of the screen, without blanks at their ends; always as many as the terminal has. */
  screen(): string[];
  /** The lines of the screen, character by character. A wide character is followed by an empty one. */
  cells(): Cell[][];
  /** Modes a program leaves behind when it does not clean up. */
  modes(): { readonly alternate: boolean; readonly cursorHidden: boolean };
  /** Waits until the screen shows it; rejects with the screen after `ms`. Answers the screen. */
  waitFor(wanted: string | RegExp | ((screen: string) => boolean), ms?: number): Promise<string[]>;
  /** Waits until what was written has been taken in, and nothing more comes for `ms`. */
  quiet(ms?: number): Promise<void>;
  /** Resolves when the program has ended. */
  readonly ended: Promise<Ended>;
  /** Kills the program if it still runs. */
  close(): Promise<void>;
}

const WAIT_MS = 10_000;
const LOOK_MS = 20;

/** Starts a program on a terminal. Close it. */
export function openTerminal(options: TerminalOptions): TestTerminal {
  const { columns = 80, rows = 24, command, cwd = process.cwd() } = options;
  const [program = '', ...args] = command;
  const base = { PATH: process.env.PATH, HOME: process.env.HOME, TERM: 'xterm-256color', LANG: 'C.UTF-8' };
  const env = Object.fromEntries(
    Object.entries({ ...base, ...options.env }).filter(([, value]) => value !== undefined),
  ) as Record<string, string>;
  const pty = spawn(program, args, { cols: columns, rows, cwd, env, name: 'xterm-256color' });
  return new PtyTerminal(pty, columns, rows);
}

class PtyTerminal implements TestTerminal {
  readonly ended: Promise<Ended>;
  private readonly pty: IPty;
  private readonly emulator: headless.Terminal;
  private text = '';
  private pending = 0;
  private heardMs = Date.now();
  private cursorHidden = false;
  private over = false;

  constructor(pty: IPty, cols: number, rows: number) {
    this.pty = pty;
    this.emulator = new headless.Terminal({ cols, rows, allowProposedApi: true, scrollback: 1000 });
    // What the emulator answers to questions, as a terminal does.
    this.emulator.onData((data) => this.type(data));
    for (const [final, hidden] of [
      ['h', false],
      ['l', true],
    ] as const) {
      this.emulator.parser.registerCsiHandler({ prefix: '?', final }, (params) => {
        if (params.includes(25)) this.cursorHidden = hidden;
        return false;
      });
    }
    pty.onData((data) => {
      this.text += data;
      this.heardMs = Date.now();
      this.pending++;
      this.emulator.write(data, () => {
        this.pending--;
      });
    });
    this.ended = new Promise((resolve) => {
      pty.onExit(({ exitCode, signal }) => {
        this.over = true;
        resolve({ code: exitCode, signal: signal ?? 0 });
      });
    });
  }

  get pid(): number {
    return this.pty.pid;
  }

  written = (): string => this.text;

  type(text: string): void {
    if (!this.over) this.pty.write(text);
  }

  resize(columns: number, rows: number): void {
    this.emulator.resize(columns, rows);
    if (!this.over) this.pty.resize(columns, rows);
  }

  kill(signal: string): void {
    if (!this.over) process.kill(this.pty.pid, signal);
  }

  screen(): string[] {
    const { active } = this.emulator.buffer;
    return Array.from({ length: this.emulator.rows }, (_, y) =>
      (active.getLine(active.baseY + y)?.translateToString(true) ?? '').trimEnd(),
    );
  }

  cells(): Cell[][] {
    const { active } = this.emulator.buffer;
    return Array.from({ length: this.emulator.rows }, (_, y) => {
      const line = active.getLine(active.baseY + y);
      return Array.from({ length: this.emulator.cols }, (_, x): Cell => {
        const cell = line?.getCell(x);
        const colour = (isDefault?: boolean, isPalette?: boolean, value = 0): number =>
          isDefault !== false ? -1 : isPalette === true ? value : -2;
        return {
          char: cell?.getChars() ?? '',
          bold: (cell?.isBold() ?? 0) !== 0,
          dim: (cell?.isDim() ?? 0) !== 0,
          inverse: (cell?.isInverse() ?? 0) !== 0,
          underline: (cell?.isUnderline() ?? 0) !== 0,
          foreground: colour(cell?.isFgDefault(), cell?.isFgPalette(), cell?.getFgColor()),
          background: colour(cell?.isBgDefault(), cell?.isBgPalette(), cell?.getBgColor()),
        };
      });
    });
  }

  modes(): { readonly alternate: boolean; readonly cursorHidden: boolean } {
    return { alternate: this.emulator.buffer.active.type === 'alternate', cursorHidden: this.cursorHidden };
  }

  async waitFor(wanted: string | RegExp | ((screen: string) => boolean), ms = WAIT_MS): Promise<string[]> {
    const until = Date.now() + ms;
    for (;;) {
      const lines = this.screen();
      const shown = lines.join('\n');
      if (
        typeof wanted === 'string'
          ? shown.includes(wanted)
          : typeof wanted === 'function'
            ? wanted(shown)
            : wanted.test(shown)
      )
        return lines;
      if (Date.now() > until) throw new Error(`not seen within ${ms} ms: ${String(wanted)}\n${shown}`);
      await sleep(LOOK_MS);
    }
  }

  async quiet(ms = 300): Promise<void> {
    while (this.pending > 0 || Date.now() - this.heardMs < ms) await sleep(LOOK_MS);
  }

  async close(): Promise<void> {
    this.kill('SIGKILL');
    await this.ended;
    this.emulator.dispose();
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
