import { escapeJson, escapeLine, escapeText } from '../../formatters/escape.ts';
import { type OutStream, paint, type Style } from '../io.ts';

/** A piece of a line, with a style where colour is wanted. */
export type Segment = string | { readonly text: string; readonly style: Style };

/**
 * Prints to a stream. Everything is escaped (see `escape.ts`), what is ours and what came from a server
 * alike; `raw` is the one exception.
 */
export class Printer {
  readonly stream: OutStream;
  private readonly sink: (text: string) => void;

  /** `sink` takes the finished text instead of the stream: for a terminal with a line being edited. */
  constructor(stream: OutStream, sink?: (text: string) => void) {
    this.stream = stream;
    this.sink = sink ?? ((text) => void stream.write(text));
  }

  /** One line. */
  line(...segments: Segment[]): void {
    this.sink(`${this.painted(segments)}\n`);
  }

  /** Several lines, in one piece. */
  lines(lines: Iterable<string>): void {
    let text = '';
    for (const line of lines) text += `${escapeLine(line)}\n`;
    if (text !== '') this.sink(text);
  }

  /** Text of several lines, such as a node's data: line breaks and tabs stay. A line break is added. */
  text(text: string): void {
    this.sink(`${escapeText(text)}\n`);
  }

  /** Part of a line, such as a question. */
  part(...segments: Segment[]): void {
    this.sink(this.painted(segments));
  }

  /** A value as JSON, in one line or, for people, in several. */
  json(value: unknown, indent = 0): void {
    this.sink(`${escapeJson(JSON.stringify(value, undefined, indent))}\n`);
  }

  /** Bytes as they are, unescaped. */
  raw(bytes: Uint8Array): void {
    this.stream.write(bytes);
  }

  private painted(segments: readonly Segment[]): string {
    return segments
      .map((it) =>
        typeof it === 'string' ? escapeLine(it) : paint(this.stream, it.style, escapeLine(it.text)),
      )
      .join('');
  }
}
