/** Random values of a schema, for tests: the schema is data, so it tells what its values are. */
import fc from 'fast-check';
import type { Codec } from '../../src/jute/schema.ts';

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
/** Text that survives UTF-8: no lone surrogates. */
const text = fc.string({ unit: 'grapheme', maxLength: 60 });
const bytes = fc.uint8Array({ maxLength: 200 }).map((b) => Buffer.from(b));

/** Values of a codec. */
export function arbitraryOf(codec: Codec<unknown>): fc.Arbitrary<unknown> {
  const { shape } = codec;
  switch (shape.kind) {
    case 'bool':
      return fc.boolean();
    case 'int':
      return fc.integer({ min: -0x80000000, max: 0x7fffffff });
    case 'long':
      return int64;
    case 'string':
      return text;
    case 'buffer':
      return fc.option(bytes, { nil: null });
    case 'vector':
      return fc.array(arbitraryOf(shape.element), { maxLength: 5 });
    case 'tail':
      return arbitraryOf(shape.inner);
    case 'record':
      return fc.record(
        Object.fromEntries([...shape.fields].map(([name, field]) => [name, arbitraryOf(field)])),
      );
  }
}
