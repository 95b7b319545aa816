import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Printer } from '../../src/cli/output/printer.ts';
import { escapeJson, escapeLine, escapeText } from '../../src/formatters/escape.ts';
import { MemoryIo } from '../cli/memory-io.ts';

/** Written apart from the code under test: what must never reach a terminal. */
function isDangerous(char: string): boolean {
  const code = char.codePointAt(0) ?? 0;
  const ranges = [
    [0x00, 0x1f],
    [0x7f, 0x9f],
    [0xad, 0xad],
    [0x061c, 0x061c],
    [0x180e, 0x180e],
    [0x200b, 0x200f],
    [0x2028, 0x202e],
    [0x2060, 0x206f],
    [0xd800, 0xdfff],
    [0xfe00, 0xfe0f],
    [0xfeff, 0xfeff],
    [0xfff9, 0xfffb],
    [0xe0000, 0xe0fff],
  ] as const;
  return ranges.some(([low, high]) => code >= low && code <= high);
}

const nasty = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        '\x1b[31m',
        '\x1b]0;t\x07',
        '\u202e',
        '\u200b',
        '\r',
        '\n',
        '\t',
        '\x9b2J',
        'a',
        '\ud800',
        '\u{e0041}',
        'ž',
        '漢',
      ),
    )
    .map((parts) => parts.join('')),
  fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('latin1')),
);

describe('escaping', () => {
  const check = (text: string, line: string, lines = line) => {
    expect(escapeLine(text)).toBe(line);
    expect(escapeText(text)).toBe(lines);
  };

  test('ordinary text is left alone', () => {
    check('', '');
    check('/app/config-1 {"a": "b\\n"}', '/app/config-1 {"a": "b\\n"}');
    check('žluť 漢字 🙂 é', 'žluť 漢字 🙂 é');
  });

  test('what acts on a terminal, or cannot be seen, is shown', () => {
    check('\x1b[31mred', '\\x1b[31mred');
    check('a\nb\tc', 'a\\x0ab\\x09c', 'a\nb\tc');
    check('a\rb', 'a\\x0db');
    check('\u202egnp.exe', '\\u{202e}gnp.exe');
    check('a\u200bb', 'a\\u{200b}b');
    check('\u{e0041}', '\\u{e0041}');
    check('\ud83d', '\\u{d83d}');
    check('\x9b2J', '\\x9b2J');
    check('\x7f\x00', '\\x7f\\x00');
    check('\ufeffx', '\\u{feff}x');
  });

  test('nothing dangerous is left, whatever comes', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        expect([...escapeLine(text)].filter(isDangerous)).toEqual([]);
        expect(
          [...escapeText(text)].filter((char) => isDangerous(char) && char !== '\n' && char !== '\t'),
        ).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });

  test('JSON stays the same value', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const json = escapeJson(JSON.stringify({ text }));
        expect(JSON.parse(json)).toEqual({ text });
        expect([...json].filter(isDangerous)).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  test('a printer lets nothing through but raw bytes and its own colours', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const io = new MemoryIo({ tty: true });
        const out = new Printer(io.stdout);
        out.line('a', { text, style: 'red' });
        out.lines([text]);
        out.text(text);
        out.part(text);
        out.json({ [text]: text });
        // biome-ignore lint/complexity/useRegexLiterals: the escape is easier to see this way
        const printed = io.stdout.text.replace(new RegExp('\x1b\\[(31|39)m', 'g'), '');
        expect([...printed].filter((char) => isDangerous(char) && char !== '\n' && char !== '\t')).toEqual(
          [],
        );
      }),
      { numRuns: 500 },
    );
    const io = new MemoryIo();
    new Printer(io.stdout).raw(Buffer.from([0x1b, 0xff]));
    expect(io.stdout.bytes).toEqual(Buffer.from([0x1b, 0xff]));
  });
});
