/**
 * What Apache's servers and zkt's make of the same zoo.cfg when its members move to a dynamic file: the same
 * bytes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { apacheServerCommand, findApache, freePort, tempDir } from './apache.ts';
import { eventually } from './ensemble.ts';
import { ZKT_BIN } from './zkt.ts';

const root = findApache() === undefined ? '' : tempDir('dynamic');
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
afterAll(() => {
  if (root !== '') rmSync(root, { recursive: true, force: true });
});

const COMMAND = {
  Apache: (config: string) => apacheServerCommand({}, config),
  zkt: (config: string) => [process.execPath, ZKT_BIN, 'server', '--config', config],
};

/** Where the server in `dir` is, and what its configuration says once it is told. */
const configOf = (dir: string): string => path.join(dir, 'zoo.cfg');

/**
 * Starts servers of one kind in fresh directories, until each has moved its members; the files they leave.
 */
async function filesOf(
  kind: keyof typeof COMMAND,
  configs: readonly string[],
): Promise<Record<string, string>> {
  const dirs = configs.map((_, i) => path.join(root, String(i + 1)));
  const ends: Promise<void>[] = [];
  dirs.forEach((dir, i) => {
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(path.join(dir, 'data'), { recursive: true });
    writeFileSync(path.join(dir, 'data', 'myid'), String(i + 1));
    writeFileSync(configOf(dir), configs[i] as string);
    const [command, ...args] = COMMAND[kind](configOf(dir)) as [string, ...string[]];
    const child = spawn(command, args, { cwd: dir, stdio: 'ignore' });
    running.add(child);
    ends.push(new Promise((resolve) => child.once('exit', () => resolve(void running.delete(child)))));
  });
  const moved = (dir: string): boolean =>
    /^dynamicConfigFile=/m.test(readFileSync(configOf(dir), 'utf8')) &&
    !readdirSync(dir).includes('zoo.cfg.dynamic.next');
  await eventually(`${kind} to move its members`, () => dirs.every(moved), 60_000);
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(ends);
  const files = dirs.flatMap((dir) =>
    readdirSync(dir)
      .map((name) => path.join(dir, name))
      .filter((file) => statSync(file).isFile()),
  );
  // Which epoch was the first to be established is chance.
  const timeless = (text: string): string => text.replace(/(dynamic\.)[0-9a-f]+00000000/g, '$1V');
  return Object.fromEntries(
    files.map((file) => [timeless(path.relative(root, file)), timeless(readFileSync(file, 'utf8'))]),
  );
}

describe.skipIf(findApache() === undefined)('a zoo.cfg with its members', () => {
  const LINES = [
    '# a comment',
    'tickTime=500',
    'initLimit=20',
    'syncLimit=6',
    'reconfigEnabled=true',
    'standaloneEnabled=false',
    'admin.enableServer=false',
    '4lw.commands.whitelist=*',
    'peerType=participant',
    'maxClientCnxns = 0',
  ];

  it.each([
    ['one server, its clients in its line', 1, true, []],
    ['one server, its clients elsewhere', 1, false, []],
    ['three servers', 3, true, []],
    ['three servers in groups', 3, false, ['group.7=3:1', 'group.2=2', 'weight.3=2']],
  ] as const)('%s', async (_name, size, inLine, more) => {
    const ports = await Promise.all(Array.from({ length: 3 * size }, freePort));
    const port = (i: number): number => ports[i] as number;
    const servers = Array.from({ length: size }, (_, i) => {
      const client = inLine ? `;127.0.0.1:${port(3 * i + 2)}` : '';
      return `server.${i + 1}=127.0.0.1:${port(3 * i)}:${port(3 * i + 1)}${client}`;
    });
    const configs = servers.map((_, i) => {
      const own = [
        `dataDir=${path.join(root, String(i + 1), 'data')}`,
        `clientPort=${port(3 * i + 2)}`,
        'clientPortAddress=127.0.0.1',
      ];
      return [...LINES, ...own, ...servers, ...more, ''].join('\n');
    });
    const theirs = await filesOf('Apache', configs);
    expect(Object.keys(theirs)).toContain('1/zoo.cfg.dynamic.V');
    expect(await filesOf('zkt', configs)).toEqual(theirs);
  });
});
