/** Random values of any record, from its declaration, with a liking for what is on the edge. */
import type { Prng } from '../../src/base/prng.ts';
import type { Codec } from '../../src/jute/schema.ts';

const INTS = [0, 1, -1, 2, 3, 4, 5, 6, 7, 0x7fffffff, -0x80000000, 0x7ffffffe, 255, 1000] as const;
const LONGS = [
  0n,
  1n,
  -1n,
  1000n,
  0x7fff_ffff_ffff_ffffn,
  -0x8000_0000_0000_0000n,
  0xff_ffff_ffffn,
  1n << 32n,
];

/** Paths and names that something may stumble over. */
const TEXTS: readonly string[] = [
  '/',
  '',
  '/a',
  '/a/b',
  '/a/b/c',
  '/s-',
  '/a/s-',
  '/e',
  '/e/child',
  '/zookeeper',
  '/zookeeper/config',
  '/zookeeper/quota',
  '/zookeeper/quota/a',
  '/zookeeper/quota/a/zookeeper_limits',
  '/zookeeper/quota/a/zookeeper_stats',
  '/__proto__',
  '/constructor/prototype',
  '/a/',
  '//a',
  '/a//b',
  '/a/../b',
  '/a/.',
  'a',
  'a/b',
  '/\0',
  '/a\u0001',
  '/\ud800',
  '/\uf8ff',
  '/héé/日本',
  `/${'x'.repeat(300)}`,
  `${'/y'.repeat(60)}`,
  'world',
  'anyone',
  'digest',
  'ip',
  '127.0.0.1/33',
  '10.0.0.0/8',
  'auth',
  'super:x',
  'bob:bobs+hash=',
];

const DATAS: readonly Buffer[] = [
  Buffer.alloc(0),
  Buffer.from('x'),
  Buffer.from('count=1,bytes=10'),
  Buffer.from('count=-1,bytes=-1;count=99999999999999999999'),
  Buffer.from('bob:secret'),
  Buffer.alloc(700, 7),
];

/** A value of that codec. */
export function randomValue(codec: Codec<unknown>, prng: Prng): unknown {
  const { shape } = codec;
  switch (shape.kind) {
    case 'bool':
      return prng.chance(0.5);
    case 'int':
      return prng.chance(0.7) ? prng.pick(INTS) : prng.uint32() | 0;
    case 'long':
      return prng.chance(0.8) ? prng.pick(LONGS) : (BigInt(prng.uint32()) << 31n) ^ BigInt(prng.uint32());
    case 'buffer':
      return prng.chance(0.1) ? null : prng.pick(DATAS);
    case 'string':
      return randomPath(prng);
    case 'vector':
      return Array.from({ length: prng.chance(0.9) ? prng.below(3) : prng.below(40) }, () =>
        randomValue(shape.element, prng),
      );
    case 'tail':
      return prng.chance(0.3) ? undefined : randomValue(shape.inner, prng);
    case 'record': {
      const value: Record<string, unknown> = {};
      for (const [name, field] of shape.fields) value[name] = randomField(name, field, prng);
      return value;
    }
  }
}

/** Some fields are worth a better guess, or too little would ever succeed. */
function randomField(name: string, codec: Codec<unknown>, prng: Prng): unknown {
  if (prng.chance(0.1)) return randomValue(codec, prng);
  switch (name) {
    case 'version':
      return prng.chance(0.7) ? -1 : prng.below(3);
    case 'flags':
      return prng.below(7);
    case 'acl':
      return prng.chance(0.8)
        ? [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
        : randomValue(codec, prng);
    default:
      return randomValue(codec, prng);
  }
}

const randomPath = (prng: Prng): string =>
  prng.chance(0.5) ? `/${prng.pick(['a', 'b', 'c'])}${prng.below(20)}` : prng.pick(TEXTS);
