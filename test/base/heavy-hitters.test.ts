import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeavyHitters } from '../../src/base/heavy-hitters.ts';
import { Prng } from '../../src/base/prng.ts';

type Item = readonly [key: string, weight: number];

/** Adds items and compares with what is exact; answers the sketch. */
function check(capacity: number, items: readonly Item[]): HeavyHitters {
  const sketch = new HeavyHitters(capacity);
  const exact = new Map<string, number>();
  for (const [key, weight] of items) {
    sketch.add(key, weight, weight / 2, weight * 10);
    exact.set(key, (exact.get(key) ?? 0) + weight);
  }
  const total = items.reduce((sum, [, weight]) => sum + weight, 0);
  const top = sketch.top(capacity);
  expect(sketch.total).toBe(total);
  expect(top.length).toBe(Math.min(capacity, exact.size));
  for (const { key, count, error, writes, bytes } of top) {
    const truth = exact.get(key) ?? 0;
    expect(count).toBeGreaterThanOrEqual(truth);
    expect(count - error).toBeLessThanOrEqual(truth);
    expect(error).toBeLessThanOrEqual(total / capacity);
    // What is summed beside the weight is of the time since the key is held: what is certain of it.
    expect(writes).toBe((count - error) / 2);
    expect(bytes).toBe((count - error) * 10);
  }
  const held = new Set(top.map(({ key }) => key));
  for (const [key, weight] of exact) if (weight > total / capacity) expect(held, key).toContain(key);
  return sketch;
}

const items = fc.array(fc.tuple(fc.constantFrom(...'abcdefghijklmnop'), fc.integer({ min: 1, max: 9 })), {
  maxLength: 300,
});

describe('heavy hitters', () => {
  it('keeps its bounds, whatever comes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), items, (capacity, all) => void check(capacity, all)),
    );
  });
  it('is exact while there are places', () => {
    const top = check(4, [
      ['a', 1],
      ['b', 5],
      ['a', 2],
      ['c', 1],
    ]).top(2);
    expect(top.map(({ key, count, error }) => [key, count, error])).toEqual([
      ['b', 5, 0],
      ['a', 3, 0],
    ]);
  });
  it('a few heavy keys are found among a hundred thousand light ones', () => {
    const random = new Prng(1);
    const all = Array.from({ length: 100_000 }, (_, i): Item => {
      const heavy = random.below(100);
      return heavy < 10 ? [`heavy${heavy}`, 1] : [`light${i}`, 1];
    });
    const top = check(200, all).top(10);
    expect(top.map(({ key }) => key).sort()).toEqual(Array.from({ length: 10 }, (_, i) => `heavy${i}`));
    for (const { count, error } of top) {
      expect(count - error).toBeGreaterThan(400);
      expect(count).toBeLessThan(1_600);
    }
  });
  it('begins anew', () => {
    const sketch = check(2, [['a', 1]]);
    sketch.clear();
    expect([sketch.total, sketch.top(2)]).toEqual([0, []]);
    sketch.add('b', 1, 0, 0);
    expect(sketch.top(2).map(({ key }) => key)).toEqual(['b']);
  });
});
