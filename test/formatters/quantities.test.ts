import { describe, expect, it } from 'vitest';
import { countdownText, durationText, offsetText } from '../../src/formatters/duration-text.ts';
import {
  bytesText,
  bytesWords,
  countText,
  msText,
  msWords,
  percentText,
  shareText,
  spanText,
} from '../../src/formatters/quantity-text.ts';
import { timeText } from '../../src/formatters/time-text.ts';

process.env.TZ = 'UTC';

function check(
  what: string,
  textOf: (value: number) => string,
  cases: readonly (readonly [value: number, text: string])[],
): void {
  describe(what, () => {
    it.each(cases)('%s is %s', (value, text) => expect(textOf(value)).toBe(text));
  });
}

check('a duration', durationText, [
  [0, '0.00 ms'],
  [0.714, '0.71 ms'],
  [9.996, '10.0 ms'],
  [99.96, '100 ms'],
  [999.6, '1.00 s'],
  [34_200, '34.2 s'],
  [125_000, '2 m 05 s'],
  [3_600_000, '1 h 00 m'],
  [90_000_000, '1 d 01 h'],
  [-1, '-'],
  [Number.NaN, '-'],
]);

check('a time since', offsetText, [
  [-2000, '-2.00 s'],
  [0.5, '+0.50 ms'],
]);

check('a time to go', countdownText, [
  [3449, '3.4 s'],
  [-5, '0.0 s'],
]);

check('a span', spanText, [
  [0, '0s'],
  [59_999, '59s'],
  [60_000, '1m0s'],
  [3_725_000, '1h2m'],
  [90_000_000, '1d1h'],
  [-1, '-'],
]);

check('a count', countText, [
  [0, '0'],
  [0.3, '0.3'],
  [812, '812'],
  [999.6, '1.0k'],
  [1000, '1k'],
  [6_200, '6.2k'],
  [31_000, '31k'],
  [1_200_000, '1.2M'],
  [-1, '-'],
]);

check('a size', bytesText, [
  [812, '812B'],
  [1024, '1K'],
  [6_349, '6.2K'],
  [31 * 1024 ** 2, '31M'],
  [-1, '-'],
]);

check('a size in words', bytesWords, [
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1_300_000, '1.2 MiB'],
  [64 * 1024 ** 2, '64 MiB'],
  [3 * 1024 ** 4, '3072 GiB'],
]);

check('a latency', msText, [
  [0, '0'],
  [0.004, '<.01'],
  [0.42, '0.42'],
  [3.14, '3.1'],
  [48.2, '48'],
  [1_200, '1.2s'],
  [300_000, '5m'],
  [-1, '-'],
]);

check('a latency in words', msWords, [
  [0.42, '0.42 ms'],
  [1_200, '1.2 s'],
  [300_000, '5 min'],
  [-1, '-'],
]);

check('a share', percentText, [
  [0.004, '0.4 %'],
  [0.5, '50 %'],
]);

check('a share in a cell', shareText, [
  [0.004, '0.4%'],
  [0.34, '34%'],
]);

const NOON_MS = Date.UTC(2026, 0, 1, 12, 0, 12) + 345.678;

check('a time of day', timeText, [
  [NOON_MS, '12:00:12'],
  [Number.NaN, '-'],
]);
check('a time of day with milliseconds', (ms) => timeText(ms, 'ms'), [
  [NOON_MS, '12:00:12.345'],
  [Number.NaN, '-'],
]);
check('a time of day with microseconds', (ms) => timeText(ms, 'us').slice(0, -1), [
  [NOON_MS, '12:00:12.34567'],
]);
