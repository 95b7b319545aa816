import { render } from 'ink-testing-library';
import { expect, it } from 'vitest';
import { frameView } from '../../../src/tui/app/frame.ts';

/** What Ink makes of lines, in so many columns. */
const check = (lines: readonly string[], columns: number, shown: readonly string[]): void => {
  const { lastFrame, unmount } = render(frameView({ lines, columns }));
  expect(lastFrame()?.split('\n')).toEqual(shown);
  unmount();
};

it('has a row for each line, empty ones too', () => check(['a', '', ' b ', ''], 10, ['a', '', ' b', '']));
it('cuts what is too wide, and never wraps', () => check(['abcdef', 'x'], 4, ['abc…', 'x']));
it('keeps colours', () => {
  const { lastFrame } = render(frameView({ lines: ['\x1b[31;1mbad\x1b[0m good'], columns: 20 }));
  expect(lastFrame()).toContain('bad');
  expect(lastFrame()?.endsWith(' good')).toBe(true);
});
it('draws the next frame over the one before', () => {
  const { lastFrame, rerender } = render(frameView({ lines: ['1', '2'], columns: 5 }));
  rerender(frameView({ lines: ['3'], columns: 5 }));
  expect(lastFrame()).toBe('3');
});
