import { escapeLine } from '../../formatters/escape.ts';

/** A column of a printed table over rows `T`. */
export interface PrintedColumn<T> {
  readonly title: string;
  readonly right?: boolean;
  text(row: T): string;
}

/**
 * Lines of a table, the titles first; every column as wide as its widest cell, the last one not filled up.
 * What is foreign in it is escaped.
 */
export function tableLines<T>(columns: readonly PrintedColumn<T>[], rows: readonly T[]): string[] {
  const cells = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ text }) => escapeLine(text(row)))),
  ];
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => (row[i] ?? '').length)));
  return cells.map((row) =>
    row
      .map((cell, i) => (columns[i]?.right ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
