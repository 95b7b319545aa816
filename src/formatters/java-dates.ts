/**
 * Times as Java writes them in English: what Apache's tools print. Local time, so TZ counts, as it does
 * there.
 */

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** Languages that have short names for the time zones of their countries. */
const LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-CA', 'en-IN', 'en-ZA', 'en-NZ'];
const two = (n: number): string => String(n).padStart(2, '0');

/** Zone names by offset: a zone has one or two, and asking Intl is slow. */
const zoneNames = new Map<number, string>();

/** `UTC`, `CET`, `PDT`; `GMT+05:45` where the zone has no short name. */
function zoneName(date: Date): string {
  const offset = -date.getTimezoneOffset();
  let name = zoneNames.get(offset);
  if (name === undefined) {
    name = findZoneName(date, offset);
    zoneNames.set(offset, name);
  }
  return name;
}

function findZoneName(date: Date, offset: number): string {
  if (offset === 0 && date.toString().includes('(Coordinated Universal Time)')) return 'UTC';
  for (const locale of LOCALES) {
    const parts = new Intl.DateTimeFormat(locale, { timeZoneName: 'short' }).formatToParts(date);
    const name = parts.find((part) => part.type === 'timeZoneName')?.value;
    if (name !== undefined && !/^(GMT|UTC)[+-]/.test(name)) return name;
  }
  const size = Math.abs(offset);
  return `GMT${offset < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

const dateOf = (ms: bigint): Date | undefined => {
  const date = new Date(Number(ms));
  return Number.isNaN(date.getTime()) ? undefined : date;
};

/** Remembers the text of the last second: times in files come in order. */
const perSecond = (format: (date: Date) => string): ((ms: bigint) => string) => {
  let second: bigint | undefined;
  let text = '';
  return (ms) => {
    const now = ms / 1000n;
    if (now !== second || ms < 0n) {
      const date = dateOf(ms);
      text = date === undefined ? String(ms) : format(date);
      second = ms < 0n ? undefined : now;
    }
    return text;
  };
};

/** `Sat Nov 21 08:16:13 UTC 2026`, for `ms` since 1970; `ms` itself where it is no time at all. */
export const javaDate = perSecond((date) => {
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const day = `${DAYS[date.getDay()]} ${MONTHS[date.getMonth()]} ${two(date.getDate())}`;
  return `${day} ${time} ${zoneName(date)} ${date.getFullYear()}`;
});

/** `11/21/26, 8:16:13 AM UTC`: Java's short date and long time in the American locale. */
export const javaShortDate = perSecond((date) => {
  const day = `${date.getMonth() + 1}/${date.getDate()}/${two(date.getFullYear() % 100)}`;
  const hour = date.getHours() % 12 === 0 ? 12 : date.getHours() % 12;
  const half = date.getHours() < 12 ? 'AM' : 'PM';
  return `${day}, ${hour}:${two(date.getMinutes())}:${two(date.getSeconds())} ${half} ${zoneName(date)}`;
});
