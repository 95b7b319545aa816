/** Tables that lie below and beside each other, each with its own columns and one list of keys. */
import { type Column, fitColumns, rowLine, titleLine } from '../../columns.ts';
import { clip, type Line, lineWidth, mark, span, windowStart } from '../../lines.ts';

/** One table, laid out for its width. */
export interface Panel {
  readonly width: number;
  readonly head: Line;
  readonly items: readonly { readonly key: string; readonly line: Line }[];
  /** Said when there is nothing. */
  readonly empty: string;
}

/** Lays out a table. */
export function panelOf<T>(
  columns: readonly Column<T>[],
  rows: readonly T[],
  about: { readonly width: number; readonly empty: string; readonly keyOf: (row: T) => string },
): Panel {
  const { width, empty, keyOf } = about;
  const fitted = fitColumns(columns, width);
  const items = rows.map((row) => ({ key: keyOf(row), line: clip(rowLine(fitted, row), width) }));
  return { width, empty, head: clip(titleLine(fitted), width), items };
}

/** Exactly `height` lines of a panel, the chosen item among them. */
export function panelLines(panel: Panel, height: number, chosen: string | undefined): Line[] {
  const { width, head, items, empty } = panel;
  if (height <= 0) return [];
  const lines: Line[] = [head];
  const room = height - 1;
  const at = chosen === undefined ? -1 : items.findIndex(({ key }) => key === chosen);
  const start = windowStart(items.length, room, at);
  for (const [i, { line }] of items.slice(start, start + room).entries()) {
    lines.push(start + i === at ? mark(line, width) : line);
  }
  if (items.length === 0 && room > 0) lines.push([span(` ${empty}`, 'dim')]);
  while (lines.length < height) lines.push([]);
  return lines;
}

/** Two columns of lines; the left one is `width` wide. */
export function beside(left: readonly Line[], right: readonly Line[], width: number): Line[] {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, i) => {
    const line = clip(left[i] ?? [], width);
    return [...line, span(' '.repeat(Math.max(0, width - lineWidth(line)))), ...(right[i] ?? [])];
  });
}
