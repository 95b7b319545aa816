/**
 * zkt as its users have it: `bin/zkt` in processes of its own. Needs `npm run build`; ZKT_BIN names another
 * build.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from './apache.ts';

/** The launcher under test. */
export const ZKT_BIN = process.env.ZKT_BIN ?? path.join(import.meta.dirname, '..', '..', 'bin', 'zkt');

/** Runs a command to its end. */
export function runZkt(
  args: readonly string[],
): Promise<{ stdout: string; stderr: string; code: number | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [ZKT_BIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('utf8');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString('utf8');
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ stdout, stderr, code }));
  });
}

/** A running `zkt server`. */
export interface ZktServer {
  readonly port: number;
  readonly address: string;
  /** Stops it and removes its directory. */
  remove(): Promise<void>;
}

/**
 * Starts `zkt server` on a free port of 127.0.0.1 and waits until it serves. `define` are `-D` properties.
 */
export async function startZkt(define: Readonly<Record<string, string>> = {}): Promise<ZktServer> {
  const port = await freePort();
  const dir = mkdtempSync(path.join(tmpdir(), 'zkt-server-'));
  const defines = Object.entries(define).flatMap(([key, value]) => ['-D', `${key}=${value}`]);
  const args = [ZKT_BIN, 'server', '--port', String(port), '--data', path.join(dir, 'data'), ...defines];
  const child = spawn(process.execPath, [...args, '--log-format', 'json'], { cwd: dir });
  const log = await served(child);
  return {
    port,
    address: `127.0.0.1:${port}`,
    remove: async () => {
      const ended = new Promise((resolve) => child.once('close', resolve));
      if (child.exitCode === null) {
        child.kill('SIGTERM');
        await ended;
      }
      log.length = 0;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function served(child: ChildProcess): Promise<string[]> {
  const log: string[] = [];
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer) => {
      log.push(chunk.toString('utf8'));
      if (log.join('').includes('"server.serving"')) resolve(log);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('close', (code) => reject(new Error(`zkt server ended with ${code}:\n${log.join('')}`)));
  });
}
