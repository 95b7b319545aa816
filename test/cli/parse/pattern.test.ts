import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { globPattern, Pattern } from '../../../src/cli/parse/pattern.ts';

describe('patterns', () => {
  const check = (source: string, yes: readonly string[], no: readonly string[]) => {
    const pattern = Pattern.compile(source);
    expect(yes.filter((text) => !pattern.matches(text))).toEqual([]);
    expect(no.filter((text) => pattern.matches(text))).toEqual([]);
  };

  test('match anywhere, as regular expressions do', () => {
    check('abc', ['abc', 'xabcx'], ['ab', 'acb']);
    check('^a.c$', ['abc', 'a🙂c'], ['abbc', 'xabc', 'a\nc']);
    check('a|bc|', ['', 'x'], []);
    check('^(ab|cd)+$', ['ab', 'abcdab'], ['', 'abc']);
    check('^a{2,3}$', ['aa', 'aaa'], ['a', 'aaaa']);
    check('^a{2}$', ['aa'], ['a', 'aaa']);
    check('^a{2,}$', ['aa', 'aaaaa'], ['a']);
    check('a{x', ['a{x'], ['a']);
    check('^[a-c0-9_-]+$', ['abc-9_'], ['d', '']);
    check('^[^/]+$', ['abc'], ['a/b']);
    check('^[]x]$', [']', 'x'], ['[']);
    check('^\\d+\\.\\w\\S$', ['12.a_'], ['12aab', '1.a ']);
    check('\\/a\\$', ['/a$'], ['/a']);
    check('^(?:a(b)?)*$', ['', 'aab'], ['b']);
    check('(^a|b$)', ['ax', 'xb'], ['xax']);
  });

  test('without regard to case', () => {
    expect(Pattern.compile('TimeOut [A-C]', true).matches('my timeout b')).toBe(true);
    expect(Pattern.compile('[^a]', true).matches('A')).toBe(false);
  });

  test('bad ones are refused', () => {
    for (const source of [
      '(',
      ')',
      '[a',
      '*a',
      'a\\',
      '\\1',
      '\\bfoo',
      'a{3,1}',
      'a{2000}',
      '[z-a]',
      '(?=a)',
    ]) {
      expect(() => Pattern.compile(source), source).toThrow(expect.objectContaining({ code: 'ZKT_USAGE' }));
    }
    expect(() => Pattern.compile('((((a{900}){900}){900}){900})')).toThrow('too large');
    expect(() => Pattern.compile('('.repeat(5000))).toThrow('too deeply');
  });

  test('agree with the engine of JavaScript', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '(a|b)', '(ab)', '\\w', '^', '$', '(|a)');
    const piece = fc
      .tuple(atom, fc.constantFrom('', '', '*', '+', '?', '{0,2}', '{2}'))
      .map(([a, q]) => (a === '^' || a === '$' ? a : a + q));
    const source = fc.array(piece, { maxLength: 5 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(
        source,
        fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 }),
        (text, subject) => {
          expect(Pattern.compile(text).matches(subject)).toBe(new RegExp(text, 'u').test(subject));
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('take a time linear in the text', () => {
    const start = performance.now();
    expect(Pattern.compile('^(a+)+$').matches(`${'a'.repeat(20_000)}b`)).toBe(false);
    expect(Pattern.compile('(x*x*x*x*)*y').matches('x'.repeat(5_000))).toBe(false);
    expect(performance.now() - start).toBeLessThan(3_000);
  });

  test('names of a shell', () => {
    const matches = (glob: string, name: string) => globPattern(glob).matches(name);
    expect(matches('lock-*', 'lock-0001')).toBe(true);
    expect(matches('lock-*', 'a-lock-1')).toBe(false);
    expect(matches('a.b', 'axb')).toBe(false);
    expect(matches('[!a]?', 'bc')).toBe(true);
    expect(matches('[!a]?', 'ac')).toBe(false);
    expect(matches('a[', 'a[')).toBe(true);
    expect(matches('(^$)\\', '(^$)\\')).toBe(true);
  });
});
