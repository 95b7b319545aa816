/** Clocks that disagree: found, corrected, and never an effect before its cause. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ZktEvent } from '../../../src/events/table.ts';
import { assemble } from '../../../src/inspect/trace/assemble.ts';
import { CauseGraph, partsOf } from '../../../src/inspect/trace/causes.ts';
import { estimateClocks } from '../../../src/inspect/trace/clocks.ts';
import { sightingsOf } from '../../../src/inspect/trace/sightings.ts';
import { key, writeThroughFollower } from './story.ts';

const pair = (causeNode: string, causeMs: number, effectNode: string, effectMs: number) => ({
  causeNode,
  causeMs,
  effectNode,
  effectMs,
});

describe('estimates', () => {
  const check = (pairs: ReturnType<typeof pair>[], wanted: Record<string, number>) => {
    const found = estimateClocks(pairs, 'client');
    expect([...found.keys()].sort()).toEqual([...Object.keys(wanted), 'client'].sort());
    for (const [node, ms] of Object.entries(wanted)) expect(found.get(node)).toBeCloseTo(ms, 9);
  };

  test('clocks that fit are left alone', () => {
    check([pair('client', 0, '1', 0.1), pair('1', 2, 'client', 2.1)], { '1': 0 });
  });
  test('the middle between both bounds', () => {
    check([pair('client', 0, '1', 3000.1), pair('1', 3002, 'client', 2.3)], { '1': -2999.9 });
  });
  test('one bound: no more than is needed', () => {
    check([pair('client', 0, '1', -5)], { '1': 5 });
    check([pair('1', 7, 'client', 4)], { '1': -3 });
  });
  test('one node by way of another; a third that is right stays so', () => {
    check(
      [
        pair('client', 0, '1', 3000),
        pair('1', 3010, 'client', 10),
        pair('1', 3002, '3', 4),
        pair('3', 6, '1', 3008),
      ],
      { '1': -3000, '3': 0 },
    );
  });
  test('nodes that nothing leads to are not in it', () => {
    check([pair('8', 0, '9', -1)], {});
  });
});

test('three seconds apart: the drawing is the same, and it is said by how much', () => {
  const right = assemble(writeThroughFollower().events, key());
  const wrong = assemble(writeThroughFollower({ '1': 3000, '2': -3000 }).events, key());
  expect(wrong.criticalPath.map(({ node, stage }) => `${node} ${stage}`)).toEqual(
    right.criticalPath.map(({ node, stage }) => `${node} ${stage}`),
  );
  const corrections = Object.fromEntries(wrong.servers.map(({ node, correctedMs }) => [node, correctedMs]));
  expect(corrections['1']).toBeCloseTo(-3000, 0);
  expect(corrections['2']).toBeCloseTo(3000, 0);
  expect(corrections['3']).toBe(0);
  expect(wrong.totalMs).toBeCloseTo(3.42, 2);
  expect(wrong.contradictionMs).toBe(0);
});

describe('whatever the clocks say', () => {
  const skew = fc.double({ min: -3000, max: 3000, noNaN: true });
  const skews = fc.record({ '1': skew, '2': skew, '3': skew });

  /** Events with some of them missing. */
  const some = (events: readonly ZktEvent[], lost: readonly number[]): ZktEvent[] => {
    const gone = new Set(lost.map((i) => i % events.length));
    return events.filter((_, i) => !gone.has(i));
  };

  test('each cause comes before its effect, and the steps add up', () => {
    fc.assert(
      fc.property(skews, fc.array(fc.nat(100), { maxLength: 12 }), fc.boolean(), (skewMs, lost, ownLate) => {
        const events = some(writeThroughFollower(skewMs, ownLate ? 2.9 : 2.3).events, lost);
        const trace = assemble(events, key());
        const sightings = sightingsOf(events, key());
        const graph = new CauseGraph(sightings, partsOf(sightings));
        const place = new Map(trace.stages.map((it, i) => [`${it.stage} ${it.node} ${it.peer ?? ''}`, i]));
        const times = trace.stages.map(({ endMs }) => endMs);
        for (const { seen, causes } of graph.everything) {
          const effect = place.get(`${seen.stage} ${seen.node} ${seen.peer ?? ''}`);
          for (const cause of causes) {
            const before = place.get(`${cause.stage} ${cause.node} ${cause.peer ?? ''}`);
            if (effect === undefined || before === undefined) continue;
            expect(before).toBeLessThan(effect);
            expect(times[before]).toBeLessThanOrEqual(times[effect] as number);
          }
        }
        for (const { ms } of trace.criticalPath) expect(ms).toBeGreaterThanOrEqual(0);
        const sum = trace.criticalPath.reduce((total, { ms }) => total + ms, 0);
        expect(sum).toBeCloseTo(trace.totalMs as number, 6);
        expect(trace.totalMs).toBeCloseTo(3.42, 2);
        expect(trace.contradictionMs).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test('a clock that is set in the midst of it: told, and the order kept', () => {
    const events = writeThroughFollower().events.map(
      (it): ZktEvent =>
        it.node === '3' && it.name === 'zab.committed' ? { ...it, time: it.time - 500 } : it,
    );
    const trace = assemble(events, key());
    expect(trace.contradictionMs).toBeGreaterThan(400);
    expect(trace.stages.map(({ stage }) => stage).indexOf('committed')).toBeGreaterThan(
      trace.stages.findIndex(({ stage, node }) => stage === 'acked' && node === '2'),
    );
  });
});
