import { describe, expect, it } from 'vitest';
import { KeyDecoder } from '../../../src/tui/app/keys.ts';

/** What pieces of input become; `flush` at the end. */
const check = (pieces: string | readonly string[], keys: readonly string[]): void => {
  const decoder = new KeyDecoder();
  const found = [pieces].flat().flatMap((piece) => decoder.take(piece));
  expect([...found, ...decoder.flush()], JSON.stringify(pieces)).toEqual(keys);
};

describe('keys', () => {
  it.each([
    ['q', ['q']],
    ['jk', ['j', 'k']],
    ['ä', ['ä']],
    ['👍x', ['👍', 'x']],
    [' ', [' ']],
    ['\t', ['tab']],
    ['\r', ['enter']],
    ['\n', ['enter']],
    ['\x7f', ['backspace']],
    ['\x03', ['ctrl-c']],
    ['\x1a', ['ctrl-z']],
    ['\x1b[A', ['up']],
    ['\x1b[B', ['down']],
    ['\x1bOC', ['right']],
    ['\x1b[1;5D', ['left']],
    ['\x1b[Z', ['shift-tab']],
    ['\x1b[5~', ['page-up']],
    ['\x1b[6~', ['page-down']],
    ['\x1b[1~', ['home']],
    ['\x1b[H', ['home']],
    ['\x1b[4~', ['end']],
    ['\x1b[F', ['end']],
    ['\x1b[3~', ['delete']],
  ] as const)('%j is %j', (text, keys) => check(text, keys));

  it('takes Escape for a key when nothing follows it', () => {
    check('\x1b', ['escape']);
    check('\x1b\x1b', ['escape', 'escape']);
    check('\x1bx', ['escape', 'x']);
  });
  it('waits for the rest of a sequence, in whatever pieces it comes', () => {
    check(['\x1b', '[', 'A'], ['up']);
    check(['\x1b[', '6', '~', 'q'], ['page-down', 'q']);
    const decoder = new KeyDecoder();
    expect([decoder.take('\x1b['), decoder.waiting]).toEqual([[], true]);
    expect([decoder.flush(), decoder.waiting]).toEqual([[], false]);
  });
  it('swallows what is no key of ours', () => {
    for (const other of [
      '\x1b[15~', // F5
      '\x1b[200~', // a paste begins
      '\x1b[I', // the window got the focus
      '\x1b[M !!', // a click
      '\x1b[<0;12;5M', // a click, newer
      '\x1b[?62;4c', // what the terminal is
      '\x1b]11;rgb:0000/0000/0000\x07', // its background
      '\x1bP1$r0m\x1b\\',
      '\x1bOP', // F1
      '\x00',
      '\x80\x9b',
      '\ufffd',
    ]) {
      check(`a${other}z`, ['a', 'z']);
    }
  });
  it('comes back from garbage', () => {
    check(`\x1b[${'9'.repeat(200)}`, [...'9'.repeat(200 - 62)]);
    check(`\x1b]${'x'.repeat(5_000)}`, []);
    check('\x1b[\x1b[A', ['up']);
    check('\x1b[1\rq', ['enter', 'q']);
  });
  it('makes keys out of any bytes, and never more than there are characters', () => {
    let seed = 7;
    const next = (): number => {
      seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
      return seed;
    };
    for (let round = 0; round < 500; round++) {
      const bytes = Buffer.from(Array.from({ length: 40 }, () => (next() % 5 === 0 ? 0x1b : next() % 256)));
      const text = bytes.toString('utf8');
      const decoder = new KeyDecoder();
      const keys = [...decoder.take(text), ...decoder.flush()];
      expect(keys.length).toBeLessThanOrEqual([...text].length);
      for (const key of keys) expect(key).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
    }
  });
});
