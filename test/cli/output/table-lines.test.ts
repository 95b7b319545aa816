import { expect, it } from 'vitest';
import { tableLines } from '../../../src/cli/output/table-lines.ts';

interface Row {
  readonly path: string;
  readonly n: number;
}
const COLUMNS = [
  { title: 'PATH', text: ({ path }: Row) => path },
  { title: 'N', right: true, text: ({ n }: Row) => String(n) },
];

it('columns are as wide as their cells', () => {
  expect(
    tableLines(COLUMNS, [
      { path: '/app', n: 1 },
      { path: '/a', n: 100 },
    ]),
  ).toEqual(['PATH    N', '/app    1', '/a    100']);
});

it('a long path leaves room for the others, and keeps both ends', () => {
  const rows = [{ path: `/begin/${'x'.repeat(3000)}/end`, n: 7 }];
  expect(tableLines(COLUMNS, rows, 30)).toEqual([
    'PATH                         N',
    '/begin/xxxxxx…xxxxxxxxx/end  7',
  ]);
  expect(tableLines(COLUMNS, rows)[1]).toHaveLength(3000 + 14);
  expect(tableLines(COLUMNS, rows, 5)[1]).toHaveLength(20 + 3);
});
