/** The screen as Ink draws it: a line of text each, painted already. */
import { Box, Text } from 'ink';
import { memo } from 'react';

/** One immutable picture of the screen. */
export interface Frame {
  readonly lines: readonly string[];
  readonly columns: number;
}

const Row = memo(({ text }: { readonly text: string }) => (
  // An empty text takes no row.
  <Text wrap="truncate">{text === '' ? ' ' : text}</Text>
));

/** See the head of the file. */
export function FrameView({ frame }: { readonly frame: Frame }) {
  return (
    <Box flexDirection="column" width={frame.columns}>
      {frame.lines.map((text, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is its place
        <Row key={i} text={text} />
      ))}
    </Box>
  );
}
