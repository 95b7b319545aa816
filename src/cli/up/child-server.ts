/**
 * One server of a local ensemble as a child process, started again when it dies. It has a process group of
 * its own, so that Ctrl-C reaches it through its parent alone, and ends when the pipe to its standard input
 * does: however the parent dies, no child stays.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { reasonOf } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Timer, Timers } from '../../ports/timers.ts';
import { LineSplitter } from './line-splitter.ts';
import { RestartPlan } from './restart-plan.ts';

/** How a process ended. */
export interface ChildEnd {
  /** null after a signal, or when it never ran. */
  readonly code: number | null;
  readonly signal: string | null;
  /** Why it never ran. */
  readonly error: string | undefined;
}

/** What is told of a child. */
export interface ChildOwner {
  /** A line of its log. */
  line(text: string): void;
  /** A process was started. */
  started(pid: number): void;
  /** It has died. True: start it again. */
  died(end: ChildEnd): boolean;
  /** It is going to be started again. */
  restartsIn(ms: number): void;
}

/** See the top of the file. */
export class ChildServer {
  private readonly command: readonly string[];
  private readonly owner: ChildOwner;
  private readonly clock: Clock;
  private readonly timers: Timers;
  private readonly plan = new RestartPlan();
  private child: ChildProcess | undefined;
  private restart: Timer | undefined;
  private stopping = false;
  private stopped: () => void = () => {};

  /** `command` is the program and its arguments. */
  constructor(
    command: readonly string[],
    owner: ChildOwner,
    { clock, timers }: { readonly clock: Clock; readonly timers: Timers },
  ) {
    this.command = command;
    this.owner = owner;
    this.clock = clock;
    this.timers = timers;
  }

  /** True while there is a process. */
  get running(): boolean {
    return this.child !== undefined;
  }

  /** Starts the process. */
  start(): void {
    const [program = '', ...args] = this.command;
    const since = this.clock.monotonicMs();
    const lines = new LineSplitter();
    const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'], detached: true });
    this.child = child;
    let error: string | undefined;
    child.stderr.on('data', (chunk: Buffer) => {
      for (const line of lines.take(chunk)) this.owner.line(line);
    });
    child.stdin.on('error', () => {});
    child.once('error', (thrown) => {
      error = reasonOf(thrown);
      // Without a process there is no 'close'.
      if (child.pid === undefined) this.ended({ code: null, signal: null, error }, since);
    });
    child.once('close', (code, signal) => {
      for (const line of lines.end()) this.owner.line(line);
      this.ended({ code, signal, error }, since);
    });
    if (child.pid !== undefined) this.owner.started(child.pid);
  }

  /**
   * Sends SIGTERM, or another signal; resolves when there is no process any more. None is started after this.
   */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.stopping = true;
    this.restart?.cancel();
    if (this.child === undefined) return Promise.resolve();
    const before = this.stopped;
    const done = new Promise<void>((resolve) => {
      this.stopped = () => {
        before();
        resolve();
      };
    });
    this.child.kill(signal);
    return done;
  }

  private ended(end: ChildEnd, since: number): void {
    if (this.child === undefined) return;
    this.child = undefined;
    const again = this.owner.died(end);
    if (this.stopping || !again) {
      this.stopped();
      return;
    }
    const ms = this.plan.next(this.clock.monotonicMs() - since);
    this.owner.restartsIn(ms);
    this.restart = this.timers.after(ms, () => this.start());
  }
}
