import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quoteWord, splitWords, wordsSoFar } from '../../../src/cli/parse/words.ts';

/** The rule as a backtracking expression, which the scanner under test is not. */
function byExpression(line: string): string[] {
  const words = [...line.matchAll(/[ \t\n\v\f\r]*([^"'][^ \t\n\v\f\r]*|"[^"]*"|'[^']*')[ \t\n\v\f\r]*/g)];
  return words.map(([, word = '']) =>
    /^(["'])[\s\S]*\1$/.test(word) && word.length > 1 ? word.slice(1, -1) : word,
  );
}

describe('words', () => {
  const check = (line: string, ...words: string[]) => expect(splitWords(line)).toEqual(words);

  test('blanks separate, quotes hold together', () => {
    check('');
    check('ls /', 'ls', '/');
    check('  ls   /a  ', 'ls', '/a');
    check('\tls\t/a', 'ls', '/a');
    check('create /a "two words"', 'create', '/a', 'two words');
    check(`create /a 'single "quoted" words'`, 'create', '/a', 'single "quoted" words');
    check('create /a ""', 'create', '/a', '');
    check('"a""b"', 'a', 'b');
  });

  test('a quote inside a word is a character', () => {
    check('f ab"c d"e', 'f', 'ab"c', 'd"e');
    check('"/x"y', '/x', 'y');
  });

  test('a quote that is never closed', () => {
    check('create /h "unclosed quote', 'create', '/h', 'unclosed', 'quote');
    check('  "unclosed', ' "unclosed');
    check('"', ...[]);
    check('   ', ' ');
  });

  test('are those of the expression', () => {
    const line = fc
      .array(fc.constantFrom('a', ' ', '"', "'", '\t', '/b', '-s'))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(line, (text) => {
        expect(splitWords(text)).toEqual(byExpression(text));
      }),
      { numRuns: 5000 },
    );
  });

  test('take a time linear in the line', () => {
    const start = performance.now();
    expect(splitWords(`"${' '.repeat(200_000)}`).length).toBeLessThan(3);
    splitWords('"'.repeat(100_001));
    splitWords(`'"`.repeat(20_000));
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  test('while typing, an open quote is a word that goes on', () => {
    expect(wordsSoFar('get "/a b').at(-1)).toMatchObject({
      text: '/a b',
      from: 4,
      quote: '"',
      closed: false,
    });
    expect(wordsSoFar('get ').length).toBe(1);
  });

  test('quoting is undone by splitting', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 0 }), (word) => {
        const quoted = quoteWord(word);
        if (quoted !== undefined) expect(splitWords(`x ${quoted}`)).toEqual(['x', word]);
        else expect(word).toMatch(/"/);
      }),
      { numRuns: 1000 },
    );
  });
});
