/** Figures side by side, each with the target it has to meet. */
import type { Subject } from './options.ts';

/** One figure of both servers. */
export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly values: Partial<Record<Subject, number>>;
  /**
   * What zkt has to reach: `times` Apache's figure (a minimum where more is better, a maximum where less is),
   * or a figure of its own. Undefined where none is set.
   */
  readonly target: Target | undefined;
}

/** See `Row`. */
export type Target =
  | { readonly atLeastTimes: number }
  | { readonly atMostTimes: number }
  | { readonly atMost: number };

/** zkt's figure over Apache's; undefined where one is missing. */
export const ratioOf = ({ values }: Row): number | undefined =>
  values.zkt !== undefined && values.apache !== undefined && values.apache > 0
    ? values.zkt / values.apache
    : undefined;

/** Whether zkt meets the target; undefined where there is none, or nothing to compare with. */
export function isMet(row: Row): boolean | undefined {
  const { target, values } = row;
  if (target === undefined || values.zkt === undefined) return undefined;
  if ('atMost' in target) return values.zkt <= target.atMost;
  const ratio = ratioOf(row);
  if (ratio === undefined) return undefined;
  return 'atLeastTimes' in target ? ratio >= target.atLeastTimes : ratio <= target.atMostTimes;
}

const COLUMNS = ['', 'Apache', 'zkt', 'ratio', 'target', 'met'];

/** The table for people. */
export function tableText(rows: readonly Row[]): string {
  const cells = [COLUMNS, ...rows.map(cellsOf)];
  const widths = COLUMNS.map((_, i) => Math.max(...cells.map((line) => (line[i] as string).length)));
  return cells
    .map((line) =>
      line
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function cellsOf(row: Row): string[] {
  const ratio = ratioOf(row);
  const met = isMet(row);
  return [
    row.name,
    figure(row.values.apache, row.unit),
    figure(row.values.zkt, row.unit),
    ratio === undefined ? '' : `${ratio.toFixed(2)}x`,
    targetText(row),
    met === undefined ? '' : met ? 'yes' : 'NO',
  ];
}

function targetText({ target, unit }: Row): string {
  if (target === undefined) return '';
  if ('atMost' in target) return `<= ${figure(target.atMost, unit)}`;
  return 'atLeastTimes' in target ? `>= ${target.atLeastTimes}x` : `<= ${target.atMostTimes.toFixed(2)}x`;
}

function figure(value: number | undefined, unit: string): string {
  if (value === undefined) return '';
  const digits = value >= 100 ? 0 : value >= 1 ? 2 : 3;
  return `${value.toLocaleString('en-US', { maximumFractionDigits: digits, minimumFractionDigits: digits })} ${unit}`;
}
