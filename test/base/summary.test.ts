import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Summary } from '../../src/base/summary.ts';

const of = (values: readonly number[]): Summary => {
  const s = new Summary();
  for (const v of values) s.add(v);
  return s;
};

describe('a summary', () => {
  test('is all zeros while empty, and after a reset', () => {
    const s = of([5, 7]);
    s.reset();
    for (const e of [new Summary(), s]) {
      expect([e.count, e.sum, e.min, e.max, e.average, e.percentile(0.5)]).toEqual([0, 0, 0, 0, 0, 0]);
    }
  });

  test.each([
    [[-3], [1, 0, 0, 0]],
    [[2.9], [1, 2, 2, 2]],
    [[1e12], [1, 0x7fffffff, 0x7fffffff, 0x7fffffff]],
    [[Number.NaN], [1, 0, 0, 0]],
  ])('%j', (values, [count, sum, min, max]) => {
    const s = of(values);
    expect([s.count, s.sum, s.min, s.max]).toEqual([count, sum, min, max]);
  });

  test('percentiles are those of the sorted values, up to 127 exactly, above at most 3.2 % too low', () => {
    const value = fc.oneof(fc.integer({ min: 0, max: 127 }), fc.integer({ min: 0, max: 0x7fffffff }));
    const share = fc.constantFrom(0, 0.1, 0.5, 0.95, 0.99, 0.999, 1);
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 200 }), share, (values, p) => {
        const sorted = [...values].sort((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(p * values.length)) - 1] as number;
        const got = of(values).percentile(p);
        if (exact < 128) expect(got).toBe(exact);
        else {
          expect(got).toBeLessThanOrEqual(exact);
          expect(got).toBeGreaterThan(exact * 0.968);
        }
      }),
    );
  });
});
