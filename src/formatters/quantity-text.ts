/** Numbers as people read them at a glance, in few characters. A number below 0 is one that is not known. */

/** Shown for what is not known. */
export const UNKNOWN = '-';

const short = (value: number): string =>
  value < 10 && !Number.isInteger(value) ? value.toFixed(1) : String(Math.round(value));

/** `812`, `6.2k`, `31k`, `1.2M`. */
export function countText(value: number): string {
  if (!(value >= 0)) return UNKNOWN;
  if (value < 999.5)
    return value < 10 && value > 0 && !Number.isInteger(value) ? value.toFixed(1) : String(Math.round(value));
  for (const unit of ['k', 'M', 'G']) {
    value /= 1000;
    if (value < 999.5) return `${short(value)}${unit}`;
  }
  return `${short(value / 1000)}T`;
}

/** `812B`, `6.2K`, `31M`, by 1024. */
export function bytesText(value: number): string {
  if (!(value >= 0)) return UNKNOWN;
  if (value < 1024) return `${Math.round(value)}B`;
  for (const unit of ['K', 'M', 'G']) {
    value /= 1024;
    if (value < 999.5) return `${short(value)}${unit}`;
  }
  return `${short(value / 1024)}T`;
}

/** Milliseconds: `0.42`, `3.1`, `48`, `1.2s`, `5m`. */
export function msText(value: number): string {
  if (!(value >= 0)) return UNKNOWN;
  if (value < 1) return value === 0 ? '0' : value < 0.01 ? '<.01' : value.toFixed(2).replace(/^0/, '0');
  if (value < 9.95) return value.toFixed(1);
  if (value < 999.5) return String(Math.round(value));
  if (value < 59_950) return `${short(value / 1000)}s`;
  return `${Math.round(value / 60_000)}m`;
}

/** Milliseconds in a sentence: `0.42 ms`, `480 ms`, `1.2 s`, `5 min`. */
export function msWords(value: number): string {
  const text = msText(value);
  if (text.endsWith('s')) return `${text.slice(0, -1)} s`;
  if (text.endsWith('m')) return `${text.slice(0, -1)} min`;
  return text === UNKNOWN ? text : `${text} ms`;
}

/** The two largest units: `3d4h`, `12m5s`, `7s`. */
export function spanText(ms: number): string {
  if (!(ms >= 0)) return UNKNOWN;
  const seconds = Math.floor(ms / 1000);
  const units: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ];
  const first = units.findIndex(([n]) => n > 0);
  if (first < 0) return '0s';
  return units
    .slice(first, first + 2)
    .map(([n, unit]) => `${n}${unit}`)
    .join('');
}

/** A count in full, with spaces between thousands: `1 203`. */
export const fullCount = (value: number): string =>
  String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ' ');

/** A size in a sentence, by 1024: `512 B`, `1.2 MiB`. */
export function bytesWords(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let value = bytes;
  let unit = -1;
  while (value >= 1024 && unit < 2) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(value < 10 ? 1 : 0)} ${'KMG'[unit]}iB`;
}

/** A share (0..1) in percent: `7 %`, `0.4 %`. */
export const percentText = (share: number): string => {
  const percent = share * 100;
  return `${percent > 0 && percent < 0.95 ? percent.toFixed(1) : percent.toFixed(0)} %`;
};

/** A share (0..1) in percent, as a cell of a table: `0.4%`, `34%`. */
export const shareText = (share: number): string => {
  const percent = share * 100;
  return `${percent > 0 && percent < 9.95 ? percent.toFixed(1) : Math.round(percent)}%`;
};
