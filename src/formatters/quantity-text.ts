/** Rates and sizes in few characters, as tables print them; `-` for what is not known (below 0). */

const three = (value: number): string => (value < 9.95 ? value.toFixed(1) : String(Math.round(value)));

function scaled(value: number, base: number, units: readonly string[]): string {
  let unit = 0;
  while (value >= base * 0.9995 && unit < units.length - 1) {
    value /= base;
    unit++;
  }
  return `${unit === 0 && Number.isInteger(value) ? value : three(value)}${units[unit]}`;
}

/** A number per second: `0.3`, `812`, `6.2k`, `31k`, `1.2M`. */
export const rateText = (value: number): string =>
  value >= 0 ? scaled(value, 1000, ['', 'k', 'M', 'G', 'T']) : '-';

/** Bytes, by 1024: `812B`, `6.2K`, `31M`. */
export const sizeText = (value: number): string =>
  value >= 0 ? scaled(Math.round(value), 1024, ['B', 'K', 'M', 'G', 'T']) : '-';

/** A share (0..1) in percent: `0.4%`, `34%`. */
export const shareText = (share: number): string => {
  const percent = share * 100;
  return `${percent > 0 && percent < 9.95 ? percent.toFixed(1) : Math.round(percent)}%`;
};
