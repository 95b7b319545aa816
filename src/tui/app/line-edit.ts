/** A line being typed: text and cursor. Pure. */

/** See the head of the file. */
export interface LineEdit {
  readonly text: string;
  /** Where the next character goes; 0 to `text.length`. */
  readonly cursor: number;
}

/** Longer lines are not typed by people. */
const CHARS_MAX = 200;

/** A line that begins as `text`, to be typed on at its end. */
export const emptyEdit = (text: string): LineEdit => ({ text, cursor: text.length });

/** The line after a key; keys that are no editing leave it. */
export function editKey(line: LineEdit, key: string): LineEdit {
  const { text, cursor } = line;
  const [before, after] = [text.slice(0, cursor), text.slice(cursor)];
  const at = (left: string, right: string): LineEdit => ({ text: left + right, cursor: left.length });
  switch (key) {
    case 'left':
      return at(withoutLast(before), text.slice(withoutLast(before).length));
    case 'right': {
      const next = [...after][0] ?? '';
      return at(before + next, after.slice(next.length));
    }
    case 'home':
    case 'ctrl-a':
      return at('', text);
    case 'end':
    case 'ctrl-e':
      return at(text, '');
    case 'backspace':
      return at(withoutLast(before), after);
    case 'delete':
      return at(before, [...after].slice(1).join(''));
    case 'ctrl-u':
      return at('', after);
    case 'ctrl-k':
      return at(before, '');
    case 'ctrl-w':
      return at(before.replace(/[^\s/]*[\s/]*$/, ''), after);
    default:
      return [...key].length === 1 && text.length < CHARS_MAX ? at(before + key, after) : line;
  }
}

const withoutLast = (text: string): string => [...text].slice(0, -1).join('');
