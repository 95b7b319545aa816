/**
 * From what a terminal sends to keys. A key is its name (`up`, `page-down`, `escape`, `ctrl-c`), or the
 * character it types. Sequences that are no key of ours are swallowed whole, so that neither the answer of a
 * terminal to a question nor garbage is taken for typing.
 */

/** Control sequences (after `ESC [` or `ESC O`) by the letter they end with. */
const LETTERS: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  F: 'end',
  H: 'home',
  Z: 'shift-tab',
};
/** Control sequences by the number before `~`. */
const NUMBERS: Readonly<Record<string, string>> = {
  1: 'home',
  3: 'delete',
  4: 'end',
  5: 'page-up',
  6: 'page-down',
  7: 'home',
  8: 'end',
};
const CONTROLS: Readonly<Record<string, string>> = {
  '\t': 'tab',
  '\r': 'enter',
  '\n': 'enter',
  '\x7f': 'backspace',
  '\b': 'backspace',
};
/** A sequence longer than this is garbage; what follows is typing again. */
const SEQUENCE_CHARS_MAX = 64;
/** The answer of a terminal to a question may be longer. */
const STRING_CHARS_MAX = 4_096;
const ESC = '\x1b';

/** Keys out of text that comes in pieces. */
export class KeyDecoder {
  private rest = '';

  /** True when the last piece ended inside of a sequence, or with Escape: see `flush`. */
  get waiting(): boolean {
    return this.rest !== '';
  }

  /** Takes a piece; answers the keys that are complete. */
  take(text: string): string[] {
    const keys: string[] = [];
    let left = this.rest + text;
    this.rest = '';
    while (left !== '') {
      const { key, length } = left.startsWith(ESC) ? sequence(left) : character(left);
      if (length === 0) {
        this.rest = left;
        break;
      }
      if (key !== undefined) keys.push(key);
      left = left.slice(length);
    }
    return keys;
  }

  /** Nothing more came for a while: an Escape that waits was the key, and half a sequence is forgotten. */
  flush(): string[] {
    const alone = this.rest === ESC;
    this.rest = '';
    return alone ? ['escape'] : [];
  }
}

interface Taken {
  /** Undefined for what is swallowed. */
  readonly key: string | undefined;
  /** Characters taken; 0 where more must come first. */
  readonly length: number;
}

function character(text: string): Taken {
  const char = String.fromCodePoint(text.codePointAt(0) ?? 0);
  const { length } = char;
  const code = char.codePointAt(0) ?? 0;
  const control = CONTROLS[char];
  if (control !== undefined) return { key: control, length };
  if (code >= 1 && code <= 26) return { key: `ctrl-${String.fromCharCode(96 + code)}`, length };
  const typed = code >= 0x20 && !(code >= 0x7f && code < 0xa0) && code !== 0xfffd;
  return { key: typed ? char : undefined, length };
}

function sequence(text: string): Taken {
  const second = text[1];
  if (second === undefined) return { key: undefined, length: 0 };
  if (second === '[') return control(text);
  if (second === 'O') return text.length < 3 ? WAIT : { key: LETTERS[text[2] as string], length: 3 };
  if (second === ']' || second === 'P' || second === '_' || second === '^' || second === 'X')
    return answer(text);
  // Escape twice, or Alt with a key: Escape, and the rest by itself.
  return { key: 'escape', length: 1 };
}

const WAIT: Taken = { key: undefined, length: 0 };

/** `ESC [ parameters letter`. */
function control(text: string): Taken {
  // A click of the mouse in the oldest form: three bytes follow.
  if (text[2] === 'M') return text.length < 6 ? WAIT : { key: undefined, length: 6 };
  for (let i = 2; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x40 && code <= 0x7e) {
      const letter = text[i] as string;
      const number = /^\d+/.exec(text.slice(2, i))?.[0] ?? '';
      return { key: letter === '~' ? NUMBERS[number] : LETTERS[letter], length: i + 1 };
    }
    if (code < 0x20 || code > 0x7e || i >= SEQUENCE_CHARS_MAX) return { key: undefined, length: i };
  }
  return WAIT;
}

/** What a terminal answers: up to BEL, or ESC and a backslash. */
function answer(text: string): Taken {
  const end = /\x07|\x1b\\/.exec(text);
  if (end !== null) return { key: undefined, length: end.index + end[0].length };
  return text.length > STRING_CHARS_MAX ? { key: undefined, length: text.length } : WAIT;
}
