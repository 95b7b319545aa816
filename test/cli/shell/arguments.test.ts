import { expect, test } from 'vitest';
import { shellArguments } from '../../../src/cli/shell/arguments.ts';

test.each([
  ['', {}],
  ['-server h:1 ls /', { globals: { servers: 'h:1' }, command: ['ls', '/'] }],
  ['-s h:1 ls -s /', { globals: { servers: 'h:1' }, command: ['ls', '-s', '/'] }],
  ['--servers=h:1 -q', { globals: { servers: 'h:1' }, quiet: true }],
  [
    '-timeout 5000 -r -waitforconnection',
    { sessionTimeoutMs: 5000, acceptReadOnly: true, waitForConnection: true },
  ],
  ['-timeout x ls', { command: ['ls'] }],
  ['-unknown -server h:1 -help get -w /x', { globals: { servers: 'h:1' }, command: ['get', '-w', '/x'] }],
  ['-client-configuration f ls /', { command: ['ls', '/'] }],
  ['-timeout', { incomplete: ['-timeout'] }],
  ['-server', { incomplete: ['-server'] }],
  ['-o json --read-only ls', { globals: { output: 'json', readOnly: true }, command: ['ls'] }],
])('zkt shell %s', (line, wanted) => {
  const words = line.split(' ').filter((word) => word !== '');
  expect(shellArguments(words)).toEqual({
    globals: {},
    sessionTimeoutMs: 30_000,
    acceptReadOnly: false,
    waitForConnection: false,
    quiet: false,
    command: [],
    incomplete: [],
    ...wanted,
  });
});
