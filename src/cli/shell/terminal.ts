/**
 * The shell at a terminal: a line that is edited while events and changes of state are printed above it.
 * Built on Node's readline, which knows keys, history and the width of the terminal.
 */
import { createInterface, type Interface } from 'node:readline';
import type { Io } from '../io.ts';
import { Printer } from '../output/printer.ts';
import { type Completion, type CompletionPlace, complete } from './complete.ts';
import { HISTORY_LINES, type HistoryFile, mayKeep } from './history-file.ts';

/** What readline keeps beside its public face: how many rows above the cursor the edited line begins. */
interface EditedLine {
  prevRows?: number;
}

/** What the terminal asks of its shell. */
export interface TerminalHost {
  prompt(): string;
  place: CompletionPlace;
  /** A line was entered. Resolves when it has been run. */
  run(line: string): Promise<void>;
  /** Ctrl-C while a command runs. */
  interrupt(): void;
}

/** See the top of the file. */
export class Terminal {
  readonly out: Printer;
  readonly err: Printer;
  private readonly io: Io;
  private readonly history: HistoryFile;
  private host: TerminalHost | undefined;
  private editor: Interface | undefined;
  /** The prompt is shown and the person may type. */
  private editing = false;
  private asking: ((answer: string) => void) | undefined;
  private readonly waiting: string[] = [];
  private running = false;
  /** Input has ended, by Ctrl-D or because the terminal has gone, while a command ran. */
  private leaving = false;
  private ended: ((error?: unknown) => void) | undefined;

  constructor(io: Io, history: HistoryFile) {
    this.io = io;
    this.history = history;
    this.out = new Printer(io.stdout, (text) => this.print(io.stdout, text));
    this.err = new Printer(io.stderr, (text) => this.print(io.stderr, text));
  }

  /** Reads and runs lines until the end of input or `stop`. Rejects with what `run` rejects with: a bug. */
  async serve(host: TerminalHost): Promise<void> {
    this.host = host;
    const ended = new Promise<void>((resolve, reject) => {
      this.ended = (error) => (error === undefined ? resolve() : reject(error));
    });
    this.open();
    this.showPrompt();
    await ended;
  }

  /** Ends `serve`. */
  stop(): void {
    this.editing = false;
    this.shut();
    this.ended?.();
  }

  private shut(): void {
    process.stdout.off('resize', this.resized);
    this.editor?.off('close', this.inputEnded);
    this.editor?.close();
    this.editor = undefined;
  }

  private open(): void {
    const editor = createInterface({
      input: this.io.stdin.stream,
      output: process.stdout,
      terminal: true,
      historySize: HISTORY_LINES,
      history: this.history.read().reverse(),
      removeHistoryDuplicates: true,
      completer: (line: string, done: (error: Error | null, result: [string[], string]) => void) =>
        void this.candidates(line).then(
          ({ candidates, typed }) => done(null, [[...candidates], typed]),
          () => done(null, [[], '']),
        ),
    });
    this.editor = editor;
    // Before readline draws the line anew: terminals have wrapped it anew by then, so it may begin in another
    // row.
    process.stdout.prependListener('resize', this.resized);
    editor.on('line', (line) => this.entered(line));
    editor.on('SIGINT', () => this.interrupted());
    // The newest line comes first; what must not be kept is taken out of the memory of the arrow keys too.
    editor.on('history', (lines: string[]) => {
      if (this.asking !== undefined || (lines[0] !== undefined && !mayKeep(lines[0]))) lines.shift();
    });
    editor.on('close', this.inputEnded);
  }

  private readonly inputEnded = (): void => {
    if (this.editing) this.io.stdout.write('\n');
    this.editing = false;
    if (!this.running) {
      this.ended?.();
      return;
    }
    // The command keeps its session to its end: half of a `deleteall` is worse than a late goodbye. From here
    // on Ctrl-C comes as a signal.
    this.leaving = true;
    const interrupt = () => this.host?.interrupt();
    this.io.stop.addEventListener('abort', interrupt, { once: true });
    if (this.io.stop.aborted) interrupt();
    const answer = this.asking;
    this.asking = undefined;
    answer?.('');
  };

