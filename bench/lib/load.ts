/** The load generator as a process of its own: `zkt bench`, as users have it. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { LatencySummary } from '../../src/client/load/latency-histogram.ts';
import { ZKT_MAIN } from './server.ts';

/** What is asked of the generator. */
export interface LoadSpec {
  readonly operation: 'get' | 'set' | 'create' | 'mixed';
  readonly connections: number;
  readonly depth: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly keys?: number;
  readonly prefix?: string;
  readonly keep?: boolean;
}

/** What it said; `zkt bench -o json`. */
export interface LoadFigures {
  readonly perSecond: number;
  readonly operations: number;
  readonly latencyMs: LatencySummary;
  readonly errors: Readonly<Record<string, number>>;
  readonly connectionsLost: number;
  readonly generatorCpu: number;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Puts the load on a server; errors and lost connections are the run's failure. */
export async function runLoad(address: string, spec: LoadSpec): Promise<LoadFigures> {
  const args = ['bench', spec.operation, '-s', address, '-o', 'json'];
  args.push('-c', `${spec.connections}`, '-d', `${spec.depth}`);
  args.push('-t', `${spec.seconds}`, '-w', `${spec.warmUpSeconds}`);
  if (spec.keys !== undefined) args.push('-k', `${spec.keys}`);
  if (spec.prefix !== undefined) args.push('-p', spec.prefix);
  if (spec.keep === true) args.push('--keep');
  const { stdout, stderr, code } = await runZkt(args);
  const [figures] = code === 0 ? (JSON.parse(stdout) as { loads: LoadFigures[] }).loads : [];
  if (figures === undefined) throw new Error(`zkt ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
  return figures;
}

/** Runs the command line to its end. */
export function runZkt(
  args: readonly string[],
): Promise<{ stdout: string; stderr: string; code: number | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [ZKT_MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('utf8');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString('utf8');
    });
    child.once('error', reject);
    child.once('close', (code) => {
      running.delete(child);
      resolve({ stdout, stderr, code });
    });
  });
}
