/** Times as people type them to go to in a recording. Pure. */

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const DAY_MS = 86_400_000;

/**
 * The moment meant, wall clock ms: `12:34:56` (local; the first one after the start), `90s`, `5m`, `1h` from
 * the start, `50%` of the way, or an ISO-8601 time. Undefined for what is none of these.
 */
export function momentOf(text: string, startMs: number, endMs: number): number | undefined {
  const wanted = text.trim();
  const percent = /^(\d{1,3}(?:\.\d+)?)%$/.exec(wanted)?.[1];
  if (percent !== undefined) return startMs + (Math.min(100, Number(percent)) / 100) * (endMs - startMs);
  const [, count, unit] = /^\+?(\d{1,12}(?:\.\d+)?)(ms|s|m|h)$/.exec(wanted) ?? [];
  if (count !== undefined && unit !== undefined) return startMs + Number(count) * (UNITS[unit] ?? 0);
  const [, hours, minutes, seconds] = /^(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?$/.exec(wanted) ?? [];
  if (hours !== undefined && minutes !== undefined)
    return timeOfDay(startMs, Number(hours), Number(minutes), Number(seconds ?? 0));
  const iso = /^\d{4}-\d{2}-\d{2}([T ]|$)/.test(wanted) ? Date.parse(wanted) : Number.NaN;
  return Number.isNaN(iso) ? undefined : iso;
}

function timeOfDay(startMs: number, hours: number, minutes: number, seconds: number): number | undefined {
  if (hours > 23 || minutes > 59 || seconds >= 60) return undefined;
  const day = new Date(startMs);
  day.setHours(hours, minutes, 0, 0);
  const ms = day.getTime() + seconds * 1000;
  // A recording that begins before midnight and goes on after it.
  return ms < startMs - 1000 ? ms + DAY_MS : ms;
}
