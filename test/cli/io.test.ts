import { expect, test } from 'vitest';
import { type ColourPolicy, wantsColour } from '../../src/cli/io.ts';

test.each<[ColourPolicy, boolean, Record<string, string>, boolean]>([
  ['auto', true, {}, true],
  ['auto', false, {}, false],
  ['auto', true, { NO_COLOR: '1' }, false],
  ['auto', true, { NO_COLOR: '' }, true],
  ['auto', false, { FORCE_COLOR: '1' }, true],
  ['auto', true, { FORCE_COLOR: '0' }, false],
  ['auto', true, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
  ['auto', true, { TERM: 'dumb' }, false],
  ['always', false, { NO_COLOR: '1' }, true],
  ['never', true, { FORCE_COLOR: '1' }, false],
])('colour: --color %s, terminal %s, %o', (policy, isTTY, env, wanted) => {
  expect(wantsColour(policy, isTTY, env)).toBe(wanted);
});
