/** Start on an empty data directory, until the first answer, and what it takes of memory. */
import type { BenchOptions, Subject } from './options.ts';
import type { Row } from './report.ts';
import { TestServer } from './server.ts';

const RUNS = 5;
const START_MS_MAX = 200;

/** The median of several starts of each. */
export async function startPart(options: BenchOptions, say: (line: string) => void): Promise<Row[]> {
  const start: Partial<Record<Subject, number>> = {};
  const memory: Partial<Record<Subject, number>> = {};
  for (const subject of options.subjects) {
    const times: number[] = [];
    const sizes: number[] = [];
    for (let i = 0; i < RUNS; i++) {
      const server = await TestServer.create(subject, options.dir);
      try {
        times.push(await server.start());
        sizes.push(server.residentMb);
      } finally {
        await server.remove();
      }
    }
    start[subject] = median(times);
    memory[subject] = median(sizes);
    say(`${subject.padEnd(6)} start ${times.map((t) => t.toFixed(0)).join(', ')} ms`);
  }
  return [
    { name: 'empty start, to serving', unit: 'ms', values: start, target: { atMost: START_MS_MAX } },
    { name: 'empty start, resident', unit: 'MB', values: memory, target: undefined },
  ];
}

/** The middle one. */
export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
