import { escapeLine } from '../../formatters/escape.ts';

/** A column of a printed table over rows `T`. */
export interface PrintedColumn<T> {
  readonly title: string;
  readonly right?: boolean;
  text(row: T): string;
}

/** A first column is not made narrower than this, characters. */
const FIRST_CHARS_MIN = 20;

/**
 * Lines of a table, the titles first; every column as wide as its widest cell, the last one not filled up.
 * What is foreign in it is escaped. With `room`, cells of the first column (what a row is of: a path may have
 * thousands of characters) lose their middles, so that the others are still seen.
 */
export function tableLines<T>(
  columns: readonly PrintedColumn<T>[],
  rows: readonly T[],
  room = Number.POSITIVE_INFINITY,
): string[] {
  const cells = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ text }) => escapeLine(text(row)))),
  ];
  const widthOf = (i: number): number => Math.max(...cells.map((row) => (row[i] ?? '').length));
  const others = columns.slice(1).reduce((sum, _, i) => sum + 2 + widthOf(i + 1), 0);
  const most = Math.max(FIRST_CHARS_MIN, room - others);
  for (const row of cells) row[0] = withoutMiddle(row[0] ?? '', most);
  const widths = columns.map((_, i) => widthOf(i));
  return cells.map((row) =>
    row
      .map((cell, i) => (columns[i]?.right ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

function withoutMiddle(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = Math.floor((most - 1) / 2);
  return `${text.slice(0, most - 1 - end)}…${text.slice(text.length - end)}`;
}
