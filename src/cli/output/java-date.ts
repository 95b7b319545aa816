/**
 * Times as Java's `Date.toString` writes them in English, which is how zkCli shows them: `Sat Nov 21 08:16:13
 * UTC 2026`.
 */

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** Languages that have short names for the time zones of their countries. */
const LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-CA', 'en-IN', 'en-ZA', 'en-NZ'];
const two = (n: number): string => String(n).padStart(2, '0');

/** `ms` since 1970 in local time; `ms` itself where it is no time at all. */
export function javaDate(ms: bigint): string {
  const date = new Date(Number(ms));
  if (Number.isNaN(date.getTime())) return String(ms);
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${DAYS[date.getDay()]} ${MONTHS[date.getMonth()]} ${two(date.getDate())} ${time} ${zoneName(date)} ${date.getFullYear()}`;
}

/** `UTC`, `CET`, `PDT`; `GMT+05:45` where the zone has no short name. */
function zoneName(date: Date): string {
  // Asking Intl costs some ten milliseconds, so the commonest answer is taken from the long form of the date.
  if (date.getTimezoneOffset() === 0 && date.toString().includes('(Coordinated Universal Time)'))
    return 'UTC';
  for (const locale of LOCALES) {
    const parts = new Intl.DateTimeFormat(locale, { timeZoneName: 'short' }).formatToParts(date);
    const name = parts.find((part) => part.type === 'timeZoneName')?.value;
    if (name !== undefined && !/^(GMT|UTC)[+-]/.test(name)) return name;
  }
  const offset = -date.getTimezoneOffset();
  const size = Math.abs(offset);
  return `GMT${offset < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}
