/**
 * A drawing of characters in a grid, each with a tone, for charts and lanes; turned into lines in the end.
 */
import { escapeLine } from '../formatters/escape.ts';
import { isNarrow, type Line, type Span, type Tone, widthOf } from './lines.ts';

/** Longer text than this is cut before it is laid out. */
const CHARS_MAX = 500;
const graphemes = new Intl.Segmenter();

/** See the head of the file. What is put outside of it is left out. */
export class Canvas {
  readonly width: number;
  readonly height: number;
  private readonly chars: string[];
  private readonly tones: Tone[];

  /** In columns and rows. */
  constructor(width: number, height: number) {
    this.width = Math.max(0, width);
    this.height = Math.max(0, height);
    this.chars = new Array<string>(this.width * this.height).fill(' ');
    this.tones = new Array<Tone>(this.width * this.height).fill('plain');
  }

  /** Puts text, escaped, from that column on; no further than `room` columns. Answers the columns it took. */
  put(x: number, y: number, text: string, tone: Tone = 'plain', room = this.width - x): number {
    if (y < 0 || y >= this.height) return 0;
    const shown = escapeLine(text.length > CHARS_MAX ? text.slice(0, CHARS_MAX) : text);
    if (isNarrow(shown)) return this.putNarrow(x, y, shown, tone, room);
    const pieces = [...graphemes.segment(shown)].map(({ segment }) => segment);
    let used = 0;
    for (const piece of pieces) {
      const width = widthOf(piece);
      if (width === 0) continue;
      if (used + width > room || x + used + width > this.width) break;
      if (x + used >= 0) {
        const at = y * this.width + x + used;
        this.chars[at] = piece;
        this.tones[at] = tone;
        // The second half of a wide character.
        for (let i = 1; i < width; i++) {
          this.chars[at + i] = '';
          this.tones[at + i] = tone;
        }
      }
      used += width;
    }
    return used;
  }

  private putNarrow(x: number, y: number, text: string, tone: Tone, room: number): number {
    const count = Math.max(0, Math.min(text.length, room, this.width - x));
    const at = y * this.width + x;
    for (let i = Math.max(0, -x); i < count; i++) {
      this.chars[at + i] = text[i] ?? ' ';
      this.tones[at + i] = tone;
    }
    return count;
  }

  /** Fills columns `from` to `to` (both included) of a row with a character. */
  fill(from: number, to: number, y: number, char: string, tone: Tone = 'plain'): void {
    if (to >= from) this.put(from, y, char.repeat(to - from + 1), tone);
  }

  /** Whether nothing was put there. */
  isBlank(from: number, to: number, y: number): boolean {
    for (let x = Math.max(0, from); x <= Math.min(to, this.width - 1); x++) {
      if (this.chars[y * this.width + x] !== ' ') return false;
    }
    return true;
  }

  /** The line of a row. */
  line(y: number): Line {
    const spans: Span[] = [];
    let from = 0;
    for (let x = 1; x <= this.width; x++) {
      const at = y * this.width;
      if (x < this.width && this.tones[at + x] === this.tones[at + from]) continue;
      const text = this.chars.slice(at + from, at + x).join('');
      spans.push({ text, tone: this.tones[at + from] ?? 'plain', width: x - from });
      from = x;
    }
    return spans;
  }

  /** All rows. */
  lines(): Line[] {
    return Array.from({ length: this.height }, (_, y) => this.line(y));
  }
}
