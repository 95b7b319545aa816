import { describe, expect, test } from 'vitest';
import { VERBS } from '../../../src/cli/catalogue.ts';
import { type CompletionPlace, complete } from '../../../src/cli/shell/complete.ts';

const TREE: Readonly<Record<string, readonly string[]>> = {
  '/': ['app', 'apple', 'zookeeper'],
  '/app': ['one', 'two words', 'evil\u202e', 'quo"te'],
  '/apple': [],
  '/zookeeper': ['config', 'quota'],
  '/zookeeper/config': [],
};
const place = (directory?: string): CompletionPlace => ({
  children: async (path) => TREE[path] ?? [],
  directory,
  verbs: VERBS,
});

describe('completion', () => {
  const check = async (line: string, typed: string, candidates: readonly string[], directory?: string) =>
    expect(await complete(line, place(directory))).toEqual({ typed, candidates });

  test('commands', async () => {
    await check('getA', 'getA', ['getAcl ', 'getAllChildrenNumber ']);
    await check('  whoa', 'whoa', ['whoami ']);
    await check('nosuch', 'nosuch', []);
    await check('nosuch /a', '/a', []);
    const all = await complete('', place());
    expect(all.candidates.length).toBe(VERBS.length + 1);
  });

  test('options of the command', async () => {
    await check('ls -', '-', ['-R ', '-s ', '-w ']);
    await check('get --r', '--r', ['--raw ']);
    await check('get --h', '--h', ['--hex ']);
  });

  test('paths, with a slash where there is more below', async () => {
    await check('ls /', '/', ['/app', '/apple', '/zookeeper']);
    await check('ls /z', '/z', ['/zookeeper/']);
    await check('ls /zookeeper/c', '/zookeeper/c', ['/zookeeper/config ']);
    await check('ls -s /apple', '/apple', ['/apple ']);
    await check('create -t 5 /z', '/z', ['/zookeeper/']);
    await check('cp /app /z', '/z', ['/zookeeper/']);
  });

  test('not where no path belongs', async () => {
    await check('create /app /z', '/z', []);
    await check('set /app ', '', []);
    await check('create -t ', '', []);
    await check('whoami /', '/', []);
  });

  test('names that need quotes get them, names that could deceive are left out', async () => {
    await check('ls /app/', '/app/', ['/app/one', '/app/quo"te', '"/app/two words"']);
    await check('ls "/app/tw', '"/app/tw', ['"/app/two words" ']);
  });

  test('relative paths, where they are allowed', async () => {
    await check('ls con', 'con', [], undefined);
    await check('ls con', 'con', ['config '], '/zookeeper');
    await check('ls ../ap', '../ap', ['../app', '../apple'], '/zookeeper');
  });

  test('words of some commands', async () => {
    await check('printwatches o', 'o', ['off ', 'on ']);
    await check('txn c', 'c', ['check ', 'create ']);
  });
});
