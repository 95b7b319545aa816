import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { annotate } from '../../src/jute/annotate.ts';
import { FrameSplitter } from '../../src/jute/frames.ts';
import { JuteError } from '../../src/jute/jute-error.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import {
  bool,
  buffer,
  type Codec,
  decode,
  encode,
  int,
  long,
  nullableString,
  nullableVector,
  record,
  tail,
  ustring,
  vector,
} from '../../src/jute/schema.ts';

describe('a value has the bytes of facts 1', () => {
  const check = <T>(codec: Codec<T>, value: T, hex: string): void =>
    it(`${JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `${v}` : v))} is ${hex}`, () => {
      expect(encode(codec, value).toString('hex')).toBe(hex.replaceAll(' ', ''));
      expect(decode(codec, Buffer.from(hex.replaceAll(' ', ''), 'hex'))).toEqual(value);
    });
  check(int, 1, '00000001');
  check(int, -2, 'fffffffe');
  check(long, -1n, 'ffffffffffffffff');
  check(long, 0x0102030405060708n, '0102030405060708');
  check(bool, true, '01');
  check(buffer, null, 'ffffffff');
  check(buffer, Buffer.from([1, 2]), '00000002 0102');
  check(nullableString, null, 'ffffffff');
  check(ustring, 'é', '00000002 c3a9');
  check(nullableVector(int), null, 'ffffffff');
  check(nullableVector(int), [], '00000000');
  check(vector(ustring), ['a', ''], '00000002 00000001 61 00000000');
  check(record('R', { a: int, b: tail(bool) }), { a: 1, b: undefined }, '00000001');
  check(record('R', { a: int, b: tail(bool) }), { a: 1, b: false }, '00000001 00');
});

describe('bytes that are no value are told with the place', () => {
  const check = (codec: Codec<unknown>, hex: string, fault: string, offset: number): void =>
    it(`${hex}: ${fault} at ${offset}`, () => {
      const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
      const thrown = (() => {
        try {
          decode(codec, bytes);
        } catch (error) {
          return error;
        }
        return undefined;
      })();
      expect(thrown).toBeInstanceOf(JuteError);
      expect(thrown).toMatchObject({ fault, offset });
    });
  check(int, '000000', 'truncated', 0);
  check(record('R', { a: int, b: long }), '00000001 00', 'truncated', 4);
  check(buffer, 'fffffffe', 'unreasonable-length', 0);
  check(buffer, '7fffffff', 'unreasonable-length', 0);
  check(buffer, '00000005 61', 'truncated', 4);
  check(vector(long), '00000002 0000000000000000', 'unreasonable-length', 0);
  check(vector(int), '7fffffff', 'unreasonable-length', 0);
  check(int, '00000001 02', 'trailing-bytes', 4);
});

it('a text that must be there may not be null', () => {
  expect(() => new JuteReader(Buffer.from('ffffffff', 'hex')).readText()).toThrow(JuteError);
});

describe('frames', () => {
  const frame = (payload: Uint8Array): Buffer => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(payload.length);
    return Buffer.concat([length, payload]);
  };

  it('come out as they went in, wherever the stream is cut', () =>
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 60 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 10 }),
        (payloads, cuts, stops) => {
          const stream = Buffer.concat(payloads.map(frame));
          const splitter = new FrameSplitter(1000);
          const out: string[] = [];
          let turn = 0;
          const take = (bytes: Buffer, start: number, end: number): boolean => {
            out.push(bytes.toString('hex', start, end));
            return stops[turn++ % stops.length] ?? true;
          };
          for (let at = 0, i = 0; at < stream.length; i++) {
            const size = cuts[i % cuts.length] ?? 1;
            splitter.feed(stream.subarray(at, at + size), take);
            at += size;
          }
          for (let i = 0; i <= payloads.length; i++) splitter.feed(Buffer.alloc(0), take);
          expect(out).toEqual(payloads.map((p) => Buffer.from(p).toString('hex')));
        },
      ),
    ));

  it('a length is refused before its bytes come', () => {
    const refuse = (hex: string) => () => new FrameSplitter(100).feed(Buffer.from(hex, 'hex'), () => true);
    expect(refuse('00000065')).toThrow('Unreasonable length = 101');
    expect(refuse('ffffffff')).toThrow('Unreasonable length = -1');
    expect(refuse('00000064')).not.toThrow();
  });
});

describe('an annotated dump', () => {
  const codec = record('Outer', {
    id: int,
    list: vector(record('Inner', { name: ustring })),
    last: tail(bool),
  });
  it('names each field and its bytes', () => {
    const bytes = encode(codec, { id: 7, list: [{ name: 'ab' }], last: true });
    expect(annotate(codec, bytes).fields.map((f) => [f.field, f.start, f.end, f.value])).toEqual([
      ['id', 0, 4, 7],
      ['list.count', 4, 8, 1],
      ['list[0].name', 8, 14, 'ab'],
      ['last', 14, 15, true],
    ]);
  });
  it('goes as far as the bytes do', () => {
    const bytes = encode(codec, { id: 7, list: [{ name: 'ab' }], last: true }).subarray(0, 13);
    const { fields, error } = annotate(codec, bytes);
    expect(fields.map((f) => f.field)).toEqual(['id', 'list.count']);
    expect(error).toBeInstanceOf(JuteError);
  });
});
