/** Long texts over several lines. */
import { escapeLine } from '../formatters/escape.ts';
import { cut, widthOf } from './lines.ts';

/** Characters of a text that are laid out; the rest is left out and said so by a mark. */
const CHARS_MAX = 4_000;

/**
 * The lines of a text, escaped, none wider than `width`: broken at blanks, and inside words that are wider
 * than a line. At least one line, which may be empty.
 */
export function wrapText(text: string, width: number): string[] {
  const room = Math.max(1, width);
  const safe = escapeLine(text.length > CHARS_MAX ? `${text.slice(0, CHARS_MAX)}…` : text);
  const lines: string[] = [];
  let line = '';
  for (const word of safe.split(' ')) {
    const next = line === '' ? word : `${line} ${word}`;
    if (widthOf(next) <= room) {
      line = next;
      continue;
    }
    if (line !== '') lines.push(line);
    line = word;
    while (widthOf(line) > room) {
      const piece = cut(line, room, '') || line.slice(0, 1);
      lines.push(piece);
      line = line.slice(piece.length);
    }
  }
  if (line !== '' || lines.length === 0) lines.push(line);
  return lines;
}
