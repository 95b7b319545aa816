import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { escapeLine } from '../../src/formatters/escape.ts';
import {
  cell,
  clip,
  cut,
  cutMiddle,
  isNarrow,
  lineWidth,
  span,
  widthOf,
  windowStart,
} from '../../src/tui/lines.ts';

describe('widths', () => {
  it('what is measured by its length is as wide as that, character by character', () => {
    let narrow = 0;
    for (let code = 0; code < 0x10000; code++) {
      const char = String.fromCharCode(code);
      if (!isNarrow(char)) continue;
      narrow++;
      expect(stringWidth(char), `U+${code.toString(16)}`).toBe(1);
      expect(escapeLine(char)).toBe(char);
    }
    expect(narrow).toBeGreaterThan(350);
  });

  const cases: readonly (readonly [text: string, width: number, cut: string])[] = [
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['größe', 4, 'grö…'],
    ['漢字', 4, '漢字'],
    ['漢字', 3, '漢…'],
    ['漢字', 2, '…'],
    ['e\u0301e\u0301e\u0301', 2, 'e\u0301…'],
    ['abc', 0, ''],
    ['', 5, ''],
    ['│██│', 3, '│█…'],
  ];
  for (const [text, width, expected] of cases) {
    it(`${JSON.stringify(text)} in ${width} columns`, () => {
      const short = cut(text, width);
      expect(short).toBe(expected);
      expect(widthOf(short)).toBeLessThanOrEqual(width);
      const filled = cell(text, width);
      expect(filled.width).toBe(width);
      expect(stringWidth(filled.text)).toBe(width);
    });
  }

  const paths: readonly (readonly [text: string, width: number, cut: string])[] = [
    ['/app/config', 11, '/app/config'],
    ['/app/service/instances/000017', 16, '/app/…ces/000017'],
    ['/app/漢字漢字漢字漢字/000017', 16, '/app/…字/000017'],
    ['/app/config', 6, '/app/…'],
    ['/app/config', 0, ''],
  ];
  for (const [text, width, expected] of paths) {
    it(`${text} in ${width} columns keeps its end`, () => {
      const short = cutMiddle(text, width);
      expect(short).toBe(expected);
      expect(stringWidth(cell(text, width, 'plain', 'middle').text)).toBe(width);
    });
  }

  it('a line is clipped in the middle of a span', () => {
    const line = clip([span('abc'), span('defg')], 5);
    expect(line.map(({ text }) => text)).toEqual(['abc', 'd…']);
    expect(lineWidth(line)).toBe(5);
  });
});

describe('the window of a list', () => {
  const cases: readonly (readonly [count: number, rows: number, chosen: number, start: number])[] = [
    [5, 10, 4, 0],
    [100, 10, -1, 0],
    [100, 10, 3, 0],
    [100, 10, 50, 45],
    [100, 10, 99, 90],
    [100, 0, 5, 5],
  ];
  for (const [count, rows, chosen, start] of cases) {
    it(`${rows} of ${count} around ${chosen}`, () => {
      expect(windowStart(count, rows, chosen)).toBe(start);
    });
  }
});
