/** A time axis of text: which column a time is in, and the line of labels under or above it. */
import { durationText } from '../formatters/duration-text.ts';

/** A span of time laid out over columns. */
export interface Axis {
  /** Any clock, ms. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Columns. */
  readonly width: number;
}

/** Steps between labels, ms, that are easy to read. */
const STEPS = [1, 2, 5] as const;
/** Columns between two labels at least. */
const LABEL_EVERY = 10;

/** The column of a time, 0 to width - 1; times outside are put at the ends. */
export function columnOf({ fromMs, toMs, width }: Axis, ms: number): number {
  const span = Math.max(toMs - fromMs, Number.EPSILON);
  return Math.max(0, Math.min(width - 1, Math.floor(((ms - fromMs) / span) * width)));
}

/** A step between labels, ms: 1, 2 or 5 times a power of ten, so that labels have room. */
export function stepOf({ fromMs, toMs, width }: Axis): number {
  const span = Math.max(toMs - fromMs, 1e-3);
  const labels = Math.max(1, Math.floor(width / LABEL_EVERY));
  const least = span / labels;
  const power = 10 ** Math.floor(Math.log10(least));
  for (const factor of STEPS) if (factor * power >= least) return factor * power;
  return 10 * power;
}

/** Zeros after the point tell nothing on an axis. */
const labelOf = (ms: number): string =>
  ms === 0
    ? '0'
    : durationText(ms)
        .replace(/\.0+ /, ' ')
        .replace(/(\.\d*?)0+ /, '$1 ');

/**
 * The labels of an axis, exactly `width` columns: time since `zeroMs` at round steps, each beginning in the
 * column of its time behind a mark.
 */
export function axisText(axis: Axis, zeroMs: number, ascii: boolean): string {
  const { fromMs, toMs, width } = axis;
  const step = stepOf(axis);
  const tick = ascii ? '|' : '╷';
  let text = '';
  for (let k = Math.ceil((fromMs - zeroMs) / step - 1e-9); ; k++) {
    const at = zeroMs + k * step;
    if (at > toMs) break;
    const column = columnOf(axis, at);
    const label = tick + labelOf(Math.round(Math.abs(k * step) * 1e6) / 1e6);
    if (column < text.length || column + label.length > width) continue;
    text = text.padEnd(column) + label;
  }
  return text.padEnd(width);
}
