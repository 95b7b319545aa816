/** A real `zkt server` in a process of its own: started, killed, started again on the same data. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '../..');
const START_MS = 20_000;

/** How to start it. */
export interface ServerProcessOptions {
  readonly dataDir: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly definitions?: readonly string[];
}

/** A server that serves. */
export interface ServerProcess {
  readonly port: number;
  readonly pid: number;
  /** What it said on stderr so far. */
  log(): string;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** Rejects when the process ends though nobody ended it. */
  readonly crashed: Promise<never>;
}

/** Starts one; rejects with what it said when it does not serve. Needs `npm run build`. */
export async function startServer(options: ServerProcessOptions): Promise<ServerProcess> {
  if (!existsSync(path.join(ROOT, 'dist/cli/main.js'))) throw new Error('not built: run `npm run build`');
  const defines = (options.definitions ?? []).flatMap((line) => ['-D', line]);
  const args = ['server', '--data', options.dataDir, '--port', String(options.port), '--log-format', 'json'];
  const child = spawn(process.execPath, [path.join(ROOT, 'bin/zkt'), ...args, ...defines], {
    cwd: options.dataDir,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const lines: string[] = [];
  const port = await serving(child, lines);
  const gone = new Promise<number | null>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode);
    else child.once('exit', (code) => resolve(code));
  });
  let wanted = false;
  const crashed = gone.then((code): Promise<never> => {
    if (!wanted) throw new Error(`the server ended with ${code}: ${lines.join('').slice(-4000)}`);
    return new Promise(() => {});
  });
  // Whoever waits for it hears of it; an end that nobody waits for is noticed by its clients.
  crashed.catch(() => {});
  return {
    port,
    crashed,
    pid: child.pid as number,
    log: () => lines.join(''),
    kill: async () => {
      wanted = true;
      child.kill('SIGKILL');
      await gone;
    },
    stop: async () => {
      wanted = true;
      child.kill('SIGTERM');
      return gone;
    },
  };
}

/** The port it serves on. */
function serving(child: ChildProcess, lines: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail('it does not serve'), START_MS);
    const fail = (why: string): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(`${why}: ${lines.join('')}`));
    };
    child.once('exit', (code, signal) => fail(`the server ended with ${code ?? signal}`));
    child.stderr?.setEncoding('utf8');
    child.stderr?.on('data', (text: string) => {
      lines.push(text);
      const port = /"name":"server\.serving".*?"port":(\d+)/.exec(lines.join(''))?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(Number(port));
    });
  });
}

/**
 * A port nobody uses, out of the range the kernel hands out by itself: it stays free between two lives of a
 * server.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const free = await new Promise<boolean>((resolve) => {
      const probe = createServer();
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
    });
    if (free) return port;
  }
}
