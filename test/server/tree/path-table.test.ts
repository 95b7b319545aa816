import fc from 'fast-check';
import { expect, it } from 'vitest';
import { NO_NODE } from '../../../src/server/tree/node-store.ts';
import { PathTable } from '../../../src/server/tree/path-table.ts';

/** Few names, so that paths come again after they were taken out. */
const name = fc.nat(300).map((n) => `/n${n}`);
const step = fc.tuple(fc.constantFrom('add', 'add', 'delete'), name);

it('answers as a Map does', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600 }), fc.integer(), (steps, seed) => {
      const paths: string[] = [];
      const table = new PathTable((id) => paths[id] as string, seed);
      const model = new Map<string, number>();
      for (const [what, path] of steps) {
        const known = model.get(path);
        if (what === 'add') {
          const id = paths.push(path) - 1;
          expect(table.add(path, id)).toBe(known === undefined);
          if (known === undefined) model.set(path, id);
        } else if (known !== undefined) {
          table.delete(known);
          model.delete(path);
        }
      }
      expect(table.size).toBe(model.size);
      for (let n = 0; n <= 300; n++) expect(table.get(`/n${n}`)).toBe(model.get(`/n${n}`) ?? NO_NODE);
    }),
  );
});

it('grows a shard at a time', () => {
  const paths = Array.from({ length: 50_000 }, (_, i) => `/zkload/c${i % 8}-${i}`);
  const table = new PathTable((id) => paths[id] as string, 7);
  for (const [id, path] of paths.entries()) table.add(path, id);
  expect(paths.every((path, id) => table.get(path) === id)).toBe(true);
});
