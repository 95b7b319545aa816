import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseProperties } from '../../../src/server/config/java-properties.ts';

/** `key=value@line`, as Java's Properties reads the text; or the line of the fault. */
const check = (text: string): string[] | number => {
  const lines = parseProperties(text);
  return Array.isArray(lines) ? lines.map((l) => `${l.key}=${l.value}@${l.line}`) : lines.line;
};

describe("Java's properties syntax", () => {
  test.each<[string, string, string[] | number]>([
    ['nothing', '', []],
    ['separators', 'a=1\nb:2\nc 3\nd\t4\ne', ['a=1@1', 'b=2@2', 'c=3@3', 'd=4@4', 'e=@5']],
    ['blanks around', '  a  =  1  \n\tb\f:\t2', ['a=1@1', 'b=2@2']],
    ['a second separator belongs to the value', 'a==1\nb:=2\nc = : 3', ['a==1@1', 'b==2@2', 'c=: 3@3']],
    ['comments', '# a=1\n  ! b=2\nc=3 # not one', ['c=3 # not one@3']],
    ['line ends', 'a=1\r\nb=2\rc=3\n\n\nd=4', ['a=1@1', 'b=2@2', 'c=3@3', 'd=4@6']],
    ['continuation', 'a=1,\\\n   2,\\\r\n  3\nb=4', ['a=1,2,3@1', 'b=4@4']],
    ['an even number of backslashes is no continuation', 'a=1\\\\\nb=2', ['a=1\\@1', 'b=2@2']],
    ['a comment does not go on', '# x\\\na=1', ['a=1@2']],
    ['a continued line may look like a comment', 'a=1\\\n#2', ['a=1#2@1']],
    ['a continuation at the end of the file', 'a=1\\', ['a=1@1']],
    ['escapes', 'a\\ b\\=c\\:d=\\t\\u0041\\q', ['a b=c:d=Aq@1']],
    ['line feeds inside a value', 'a=x\\ny', ['a=x\ny@1']],
    ['a windows path loses its backslashes, as in Java', 'a=c:\\data', ['a=c:data@1']],
    ['bad unicode escape', 'a=1\nb=\\u12G4', 2],
    ['short unicode escape', 'a=\\u12', 1],
    ['no key', '=5', ['=5@1']],
    ['prototype names are names', '__proto__=1\nconstructor=2', ['__proto__=1@1', 'constructor=2@2']],
  ])('%s', (_name, text, expected) => {
    expect(check(text)).toEqual(expected);
  });

  test('what is written with escapes is read back', () => {
    const written = (s: string): string =>
      [...s].map((c) => `\\u${(c.codePointAt(0) as number).toString(16).padStart(4, '0')}`).join('');
    const word = fc.string({ unit: fc.integer({ min: 33, max: 0xd7ff }).map((c) => String.fromCharCode(c)) });
    fc.assert(
      fc.property(
        word.filter((s) => s.trim() === s),
        word.filter((s) => s.trim() === s),
        (key, value) => {
          fc.pre(key !== '');
          expect(parseProperties(`${written(key)}=${written(value)}`)).toEqual([{ key, value, line: 1 }]);
        },
      ),
    );
  });
});
