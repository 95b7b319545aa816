/**
 * The terminal of this process. It is given back whole on every way out: `close`, the end of the process, a
 * crash (which is told after the screen is back), SIGTERM, SIGINT, SIGHUP, and Ctrl-Z, after which it is
 * taken again.
 */
import fs from 'node:fs';
import type { TerminalEnd, TerminalOwner, TerminalScreen, Terminals } from '../ports/terminal.ts';

/** Alternate screen, cleared; cursor hidden; lines that are too long are not wrapped. */
const ENTER = '\x1b[?1049h\x1b[2J\x1b[H\x1b[?25l\x1b[?7l';
/** All of it undone, whatever a frame cut in half may have begun. */
const LEAVE = '\x1b[?2026l\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l';
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Bytes that may wait for a slow terminal before a terminal counts as congested. */
const WAITING_BYTES_MAX = 256 * 1024;

let abandoned = false;

/**
 * A terminal that is gone cannot be given back: Node tries when the process ends, and aborts, unless it finds
 * the descriptors closed.
 */
function abandonAtExit(): void {
  if (abandoned) return;
  abandoned = true;
  const terminals = [process.stdin, process.stdout, process.stderr].filter((it) => it.isTTY);
  process.once('exit', () => {
    for (const { fd } of terminals) {
      try {
        fs.closeSync(fd);
      } catch {
        // It was closed already.
      }
    }
  });
}

class SystemScreen implements TerminalScreen {
  private readonly owner: TerminalOwner;
  private readonly stdin = process.stdin;
  private readonly stdout = process.stdout;
  private taken = false;
  private closed = false;
  /** From `suspend` until the process runs again. */
  private suspending = false;
  private readonly undo: (() => void)[] = [];

  constructor(owner: TerminalOwner) {
    this.owner = owner;
    this.listen();
    this.enter();
  }

  get columns(): number {
    return this.stdout.columns || 80;
  }

  get rows(): number {
    return this.stdout.rows || 24;
  }

  get congested(): boolean {
    return this.stdout.writableLength > WAITING_BYTES_MAX;
  }

  write(text: string): void {
    if (this.taken) this.stdout.write(text);
  }

  suspend(): void {
    if (this.closed || this.suspending) return;
    this.suspending = true;
    this.leave();
    // Those who run with it (npm, a script) stop too; then itself, also where it has no shell to wait for it,
    // and SIGTSTP would do nothing.
    process.kill(0, 'SIGTSTP');
    process.kill(process.pid, 'SIGSTOP');
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.leave();
    // Not before all have heard of the signal that may have led here: a library that finds nobody else
    // listening to it kills the process.
    setImmediate(() => {
      for (const each of this.undo) each();
    });
    this.stdin.pause();
    this.stdin.unref?.();
  }

  private listen(): void {
    const on = (target: NodeJS.EventEmitter, event: string, listener: (it: unknown) => void): void => {
      target.on(event, listener);
      this.undo.push(() => void target.off(event, listener));
    };
    this.stdin.setEncoding('utf8');
    on(this.stdin, 'data', (text) => this.owner.input(String(text)));
    const gone = (why: TerminalEnd): void => {
      abandonAtExit();
      this.owner.ended(why);
    };
    on(this.stdin, 'end', () => gone('hangup'));
    on(this.stdin, 'error', () => gone('hangup'));
    on(this.stdout, 'resize', () => this.owner.resized());
    on(this.stdout, 'error', () => gone('output-closed'));
    // These stay while the terminal is ours: a library that gives the process up after a signal nobody else
    // listens to finds that somebody does.
    for (const signal of ENDING)
      on(process, signal, () => (signal === 'SIGHUP' ? gone('hangup') : this.owner.ended('signal')));
    on(process, 'SIGTSTP', () => this.suspend());
    on(process, 'SIGCONT', () => {
      if (this.closed) return;
      this.suspending = false;
      this.enter();
      this.owner.resumed();
    });
    on(process, 'exit', () => this.leave());
    on(process, 'uncaughtException', (error) => this.crashed(error));
    on(process, 'unhandledRejection', (error) => this.crashed(error));
  }

  private enter(): void {
    this.taken = true;
    this.rawMode(true);
    this.stdin.resume();
    this.stdout.write(ENTER);
  }

  private leave(): void {
    if (!this.taken) return;
    this.taken = false;
    this.stdout.write(LEAVE);
    this.rawMode(false);
  }

  private rawMode(on: boolean): void {
    try {
      this.stdin.setRawMode?.(on);
    } catch {
      // The terminal is gone, and its modes with it.
    }
  }

  private crashed(error: unknown): void {
    this.close();
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`zkt: internal error: ${what}\n`);
    process.exit(1);
  }
}

/** The terminal that standard input and output of this process are. */
export const systemTerminal: Terminals = { take: (owner) => new SystemScreen(owner) };
