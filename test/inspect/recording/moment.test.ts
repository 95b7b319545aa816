import { expect, it } from 'vitest';
import { momentOf } from '../../../src/inspect/recording/moment.ts';

const START = new Date(2024, 4, 1, 23, 50, 0).getTime();
const END = START + 20 * 60_000;

it.each([
  ['0%', 0],
  ['50%', 600_000],
  ['100%', 1_200_000],
  ['900%', 1_200_000],
  ['90s', 90_000],
  ['+90s', 90_000],
  ['1.5m', 90_000],
  ['1h', 3_600_000],
  ['250ms', 250],
  ['23:55', 300_000],
  ['23:50:07', 7_000],
  ['23:50:07.5', 7_500],
  ['00:05', 900_000], // the day after
  [' 5m ', 300_000],
] as const)('%s', (text, afterStart) => {
  expect(momentOf(text, START, END)).toBe(START + afterStart);
});

it('takes a time with its date', () => {
  expect(momentOf('2024-05-01T22:00:00Z', START, END)).toBe(Date.UTC(2024, 4, 1, 22));
});

it.each(['', 'x', '5', '25:00', '12:60', '12:00:61', '5d', '-5s', '%', '1e9s', '5%5'])(
  '%j is no time',
  (text) => {
    expect(momentOf(text, START, END)).toBeUndefined();
  },
);
