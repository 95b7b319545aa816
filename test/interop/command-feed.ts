/** Feeds a shell one command at a time and tells apart what each printed. */
import { type ChildProcess, spawn } from 'node:child_process';

/** What a command printed. */
export interface Printed {
  readonly command: string;
  /** stdout without the events. */
  readonly out: string;
  /**
   * Events of watches, in order. They come from a thread of their own, before or after what the command
   * prints.
   */
  readonly events: readonly string[];
  readonly err: string;
}

/**
 * Every command is followed by `printwatches`, which works without a connection and says one line: when it is
 * there, the command is done. stderr and events may come a little later.
 */
const MARK = 'printwatches';
const MARK_LINE = /printwatches is (?:on|off)\n(?:Not connected\n)?/g;
const SETTLE_MS = 60;
const COMMAND_MS_MAX = 40_000;
const EVENT = /\nWATCHER::\n\n(WatchedEvent [^\n]*)\n/g;

/** A running shell. */
export class CommandFeed {
  private readonly child: ChildProcess;
  private out = '';
  private err = '';
  private code: number | null | undefined;
  private changedAt = performance.now();

  constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.child = spawn(command, args, { env: { ...process.env, ...env } });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.out += text;
      this.changedAt = performance.now();
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.err += text;
      this.changedAt = performance.now();
    });
    this.child.stdin?.on('error', () => {}); // a shell that has ended takes no more
    this.child.once('close', (code) => {
      this.code = code;
    });
  }

  /** What is printed before the first command. */
  async banner(): Promise<Printed> {
    await this.until(
      () => this.out.includes('JLine support is disabled\n') && this.out.includes('SyncConnected'),
    );
    return await this.taken('');
  }

  /** Sends a command and answers what it printed. */
  async send(command: string): Promise<Printed> {
    const ends = command === 'quit';
    const before = command.trim().split(/\s+/)[0] === MARK ? (command.trim() === MARK ? 1 : 0) : 0;
    this.child.stdin?.write(ends ? `${command}\n` : `${command}\n${MARK}\n`);
    await this.until(() => (this.out.match(MARK_LINE)?.length ?? 0) > before || this.code !== undefined);
    if (this.code !== undefined && !ends)
      throw new Error(`ended with ${this.code} at ${command}:\n${this.err}`);
    const printed = await this.taken(command);
    return printed;
  }

  /** Ends the input; answers the exit code. */
  async end(): Promise<number | null> {
    this.child.stdin?.end();
    await this.until(() => this.code !== undefined);
    return this.code ?? null;
  }

  /** Ends the process if it is still there. */
  kill(): void {
    if (this.code === undefined) this.child.kill('SIGKILL');
  }

  private async taken(command: string): Promise<Printed> {
    this.changedAt = performance.now();
    await this.until(() => performance.now() - this.changedAt >= SETTLE_MS);
    // First the mark: the line of one thread may stand between two lines of another.
    const out = command === '' || command === 'quit' ? this.out : withoutLastMark(this.out);
    const events = [...out.matchAll(EVENT)].map((found) => found[1] as string);
    const printed = { command, out: out.replace(EVENT, ''), events, err: this.err };
    this.out = '';
    this.err = '';
    return printed;
  }

  private async until(done: () => boolean): Promise<void> {
    const start = performance.now();
    while (!done()) {
      if (performance.now() - start > COMMAND_MS_MAX) {
        throw new Error(`no end in ${COMMAND_MS_MAX} ms; stdout:\n${this.out}\nstderr:\n${this.err}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 4));
    }
  }
}

function withoutLastMark(text: string): string {
  const last = [...text.matchAll(MARK_LINE)].at(-1);
  return last === undefined ? text : text.slice(0, last.index) + text.slice(last.index + last[0].length);
}
