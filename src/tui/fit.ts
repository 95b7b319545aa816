/** The last step of every pane: lines that fit the screen, in characters the terminal has. */
import { clip, type Line, type Span, widthOf } from './lines.ts';
import type { PaneView } from './pane.ts';

const PLAIN = /^[\x20-\x7e]*$/;
const graphemes = new Intl.Segmenter();

/**
 * What stands for a character in ASCII: a mark for "cut here", a question mark for letters; as wide as it.
 */
function asciiText(text: string): string {
  if (PLAIN.test(text)) return text;
  let plain = '';
  for (const { segment } of graphemes.segment(text)) {
    if (PLAIN.test(segment)) plain += segment;
    else plain += (segment === '…' ? '~' : '?').repeat(widthOf(segment));
  }
  return plain;
}

const asciiSpan = (each: Span): Span =>
  PLAIN.test(each.text) ? each : { ...each, text: asciiText(each.text) };

/** At most `height` lines, none wider than `width`; ASCII only where the view asks for it. */
export function fitLines(
  lines: readonly Line[],
  { width, height, ascii }: Pick<PaneView, 'width' | 'height' | 'ascii'>,
): Line[] {
  return lines.slice(0, Math.max(0, height)).map((line) => {
    const clipped = clip(line, width);
    return ascii ? clipped.map(asciiSpan) : clipped;
  });
}

/** The part of a detail that is scrolled to; the last line always stays. */
export const scrolled = <T>(
  lines: readonly T[],
  { scroll, height }: Pick<PaneView, 'scroll' | 'height'>,
): T[] => lines.slice(Math.max(0, Math.min(scroll, lines.length - height)));