  private readonly resized = (): void => {
    const { editor } = this;
    if (editor !== undefined) (editor as EditedLine).prevRows = editor.getCursorPos().rows;
  };

  private candidates(line: string): Promise<Completion> {
    if (this.host === undefined || this.asking !== undefined)
      return Promise.resolve({ candidates: [], typed: '' });
    return complete(line, this.host.place);
  }

  private entered(line: string): void {
    this.editing = false;
    const answer = this.asking;
    if (answer !== undefined) {
      this.asking = undefined;
      answer(line);
      return;
    }
    this.waiting.push(line);
    this.runWaiting().catch((error: unknown) => {
      this.shut();
      this.ended?.(error);
    });
  }

  /** Runs the lines entered, one after the other: several come at once when text is pasted. */
  private async runWaiting(): Promise<void> {
    if (this.running) return;
    this.running = true;
    for (let line = this.waiting.shift(); line !== undefined; line = this.waiting.shift()) {
      this.history.add(line);
      await this.host?.run(line);
    }
    this.running = false;
    if (this.leaving) this.ended?.();
    else this.showPrompt();
  }

  private interrupted(): void {
    if (this.asking !== undefined) {
      this.io.stdout.write('^C\n');
      const answer = this.asking;
      this.asking = undefined;
      answer('');
    } else if (this.running) {
      this.waiting.length = 0;
      this.host?.interrupt();
    } else {
      this.io.stdout.write('^C\n');
      this.clearLine();
      this.showPrompt();
    }
  }

  private clearLine(): void {
    const { editor } = this;
    if (editor === undefined) return;
    // Readline has no call to drop a line; these two keys do it at any place of the cursor.
    editor.write(null, { ctrl: true, name: 'e' });
    editor.write(null, { ctrl: true, name: 'u' });
  }

  private showPrompt(): void {
    const { editor, host } = this;
    if (editor === undefined || host === undefined) return;
    editor.setPrompt(host.prompt());
    (editor as EditedLine).prevRows = 0;
    this.editing = true;
    // What was typed while the command ran is in the line already; the cursor stays behind it.
    editor.prompt(true);
  }

  /** Shows the prompt anew, with the line as far as it was typed: something it tells has changed. */
  refresh(): void {
    const { editor, host } = this;
    if (!this.editing || editor === undefined || host === undefined || this.asking !== undefined) return;
    editor.setPrompt(host.prompt());
    editor.prompt(true);
  }

  /** Prints text above the line that is being edited. */
  private print(stream: Io['stdout'], text: string): void {
    const { editor } = this;
    if (!this.editing || editor === undefined) {
      stream.write(text);
      return;
    }
    const { rows } = editor.getCursorPos();
    this.io.stdout.write(`${rows > 0 ? `\x1b[${rows}A` : ''}\r\x1b[J`);
    stream.write(text);
    (editor as EditedLine).prevRows = 0;
    editor.prompt(true);
  }

  /** Asks a question; true for yes. */
  async ask(question: string): Promise<boolean> {
    const { editor } = this;
    if (editor === undefined || this.leaving) return false;
    const answer = new Promise<string>((resolve) => {
      this.asking = resolve;
    });
    editor.setPrompt(`${question} [y/N] `);
    (editor as EditedLine).prevRows = 0;
    this.editing = true;
    editor.prompt();
    return /^\s*y(es)?\s*$/i.test(await answer);
  }

  /** Leaves keyboard and screen to another program while `work` runs. */
  async away<T>(work: () => Promise<T>): Promise<T> {
    this.shut();
    try {
      return await work();
    } finally {
      this.open();
    }
  }
}
