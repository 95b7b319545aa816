/** The time of day as people read it. Pure but for the time zone, which is this process's. */

const two = (value: number): string => String(value).padStart(2, '0');

/** Digits of a second that are shown. */
export type TimeDigits = 's' | 'ms' | 'us';

/**
 * A time of day in local time, of wall clock ms: `12:03:04`, with `ms` `12:03:04.123`, with `us`
 * `12:03:04.123456`; `-` for what is no time.
 */
export function timeText(wallMs: number, digits: TimeDigits = 's'): string {
  const at = new Date(wallMs);
  if (Number.isNaN(at.getTime())) return '-';
  const seconds = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  if (digits === 's') return seconds;
  const millis = String(at.getMilliseconds()).padStart(3, '0');
  if (digits === 'ms') return `${seconds}.${millis}`;
  const micros = Math.floor((wallMs - Math.floor(wallMs)) * 1000);
  return `${seconds}.${millis}${String(micros).padStart(3, '0')}`;
}
