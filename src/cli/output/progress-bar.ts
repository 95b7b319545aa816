/** A bar that fills up, on one line of a terminal; nothing at all where stderr is none. */

import { escapeLine } from '../../formatters/escape.ts';
import { type OutStream, paint } from '../io.ts';

const BAR_WIDTH_MAX = 30;
const CLEAR_LINE = '\r\x1b[K';

/** See the top of the file. */
export class ProgressBar {
  private readonly stream: OutStream;
  private shown = '';

  /** `stream` is stderr: a bar is no data. */
  constructor(stream: OutStream) {
    this.stream = stream;
  }

  /** Draws it: what is going on, how much is done (0 to 1), and a few words after it. */
  show(what: string, fraction: number, words: string): void {
    if (!this.stream.isTTY) return;
    const percent = `${Math.floor(fraction * 100)}`.padStart(3);
    const room = this.stream.columns - what.length - words.length - percent.length - 7;
    const width = Math.max(0, Math.min(BAR_WIDTH_MAX, room));
    const full = Math.round(fraction * width);
    const bar = `[${paint(this.stream, 'cyan', '#'.repeat(full))}${'.'.repeat(width - full)}] `;
    const line = `${escapeLine(what)} ${width > 4 ? bar : ''}${percent}%  ${escapeLine(words)}`;
    if (line === this.shown) return;
    this.shown = line;
    this.stream.write(CLEAR_LINE + line);
  }

  /** Takes it away; call before anything else is printed. */
  clear(): void {
    if (this.shown !== '') this.stream.write(CLEAR_LINE);
    this.shown = '';
  }
}
