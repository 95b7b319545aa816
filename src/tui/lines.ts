/**
 * What panes draw with: lines of spans. A span's text is safe to show: it has passed the escaping printer,
 * and its width is known. Panes are functions from state to lines; Ink draws the lines.
 */
import stringWidth from 'string-width';
import { escapeLine } from '../formatters/escape.ts';

/** How a span looks; the colours are in `app/paint.ts`. */
export type Tone = 'plain' | 'dim' | 'bold' | 'good' | 'warn' | 'bad' | 'accent' | 'head' | 'chosen';

/** A piece of a line. */
export interface Span {
  /** Escaped already. */
  readonly text: string;
  readonly tone: Tone;
  /** Columns it takes. */
  readonly width: number;
}
/** One line of the screen, left to right. */
export type Line = readonly Span[];

/** Longer foreign text than this is cut before anything else is done with it. */
const CHARS_MAX = 2_000;
/**
 * Text whose every character is a column, and stands alone: ASCII, Latin-1, box lines, blocks, and the marks
 * that panes draw with. It is measured without looking at each character, which would make long texts slow.
 */
const NARROW = /^[\x20-\x7e\xa1-\xa8\xaa-\xac\xaf-\xff\u2500-\u259f…›→■▶◀◆◇○●★✓]*$/;
const graphemes = new Intl.Segmenter();

/** Columns that text takes which is escaped. */
export const widthOf = (text: string): number => (NARROW.test(text) ? text.length : stringWidth(text));

/** Whether each character of an escaped text is one column and stands for itself. */
export const isNarrow = (text: string): boolean => NARROW.test(text);

/** A span of any text, foreign or ours. */
export function span(text: string, tone: Tone = 'plain'): Span {
  const safe = escapeLine(text.length > CHARS_MAX ? `${text.slice(0, CHARS_MAX)}…` : text);
  return { text: safe, tone, width: widthOf(safe) };
}

/** The beginning of a text that fits into `width` columns; a mark at its end says that there is more. */
export function cut(text: string, width: number, mark = '…'): string {
  if (width <= 0) return '';
  const narrow = NARROW.test(text);
  if ((narrow ? text.length : stringWidth(text)) <= width) return text;
  let taken = '';
  let used = widthOf(mark);
  if (used > width) return '';
  if (narrow) return text.slice(0, width - used) + mark;
  for (const { segment } of graphemes.segment(text)) {
    const next = widthOf(segment);
    if (used + next > width) break;
    used += next;
    taken += segment;
  }
  return taken + mark;
}

/** Columns below which nothing is gained by cutting in the middle. */
const MIDDLE_MIN = 9;

/**
 * The beginning and the end of a text that fit into `width` columns, the end longer: what tells paths apart
 * is their end.
 */
export function cutMiddle(text: string, width: number): string {
  if (width < MIDDLE_MIN || widthOf(text) <= width) return cut(text, width);
  const segments = NARROW.test(text) ? [...text] : [...graphemes.segment(text)].map((it) => it.segment);
  let end = '';
  let left = width - 1 - Math.floor(width / 3);
  for (let i = segments.length - 1; i >= 0; i--) {
    const segment = segments[i] ?? '';
    left -= widthOf(segment);
    if (left < 0) break;
    end = segment + end;
  }
  return cut(text, width - widthOf(end), '…') + end;
}

/**
 * A span of exactly `width` columns: cut at its end or in its middle, or filled with blanks on the right or
 * the left.
 */
export function cell(
  text: string,
  width: number,
  tone: Tone = 'plain',
  align: 'left' | 'right' | 'middle' = 'left',
): Span {
  const shown = (align === 'middle' ? cutMiddle : cut)(span(text).text, width);
  const blanks = ' '.repeat(Math.max(0, width - widthOf(shown)));
  return { text: align === 'right' ? blanks + shown : shown + blanks, tone, width };
}

/** Columns of a line. */
export const lineWidth = (line: Line): number => line.reduce((sum, { width }) => sum + width, 0);

/** A line no wider than `width`. */
export function clip(line: Line, width: number): Line {
  if (lineWidth(line) <= width) return line;
  const clipped: Span[] = [];
  let left = width;
  for (const each of line) {
    if (each.width <= left) clipped.push(each);
    else {
      const text = cut(each.text, left);
      clipped.push({ text, tone: each.tone, width: widthOf(text) });
      break;
    }
    left -= each.width;
    if (left === 0) break;
  }
  return clipped;
}

/** A line in another tone from end to end, filled to `width`: the chosen row of a list. */
export function mark(line: Line, width: number, tone: Tone = 'chosen'): Line {
  const filled = lineWidth(line) < width ? [...line, span(' '.repeat(width - lineWidth(line)))] : line;
  return filled.map((each) => ({ ...each, tone }));
}

/**
 * Which `rows` of `count` entries to show so that the chosen one is among them: the index of the first. The
 * chosen one stays near the middle once the list is longer than the screen.
 */
export function windowStart(count: number, rows: number, chosen: number): number {
  if (count <= rows || chosen < 0) return 0;
  return Math.max(0, Math.min(count - rows, chosen - Math.floor(rows / 2)));
}
