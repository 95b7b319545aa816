import { expect, it } from 'vitest';
import { NamespaceSizes } from '../../../src/server/node/namespace-sizes.ts';

it('tells namespaces apart, also those that begin alike', () => {
  const sizes = new NamespaceSizes();
  for (const path of ['/', '/a', '/a/b', '/ab', '/a', '/ab/c', '/', '/b', '/a/b/c', '/ab'])
    sizes.of(path)?.add(1);
  expect([...sizes.byName].map(([name, { count }]) => [name, count])).toEqual([
    ['a', 4],
    ['ab', 3],
    ['b', 1],
  ]);
});

it('is bounded', () => {
  const sizes = new NamespaceSizes();
  for (let i = 0; i < 1000; i++) sizes.of(`/n${i}/x`)?.add(1);
  expect(sizes.byName.size).toBe(200);
  expect(sizes.of('/n900')).toBeUndefined();
});

it('keeps no name of any length', () => {
  const sizes = new NamespaceSizes();
  const long = 'n'.repeat(900_000);
  for (const path of [`/${long}`, `/${long}/a`, `/${long}m`, '/short', `/${long}`]) sizes.of(path)?.add(1);
  expect([...sizes.byName].map(([name, { count }]) => [name, count])).toEqual([
    [`${'n'.repeat(128)}…`, 4],
    ['short', 1],
  ]);
});
