/** A history as columns over an axis, several rows high. */
import { type Line, type Span, span, type Tone } from './lines.ts';

const EIGHTHS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** How far up of `steps` a value is, 0 for nothing and at least 1 for something. */
const height = (value: number, max: number, steps: number): number =>
  value <= 0 || max <= 0 ? 0 : Math.max(1, Math.min(steps, Math.round((value / max) * steps)));

/** How a chart is drawn. */
export interface ChartLook {
  readonly rows: number;
  readonly ascii: boolean;
  readonly tone: Tone;
  /** The value at the top; undefined for the largest there is. */
  readonly max?: number;
  /** A value as text, for the axis; at most `AXIS_WIDTH` columns. */
  readonly text: (value: number) => string;
}

/** Columns of the axis at the left of a chart. */
export const AXIS_WIDTH = 7;

/** Columns of values over an axis: `rows` lines, each `AXIS_WIDTH` and a column for each value wide. */
export function chart(values: readonly number[], look: ChartLook): Line[] {
  const { rows, ascii, tone, text } = look;
  const steps = ascii ? 1 : EIGHTHS.length;
  const max = look.max ?? Math.max(0, ...values);
  const heights = values.map((value) => (value < 0 ? -1 : height(value, max, rows * steps)));
  return Array.from({ length: rows }, (_, i) => {
    const above = rows - 1 - i;
    const label = i === 0 ? text(max) : i === rows - 1 ? text(0) : '';
    let bars = '';
    for (const each of heights) bars += part(each - above * steps, above === 0 && each >= 0, ascii);
    return [axis(label, ascii), span(bars, tone)];
  });
}

/** One character of a column: `filled` eighths of it, or what shows that the value is 0. */
function part(filled: number, ground: boolean, ascii: boolean): string {
  if (ascii) return filled >= 1 ? '#' : ground ? '_' : ' ';
  if (filled >= EIGHTHS.length) return '█';
  if (filled >= 1) return EIGHTHS[filled - 1] ?? ' ';
  return ground ? '▁' : ' ';
}

const axis = (label: string, ascii: boolean): Span =>
  span(`${label.padStart(AXIS_WIDTH - 2)} ${ascii ? '|' : '│'}`, 'dim');
