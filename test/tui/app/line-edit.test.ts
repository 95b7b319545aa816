import { expect, it } from 'vitest';
import { editKey, emptyEdit } from '../../../src/tui/app/line-edit.ts';

/** `|` is the cursor. */
const check = (before: string, keys: readonly string[], after: string): void => {
  const cursor = before.indexOf('|');
  let line = { text: before.replace('|', ''), cursor };
  for (const key of keys) line = editKey(line, key);
  expect(`${line.text.slice(0, line.cursor)}|${line.text.slice(line.cursor)}`).toBe(after);
};

it.each([
  ['|', ['a', 'b'], 'ab|'],
  ['ab|', ['left', 'x'], 'ax|b'],
  ['a|b', ['right', 'right', 'c'], 'abc|'],
  ['abc|', ['home', '/'], '/|abc'],
  ['|abc', ['end'], 'abc|'],
  ['ab|c', ['backspace'], 'a|c'],
  ['|c', ['backspace'], '|c'],
  ['a|bc', ['delete'], 'a|c'],
  ['abc|', ['delete'], 'abc|'],
  ['a👍|', ['backspace'], 'a|'],
  ['a|👍', ['right'], 'a👍|'],
  ['a👍|b', ['left'], 'a|👍b'],
  ['ab|c', ['ctrl-u'], '|c'],
  ['ab|c', ['ctrl-k'], 'ab|'],
  ['/app/locks|', ['ctrl-w'], '/app/|'],
  ['a b|', ['up', 'page-up', 'tab', 'ctrl-x'], 'a b|'],
] as const)('%s after %j is %s', check);

it('begins at the end, and has a limit', () => {
  let line = emptyEdit('ab');
  expect(line.cursor).toBe(2);
  for (let i = 0; i < 1_000; i++) line = editKey(line, 'x');
  expect(line.text).toHaveLength(200);
});
