import { expect, it } from 'vitest';
import { readOptions } from '../../bench/lib/options.ts';
import { isMet, type Row, ratioOf, tableText } from '../../bench/lib/report.ts';

const row = (apache: number | undefined, zkt: number | undefined, target: Row['target']): Row => ({
  name: 'get',
  unit: 'ops/s',
  values: { ...(apache !== undefined && { apache }), ...(zkt !== undefined && { zkt }) },
  target,
});

it('judges by the ratio, or by the figure itself', () => {
  expect(isMet(row(100, 200, { atLeastTimes: 2 }))).toBe(true);
  expect(isMet(row(100, 199, { atLeastTimes: 2 }))).toBe(false);
  expect(isMet(row(90, 30, { atMostTimes: 1 / 3 }))).toBe(true);
  expect(isMet(row(90, 31, { atMostTimes: 1 / 3 }))).toBe(false);
  expect(isMet(row(undefined, 20, { atMost: 20 }))).toBe(true);
  expect(isMet(row(1, 21, { atMost: 20 }))).toBe(false);
});

it('says nothing where there is nothing to compare', () => {
  expect(isMet(row(undefined, 5, { atLeastTimes: 2 }))).toBeUndefined();
  expect(isMet(row(5, undefined, { atMost: 2 }))).toBeUndefined();
  expect(isMet(row(1, 1, undefined))).toBeUndefined();
  expect(ratioOf(row(0, 1, undefined))).toBeUndefined();
});

it('prints a table whose columns line up', () => {
  const rows = [row(69_653, 594_116, { atLeastTimes: 5 }), row(undefined, 0.5, { atMost: 20 })];
  const [head, ...lines] = tableText(rows).split('\n');
  expect(head).toMatch(/^ +Apache +zkt +ratio +target +met$/);
  expect(lines[0]).toMatch(/^get {2}69,653 ops\/s {2}594,116 ops\/s {2}8\.53x +>= 5x {2}yes$/);
  expect(lines[1]).toMatch(/^get +0\.500 ops\/s +<= 20\.00 ops\/s {2}yes$/);
  expect(lines.map((line) => line.length)).toEqual([head?.length, head?.length]);
});

it('reads its options', () => {
  const quick = readOptions(['--quick', '--parts', 'load,start', '--rows', 'get|set c=8', '--only', 'zkt']);
  expect([...quick.parts]).toEqual(['load', 'start']);
  expect(quick).toMatchObject({
    subjects: ['zkt'],
    seconds: 2,
    nodes: 200_000,
    rounds: 1,
    rows: /get|set c=8/,
  });
  expect(readOptions([])).toMatchObject({
    subjects: ['apache', 'zkt'],
    seconds: 8,
    nodes: 1_000_000,
    rows: undefined,
  });
});
