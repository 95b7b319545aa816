import { ZktError } from '../../base/errors.ts';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** The longest a timer can hold, ms. */
const DURATION_MS_MAX = 0x7fffffff;

/**
 * A duration: `500ms`, `30s`, `10m`, `1.5h`, `2d`; a bare number is seconds. Answers ms; throws ZKT_USAGE
 * with the option's name.
 */
export function durationMs(text: string, option: string): number {
  const found = /^(\d{1,9}(?:\.\d{1,3})?)(ms|[smhd])?$/.exec(text);
  const ms = found === null ? Number.NaN : Number(found[1]) * (UNITS[found[2] ?? 's'] as number);
  if (ms > 0 && ms <= DURATION_MS_MAX) return ms;
  const why = `${option} is a time such as 500ms, 30s, 10m or 1h, not ${text}`;
  throw new ZktError('ZKT_USAGE', { why });
}
