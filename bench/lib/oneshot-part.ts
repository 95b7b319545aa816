/** How long `zkt get /x` takes as a whole process, from the shell's point of view. */
import { runLoad, runZkt } from './load.ts';
import type { BenchOptions } from './options.ts';
import type { Row } from './report.ts';
import { TestServer } from './server.ts';
import { median } from './start-part.ts';

const RUNS = 11;
const ONESHOT_MS_MAX = 150;

/** The median of several, against a running zkt. */
export async function oneshotPart(options: BenchOptions, say: (line: string) => void): Promise<Row[]> {
  if (!options.subjects.includes('zkt')) return [];
  const server = await TestServer.create('zkt', options.dir);
  try {
    await server.start();
    const made = { operation: 'get', connections: 1, depth: 1, prefix: '/x', keys: 1, keep: true } as const;
    await runLoad(server.address, { ...made, seconds: 0.1, warmUpSeconds: 0 });
    const times: number[] = [];
    for (let i = 0; i < RUNS; i++) {
      const from = performance.now();
      const { code, stderr } = await runZkt(['-s', server.address, 'get', '/x/k00000000']);
      times.push(performance.now() - from);
      if (code !== 0) throw new Error(`zkt get ended with ${code}: ${stderr}`);
    }
    say(`zkt    get /x ${times.map((t) => t.toFixed(0)).join(', ')} ms`);
    const values = { zkt: median(times) };
    return [{ name: 'zkt get /x, whole process', unit: 'ms', values, target: { atMost: ONESHOT_MS_MAX } }];
  } finally {
    await server.remove();
  }
}
