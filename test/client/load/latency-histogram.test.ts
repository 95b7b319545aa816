import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  FrameBatch,
  FrameTemplate,
  NUMBER_PLACE,
  numbered,
} from '../../../src/client/load/frame-template.ts';
import { LatencyHistogram } from '../../../src/client/load/latency-histogram.ts';
import { encode } from '../../../src/jute/schema.ts';
import { PathRequest, RequestHeader } from '../../../src/protocol/messages.ts';

const exact = (values: number[], of: number) =>
  [...values].sort((x, y) => x - y)[Math.max(1, Math.ceil(of * values.length)) - 1] as number;

it('quantiles are those of the sorted values, within 0.4 % and 0.1 µs', () => {
  const ms = fc.oneof(
    fc.double({ min: 0, max: 0.05, noNaN: true }),
    fc.double({ min: 0, max: 100_000, noNaN: true }),
  );
  fc.assert(
    fc.property(
      fc.array(ms, { minLength: 1, maxLength: 200 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, of) => {
        const h = new LatencyHistogram();
        for (const v of values) h.record(v);
        const want = exact(values, of);
        expect(Math.abs(h.quantile(of) - want)).toBeLessThanOrEqual(want * 0.004 + 0.0001);
      },
    ),
  );
});

it('histograms add up', () => {
  const [a, b, both] = [new LatencyHistogram(), new LatencyHistogram(), new LatencyHistogram()];
  for (let i = 0; i < 1000; i++) {
    (i % 3 === 0 ? a : b).record(i / 7);
    both.record(i / 7);
  }
  a.add(b);
  expect(a.summary()).toEqual({ ...both.summary(), mean: expect.closeTo(both.summary().mean, 9) });
  expect(a.summary()).toMatchObject({ count: 1000, min: 0, max: 999 / 7 });
  expect(new LatencyHistogram().summary()).toEqual({
    count: 0,
    mean: 0,
    min: 0,
    p50: 0,
    p90: 0,
    p99: 0,
    p999: 0,
    max: 0,
  });
});

it('values beyond the range count as the longest', () => {
  const h = new LatencyHistogram();
  h.record(1e9);
  expect(h.quantile(1)).toBeGreaterThan(210_000);
  expect(h.summary().max).toBe(1e9);
});

it('a stamped request is the encoded one', () => {
  const path = `/a/k${NUMBER_PLACE}`;
  const template = new FrameTemplate(9, PathRequest, { path });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer(), fc.nat(99_999_999)), { maxLength: 20 }), (asks) => {
      const batch = new FrameBatch(8);
      for (const [xid, n] of asks) template.append(batch, xid, n);
      const frames = asks.map(([xid, n]) => {
        const body = Buffer.concat([
          encode(RequestHeader, { xid, type: 9 }),
          encode(PathRequest, { path: numbered(path, n) }),
        ]);
        return Buffer.concat([Buffer.from([0, 0, 0, body.length]), body]);
      });
      expect(batch.bytes.subarray(0, batch.end).equals(Buffer.concat(frames))).toBe(true);
    }),
  );
});
