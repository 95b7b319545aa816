/** `zkt top` on a terminal, looking at servers while load is put on them. */
import { readFileSync } from 'node:fs';
import { type IPty, spawn } from '@lydell/node-pty';
import { ZKT_MAIN } from './server.ts';

/** Of /proc: the same on every Linux since 2.4. */
const MS_PER_TICK = 10;
const COLUMNS = 200;
const ROWS = 60;

/** See the head of the file. */
export class Spectator {
  private readonly terminal: IPty;
  private readonly gone: Promise<void>;

  /** Starts to look; `servers` as `--servers` takes them. */
  constructor(servers: string, pane: string) {
    const args = [ZKT_MAIN, 'top', '-s', servers, '--pane', pane];
    const env = { ...process.env, TERM: 'xterm-256color', LANG: 'C.UTF-8' };
    this.terminal = spawn(process.execPath, args, { cols: COLUMNS, rows: ROWS, env });
    this.terminal.onData(() => {});
    this.gone = new Promise((resolve) => {
      this.terminal.onExit(() => resolve());
    });
  }

  /** User and system time so far, ms. */
  get cpuMs(): number {
    const stat = readFileSync(`/proc/${this.terminal.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
  }

  /** Looks no more. */
  async close(): Promise<void> {
    this.terminal.kill('SIGTERM');
    await this.gone;
  }
}
