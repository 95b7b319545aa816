/**
 * An answer of many megabytes, written piece by piece: the server does other things between two pieces, and
 * makes no more of them than are read.
 */
import type { HttpReply } from '../../ports/http.ts';
import type { Timers } from '../../ports/timers.ts';

/** Characters of a piece: some milliseconds of work. */
const PIECE_CHARS = 64 * 1024;
/** Bytes that may wait for who reads slowly. */
const WAITING_BYTES_MAX = 256 * 1024;
/** How often it is looked whether they were read. */
const LOOK_EVERY_MS = 10;

/** The next piece of a text, and whether it is the last one. */
export function nextPiece(fragments: Iterator<string, void>): { text: string; last: boolean } {
  let text = '';
  while (text.length < PIECE_CHARS) {
    const next = fragments.next();
    if (next.done === true) return { text, last: true };
    text += next.value;
  }
  return { text, last: false };
}

/**
 * Writes the rest of a text that has begun, and ends the answer. Who has read nothing for `patienceMs` gets
 * no more; `failed` hears what went wrong in the making.
 */
export function writePaced(
  reply: HttpReply,
  fragments: Iterator<string, void>,
  patienceMs: number,
  timers: Pick<Timers, 'soon' | 'after'>,
  failed: (thrown: unknown) => void,
): void {
  let gone = false;
  let waitedMs = 0;
  let pendingBefore = 0;
  reply.onGone(() => {
    gone = true;
  });
  const step = (): void => {
    if (gone) return;
    const { pendingBytes } = reply;
    if (pendingBytes > WAITING_BYTES_MAX) {
      waitedMs = pendingBytes === pendingBefore ? waitedMs + LOOK_EVERY_MS : 0;
      pendingBefore = pendingBytes;
      if (waitedMs >= patienceMs) reply.end();
      else timers.after(LOOK_EVERY_MS, step);
      return;
    }
    try {
      const { text, last } = nextPiece(fragments);
      if (last) reply.end(text);
      else {
        reply.write(text);
        timers.soon(step);
      }
    } catch (thrown) {
      failed(thrown);
    }
  };
  timers.soon(step);
}
