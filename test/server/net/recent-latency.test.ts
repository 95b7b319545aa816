import { expect, it } from 'vitest';
import { RecentLatency } from '../../../src/server/net/recent-latency.ts';

/** A second with so many requests, every other one slow; answers how many were measured. */
function second(recent: RecentLatency, requests: number): number {
  for (let i = 0; i < requests; i++) if (--recent.gap < 0) recent.take(i % 2 === 0 ? 1 : 3);
  return recent.us.count;
}

it('measures every request while there are few', () => {
  const recent = new RecentLatency();
  expect(second(recent, 1000)).toBe(1000);
  expect([recent.us.min, recent.us.max, recent.us.average]).toEqual([1000, 3000, 2000]);
  recent.restart(1000);
  expect(second(recent, 4000)).toBe(4000);
});

it('measures about so many of many, and not always the same of two', () => {
  const recent = new RecentLatency();
  second(recent, 500_000);
  recent.restart(1000);
  const measured = second(recent, 500_000);
  expect(measured).toBeGreaterThan(3_000);
  expect(measured).toBeLessThan(8_000);
  expect(recent.us.average).toBeGreaterThan(1_900);
  expect(recent.us.average).toBeLessThan(2_100);
  recent.restart(1000);
  second(recent, 100);
  recent.restart(1000);
  expect(second(recent, 100)).toBeGreaterThan(90);
});
