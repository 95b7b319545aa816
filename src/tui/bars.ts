/** A horizontal bar of text, exact to an eighth of a column. */

/** Eighths of a column, from the left. */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;

/**
 * `share` (0..1) of `width` columns, filled with blanks to the width. What is more than nothing is seen: its
 * bar has at least the thinnest piece.
 */
export function bar(share: number, width: number, ascii: boolean): string {
  if (width <= 0) return '';
  const part = share > 0 ? Math.min(1, share) * width : 0;
  if (ascii) return '#'.repeat(part === 0 ? 0 : Math.max(1, Math.round(part))).padEnd(width);
  const eighths = part === 0 ? 0 : Math.max(1, Math.round(part * 8));
  return ('█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '')).padEnd(width);
}
