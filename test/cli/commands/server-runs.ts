/** `zkt server` in the test's process. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { afterEach } from 'vitest';
import { build } from '../../../src/cli/commands/server.ts';
import type { Io, OutStream } from '../../../src/cli/io.ts';

/** What was written to a stream. */
class Capture implements OutStream {
  readonly isTTY = false;
  readonly colour = false;
  readonly columns = 80;
  readonly rows = 24;
  readonly broken = false;
  text = '';
  write(chunk: string | Uint8Array): boolean {
    this.text += chunk.toString();
    return true;
  }
  drained(): Promise<void> {
    return Promise.resolve();
  }
}

/** Done after each test, the last first. */
export const cleanUp: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const one of cleanUp.splice(0).reverse()) await one();
});

/** A directory that is gone after the test. */
export const tempDir = (): string => {
  const dir = mkdtempSync(path.join(tmpdir(), 'zkt-server-'));
  cleanUp.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};

/** A port that is free now. */
export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

/** Runs `zkt server` in this process; `done` settles when it has ended. */
export function run(...args: string[]): {
  stop: () => void;
  done: Promise<void>;
  stderr: Capture;
  stdout: Capture;
} {
  const [stdout, stderr, stop] = [new Capture(), new Capture(), new AbortController()];
  const stdin: Io['stdin'] = { isTTY: false, readAll: async () => Buffer.alloc(0), stream: process.stdin };
  const io: Io = { stdin, stdout, stderr, env: {}, stop: stop.signal };
  const command = new Command('server').exitOverride();
  build(command, { io, globals: {}, exit() {} });
  const done = command.parseAsync(['--log-level', 'silent', ...args], { from: 'user' }).then(() => {});
  return { stop: () => stop.abort('SIGTERM'), done, stderr, stdout };
}

/** What a port answers to some bytes, to the end of the connection; `''` where nothing listens. */
export const ask = (port: number, bytes: string | Buffer): Promise<string> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = createConnection(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => {});
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
  });

/** A running server on a free port, stopped after the test. */
export async function serve(
  ...args: string[]
): Promise<{ port: number; dir: string; stop: () => Promise<void> }> {
  const [port, dir] = [await freePort(), tempDir()];
  const server = run('--data', path.join(dir, 'data'), '--port', String(port), ...args);
  const stop = async (): Promise<void> => {
    server.stop();
    await server.done;
  };
  cleanUp.push(stop);
  for (;;) {
    const answer = await ask(port, 'srvr');
    if (answer.includes('Mode')) return { port, dir, stop };
    await Promise.race([server.done, new Promise((r) => setTimeout(r, 5))]);
  }
}
