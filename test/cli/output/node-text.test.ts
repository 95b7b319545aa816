import { describe, expect, test } from 'vitest';
import { dataJson, hexDump, isoTime } from '../../../src/cli/output/node-text.ts';
import { javaDate } from '../../../src/formatters/java-dates.ts';

describe('data', () => {
  test('as JSON: text where it is UTF-8, else base64', () => {
    expect(dataJson(null)).toEqual({ data: null, encoding: 'utf8' });
    expect(dataJson(Buffer.from('ž'))).toEqual({ data: 'ž', encoding: 'utf8' });
    expect(dataJson(Buffer.from('\ufffd'))).toEqual({ data: '\ufffd', encoding: 'utf8' });
    expect(dataJson(Buffer.from([0xff]))).toEqual({ data: '/w==', encoding: 'base64' });
  });

  test('as a hex dump', () => {
    expect(hexDump(Buffer.alloc(0))).toEqual([]);
    expect(hexDump(Buffer.from('hello, zookeeper\n'))).toEqual([
      '         +-------------------------------------------------+',
      '         |  0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f |',
      '+--------+-------------------------------------------------+----------------+',
      '|00000000| 68 65 6c 6c 6f 2c 20 7a 6f 6f 6b 65 65 70 65 72 |hello, zookeeper|',
      '|00000010| 0a                                              |.               |',
      '+--------+-------------------------------------------------+----------------+',
    ]);
  });
});

describe('times', () => {
  test('ISO, also where a server says nonsense', () => {
    expect(isoTime(0n)).toBe('1970-01-01T00:00:00.000Z');
    expect(isoTime(-(2n ** 63n))).toBe(null);
  });

  test.each([
    ['UTC', 'Sat Nov 21 08:16:13 UTC 2026'],
    ['Europe/Prague', 'Sat Nov 21 09:16:13 CET 2026'],
    ['America/Los_Angeles', 'Sat Nov 21 00:16:13 PST 2026'],
    ['Asia/Kathmandu', 'Sat Nov 21 14:01:13 GMT+05:45 2026'],
  ])('as Java writes them in %s', (zone, text) => {
    const before = process.env.TZ;
    process.env.TZ = zone;
    try {
      expect(javaDate(1_795_248_973_000n)).toBe(text);
      expect(javaDate(2n ** 62n)).toBe(String(2n ** 62n));
    } finally {
      if (before === undefined) delete process.env.TZ;
      else process.env.TZ = before;
    }
  });
});
