import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, vi } from 'vitest';
import { startGcWatch } from '../../src/cli/serving/gc.ts';
import { Bus } from '../../src/events/bus.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { watchGc } from '../../src/platform/gc-watch.ts';

/** Collects everything, at once. */
function collect(): void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  gc();
}

/** Enough live objects that to go over them takes a while. */
const ballast = Array.from({ length: 500_000 }, (_, i) => ({ i }));

it('a pause is told, with its kind and time, until the watch is closed', async () => {
  const told: { kind: string; ms: number }[] = [];
  const watch = watchGc((kind, ms) => told.push({ kind, ms }));
  collect();
  await vi.waitFor(() => expect(told.some(({ kind }) => kind === 'major')).toBe(true));
  for (const { ms } of told) expect(ms).toBeGreaterThan(0);
  watch.close();
  const before = told.length;
  collect();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(told).toHaveLength(before);
});

it('a server tells of long pauses alone', async () => {
  const bus = new Bus('1', systemClock);
  const told: number[] = [];
  bus.subscribe({ names: ['loop.gc'], take: ({ fields }) => void told.push((fields as { ms: number }).ms) });
  const watch = startGcWatch({ bus });
  collect();
  await vi.waitFor(() => expect(told.length).toBeGreaterThan(0));
  for (const ms of told) expect(ms).toBeGreaterThanOrEqual(1);
  watch.close();
  expect(ballast).toHaveLength(500_000);
});
