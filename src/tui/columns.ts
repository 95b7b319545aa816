/** Tables of a pane: columns that come and go with the width of the screen. */
import { cell, type Line, type Span, span, type Tone } from './lines.ts';

/** A column of a table over rows `T`. */
export interface Column<T> {
  readonly title: string;
  /** Columns of the screen it takes at least. */
  readonly width: number;
  /** Its share of what is left over; default 0. */
  readonly grow?: number;
  /** It is left out on a screen narrower than this. */
  readonly from?: number;
  /** `middle`: left, and cut in the middle where there is no room. Default left. */
  readonly align?: 'left' | 'right' | 'middle';
  text(row: T): string;
  /** Default plain. */
  tone?(row: T): Tone;
}

/** The columns that fit, each with its width. */
export type Fitted<T> = readonly { readonly column: Column<T>; readonly width: number }[];

const GAP = span(' ');

/** Which columns are shown on a screen that wide, and how wide each is. */
export function fitColumns<T>(columns: readonly Column<T>[], width: number): Fitted<T> {
  const shown = columns.filter(({ from = 0 }) => width >= from);
  const taken = shown.reduce((sum, column) => sum + column.width + 1, 0);
  const spare = Math.max(0, width - taken);
  const shares = shown.reduce((sum, { grow = 0 }) => sum + grow, 0);
  return shown.map((column) => ({
    column,
    width: column.width + (shares === 0 ? 0 : Math.floor((spare * (column.grow ?? 0)) / shares)),
  }));
}

/** The line of titles. */
export const titleLine = <T>(fitted: Fitted<T>): Line =>
  fitted.flatMap(({ column, width }): Span[] => [GAP, cell(column.title, width, 'head', column.align)]);

/** The line of a row. */
export const rowLine = <T>(fitted: Fitted<T>, row: T): Line =>
  fitted.flatMap(({ column, width }): Span[] => [
    GAP,
    cell(column.text(row), width, column.tone?.(row) ?? 'plain', column.align),
  ]);
