/**
 * Much text to stdout: gathered into large pieces, never ahead of a slow reader, and quiet when the reader
 * has gone (`zkt log dump FILE | head`). Text is written as it is where stdout is no terminal, so that it can
 * be compared byte by byte; at a terminal it is escaped.
 */

import { escapeText } from '../../formatters/escape.ts';
import type { Io } from '../io.ts';

/** Characters gathered before they are written. */
const PIECE_CHARS = 64 * 1024;

/** See the top of the file. */
export class BulkWriter {
  private readonly io: Io;
  private pieces: string[] = [];
  private chars = 0;

  constructor(io: Io) {
    this.io = io;
  }

  /** True when there is no point in going on: the reader has gone, or the user wants an end. */
  get stopped(): boolean {
    return this.io.stdout.broken || this.io.stop.aborted;
  }

  /** Adds a line. When it answers true, await `flush` before adding more. */
  line(text: string): boolean {
    this.text(text);
    return this.text('\n');
  }

  /** Adds text without a line break. Answers as `line`. */
  text(text: string): boolean {
    this.pieces.push(this.io.stdout.isTTY ? escapeText(text) : text);
    this.chars += text.length;
    return this.chars >= PIECE_CHARS;
  }

  /** Writes what was gathered and waits until it is taken. */
  async flush(): Promise<void> {
    if (this.chars === 0) return;
    const text = this.pieces.join('');
    this.pieces = [];
    this.chars = 0;
    if (this.io.stdout.write(text)) return;
    await this.io.stdout.drained();
  }
}
