/**
 * The screen as Ink draws it: a line of text each, painted already. Without JSX: what checks the floors
 * cannot read it.
 */
import { Box, Text } from 'ink';
import { createElement, memo, type ReactElement } from 'react';

/** One immutable picture of the screen. */
export interface Frame {
  readonly lines: readonly string[];
  readonly columns: number;
}

// An empty text takes no row.
const Row = memo(({ text }: { readonly text: string }) =>
  createElement(Text, { wrap: 'truncate' }, text === '' ? ' ' : text),
);

/** See the head of the file. A row of the screen is its place: that is its key. */
export function frameView({ lines, columns }: Frame): ReactElement {
  const rows: ReactElement[] = [];
  for (const [i, text] of lines.entries()) rows.push(createElement(Row, { key: i, text }));
  return createElement(Box, { flexDirection: 'column', width: columns }, rows);
}
