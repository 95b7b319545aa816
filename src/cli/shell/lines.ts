/**
 * The lines of a stream of bytes, without their ends (`\n`, `\r\n` or `\r`). Bytes that are no UTF-8 become
 * U+FFFD.
 */
import { StringDecoder } from 'node:string_decoder';

/** Longer lines are cut here: input may be anything. */
const LINE_CHARS_MAX = 16 * 1024 * 1024;

/**
 * Yields each line as soon as it is complete; what follows the last line break is a line too, unless it is
 * empty.
 */
export async function* linesOf(stream: AsyncIterable<Buffer | string>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let afterReturn = false;
  const cut = function* (text: string): Generator<string> {
    let from = 0;
    for (let at = 0; at < text.length; at++) {
      const char = text.charCodeAt(at);
      if (char === 0x0a && afterReturn && at === from && rest === '') from = at + 1;
      else if (char === 0x0a || char === 0x0d) {
        yield rest + text.slice(from, at);
        rest = '';
        from = at + 1;
      }
      afterReturn = char === 0x0d;
    }
    rest = (rest + text.slice(from)).slice(0, LINE_CHARS_MAX);
  };
  for await (const chunk of stream) yield* cut(typeof chunk === 'string' ? chunk : decoder.write(chunk));
  yield* cut(decoder.end());
  if (rest !== '') yield rest;
}
