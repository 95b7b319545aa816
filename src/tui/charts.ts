/**
 * Small charts in text, one line high: bars, sparklines. Each has a drawing in ASCII for terminals that know
 * no blocks.
 */

/** Eighths of a column, from the left. */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;
/** Eighths of a row, from below. */
const LEVELS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;
/** The same from what every terminal has; by how dark they look. */
const ASCII_LEVELS = ['_', '.', ':', '-', '=', '+', '*', '#'] as const;

const clamp = (share: number): number => (share > 0 ? Math.min(1, share) : 0);

/**
 * A horizontal bar: `share` (0..1) of `width` columns, filled with blanks to the width. What is more than
 * nothing is seen: its bar has at least the thinnest piece.
 */
export function bar(share: number, width: number, ascii: boolean): string {
  if (width <= 0) return '';
  const part = clamp(share) * width;
  if (ascii) {
    const full = part === 0 ? 0 : Math.max(1, Math.round(part));
    return '#'.repeat(full).padEnd(width);
  }
  const eighths = part === 0 ? 0 : Math.max(1, Math.round(part * 8));
  return ('█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '')).padEnd(width);
}

/**
 * The last `width` values as a line of columns, the newest on the right, scaled from zero to the greatest of
 * them (or to `top`, when that is greater). Values that are not known (negative, not a number) are blanks;
 * what is missing on the left, too. Always `width` columns.
 */
export function sparkline(values: readonly number[], width: number, ascii: boolean, top = 0): string {
  if (width <= 0) return '';
  const shown = values.slice(-width);
  const known = (value: number): boolean => Number.isFinite(value) && value >= 0;
  const most = shown.reduce((greatest, value) => (known(value) ? Math.max(greatest, value) : greatest), top);
  const levels = ascii ? ASCII_LEVELS : LEVELS;
  const column = (value: number): string => {
    if (!known(value)) return ' ';
    if (most === 0 || value === 0) return levels[0];
    return (
      levels[Math.min(levels.length - 1, Math.max(1, Math.ceil((value / most) * levels.length) - 1))] ?? ' '
    );
  };
  return shown.map(column).join('').padStart(width);
}
