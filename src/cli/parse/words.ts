/**
 * Splitting a line into words, as zkCli does: words are separated by blanks; one that starts with a quote
 * reaches to the next quote of that kind, blanks included, and loses both. A quote inside a word is an
 * ordinary character. A quote that starts a word and is never closed is passed over (or, at the start of a
 * line behind blanks, kept with one blank before it). There are no escapes.
 */

const BLANKS = ' \t\n\v\f\r';
const isBlank = (line: string, at: number): boolean => BLANKS.includes(line.charAt(at));

/** A word and where it stands in its line: `from` at its first character (or quote), `to` behind its last. */
export interface Word {
  readonly text: string;
  readonly from: number;
  readonly to: number;
  /** The quote it was written in. */
  readonly quote?: '"' | "'";
  /** False for a quoted word whose closing quote is missing (only from `wordsSoFar`). */
  readonly closed: boolean;
}

/** The words of a line. */
export const splitWords = (line: string): string[] => scan(line, false).map((word) => word.text);

/** The words of a line that is still being typed: a quote without its partner opens a word that goes on. */
export const wordsSoFar = (line: string): Word[] => scan(line, true);

function scan(line: string, typing: boolean): Word[] {
  const words: Word[] = [];
  let at = 0;
  while (at < line.length) {
    let from = at;
    while (from < line.length && isBlank(line, from)) from++;
    if (from === line.length) {
      // Behind a word blanks are gone already: these follow nothing, or a quote that was passed over.
      if (!typing) words.push({ text: line.charAt(from - 1), from: from - 1, to: from, closed: true });
      break;
    }
    const first = line.charAt(from);
    const quote = first === '"' || first === "'" ? first : undefined;
    if (quote === undefined) {
      at = endOfWord(line, from);
      words.push({ text: line.slice(from, at), from, to: at, closed: true });
    } else {
      const end = line.indexOf(quote, from + 1);
      if (end >= 0) {
        at = end + 1;
        words.push({ text: line.slice(from + 1, end), from, to: at, quote, closed: true });
      } else if (typing) {
        words.push({ text: line.slice(from + 1), from, to: line.length, quote, closed: false });
        break;
      } else if (from > at) {
        const end = endOfWord(line, from);
        words.push({ text: line.slice(from - 1, end), from: from - 1, to: end, closed: true });
        at = end;
      } else {
        at = from + 1;
        continue; // the quote alone is passed over; blanks behind it are not
      }
    }
    while (at < line.length && isBlank(line, at)) at++;
  }
  return words;
}

function endOfWord(line: string, from: number): number {
  let at = from;
  while (at < line.length && !isBlank(line, at)) at++;
  return at;
}

/** How a word must be written so that `splitWords` gives it back; undefined when it cannot be. */
export function quoteWord(word: string): string | undefined {
  const plain = word !== '' && !/^["']/.test(word) && ![...word].some((char) => BLANKS.includes(char));
  if (plain) return word;
  if (!word.includes('"')) return `"${word}"`;
  return word.includes("'") ? undefined : `'${word}'`;
}
