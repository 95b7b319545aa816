/** The shell at a terminal, as somebody would use it. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../../src/client/api.ts';
import { connect } from '../../../src/client/index.ts';
import { type InProcess, startInProcess } from '../../golden/zkt-in-process.ts';
import { bundleProgram, removeBundle, Screen } from './pseudo-terminal.ts';

const UP = '\x1b[A';
const CTRL_C = '\x03';
const CTRL_D = '\x04';

let dir: string;
let main: string;
let server: InProcess;
let client: Client;
const screens: Screen[] = [];

beforeAll(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'zkt-terminal-'));
  main = await bundleProgram();
  server = await startInProcess(path.join(dir, 'data'));
  client = connect({ servers: server.address });
  await client.create('/app', 'hello');
  await client.create('/app/one');
  await client.create('/app/two words');
  await client.create('/evil', '\x1b[2Jcleared\u202e');
}, 30_000);

afterEach(() => {
  for (const screen of screens.splice(0)) screen.kill();
});

afterAll(async () => {
  await client?.close();
  await server?.stop();
  removeBundle();
  rmSync(dir, { recursive: true, force: true });
});

async function open(env: Readonly<Record<string, string>> = {}): Promise<Screen> {
  const screen = new Screen(main, ['shell', '-s', server.address], {
    XDG_STATE_HOME: path.join(dir, 'state'),
    XDG_CONFIG_HOME: path.join(dir, 'config'),
    ...env,
  });
  screens.push(screen);
  await screen.until((lines) => lines.at(-1)?.includes('(CONNECTED) 0]') ?? false, 8_000);
  return screen;
}

const prompt = (count: number, typed = '', where = '') =>
  `[zk: ${server.address}(CONNECTED) ${count}${where}] ${typed}`.trimEnd();
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const shows = (line: string) => (lines: string[]) => lines.at(-1) === line;

describe('the prompt', () => {
  test('runs what is typed, and counts', async () => {
    const screen = await open();
    screen.type('ls /\r');
    await screen.until(shows(prompt(1)));
    expect(screen.lines().at(-2)).toBe('[app, evil, zookeeper]');
    screen.type('get /evil\r');
    await screen.until(shows(prompt(2)));
    expect(screen.lines().at(-2)).toBe('\\x1b[2Jcleared\\u{202e}');
    screen.type('\r\r');
    await screen.until(shows(prompt(2)));
  });

  test('completes commands and paths', async () => {
    const screen = await open();
    screen.type('getA');
    await screen.until(shows(prompt(0, 'getA')));
    screen.type('c');
    await pause(50);
    screen.type('\t'); // a tab amid other keys is taken for pasted text
    await screen.until(shows(prompt(0, 'getAcl')));
    screen.type('/app');
    await screen.until(shows(prompt(0, 'getAcl /app')));
    screen.type('\t');
    await screen.until(shows(prompt(0, 'getAcl /app/')));
    screen.type('\t');
    await screen.until((lines) => lines.some((line) => /\/app\/one\s+"\/app\/two words"/.test(line)));
    await pause(150);
    screen.type('o');
    await pause(50);
    screen.type('\t');
    await screen.until(shows(prompt(0, 'getAcl /app/one')));
    screen.type('\r');
    await screen.until(shows(prompt(1)));
    expect(screen.lines().slice(-3, -1)).toEqual(["'world,'anyone", ': cdrwa']);
  });

  test('prints events above the line that is being typed', async () => {
    const screen = await open();
    screen.type('addWatch /app\r');
    await screen.until(shows(prompt(1)));
    const half = `set /app "${'half a line, '.repeat(8)}`;
    screen.type(half);
    await screen.until(shows(prompt(1, half)));
    await client.set('/app', 'changed');
    await screen.until((lines) => lines.at(-2)?.includes('NodeDataChanged path:/app') ?? false);
    expect(screen.last).toBe(prompt(1, half));
    screen.resize(120, 40);
    await pause(150);
    await client.set('/app', 'again');
    const events = () => screen.lines().filter((line) => line.includes('NodeDataChanged')).length;
    await screen.until(() => events() === 2);
    expect(screen.lines().filter((line) => line === 'WATCHER::').length).toBe(3);
    expect(screen.last).toBe(prompt(1, half));
    screen.type('end"\r');
    await screen.until(shows(prompt(2)));
    expect((await client.get('/app')).data?.toString()).toMatch(/half a line, end$/);
  });

  test('Ctrl-C drops the line, or ends the command that runs; Ctrl-D leaves', async () => {
    const screen = await open();
    screen.type('deleteall /app');
    await screen.until(shows(prompt(0, 'deleteall /app')));
    screen.type(CTRL_C);
    await screen.until(shows(prompt(0)));
    screen.type('watch /app\r');
    await pause(300);
    await client.set('/app', 'seen');
    await screen.until((lines) => lines.at(-1)?.includes('NodeDataChanged') ?? false);
    screen.type(CTRL_C);
    await screen.until(shows(prompt(1)));
    screen.type('stat /nowhere\r');
    await screen.until(shows(prompt(2)));
    screen.type(CTRL_D);
    await screen.until(() => screen.exitCode !== undefined);
    expect(screen.exitCode).toBe(1); // that of the last command
  });

  test('asks before it deletes a subtree', async () => {
    await client.create('/gone');
    await client.create('/gone/too');
    const screen = await open();
    screen.type('deleteall /gone\r');
    await screen.until(shows('Delete /gone, 2 nodes in all? [y/N]'));
    screen.type('\r');
    await screen.until(shows(prompt(1)));
    expect(await client.exists('/gone')).toBeDefined();
    screen.type('deleteall /gone\r');
    await screen.until(shows('Delete /gone, 2 nodes in all? [y/N]'));
    screen.type('y\r');
    await screen.until(shows(prompt(2)));
    expect(await client.exists('/gone')).toBeUndefined();
    screen.type(UP);
    await screen.until(shows(prompt(2, 'deleteall /gone'))); // the answers are no lines
  });

  test('what is typed while a command runs is the next line, the cursor behind it', async () => {
    const screen = await open();
    screen.type('watch -n 1 /app\r');
    await pause(300);
    screen.type('typed ');
    await pause(50);
    await client.set('/app', 'seen');
    await screen.until(shows(prompt(1, 'typed')));
    screen.type('ahead');
    await screen.until(shows(prompt(1, 'typed ahead')));
    screen.type('\x15ls /app\r'); // Ctrl-U
    await screen.until(shows(prompt(2)));
    expect(screen.lines().at(-2)).toBe('[one, two words]');
  });

  test('Ctrl-D while a command runs, or asks, lets it end and then leaves', async () => {
    const screen = await open();
    screen.type('watch -n 1 /app\r');
    await pause(300);
    screen.type(CTRL_D);
    await pause(150);
    expect(screen.exitCode).toBe(undefined);
    await client.set('/app', 'seen');
    await screen.until(() => screen.exitCode !== undefined);
    expect(screen.lines().at(-1)).toContain('NodeDataChanged');
    const asked = await open();
    asked.type('deleteall /app\r');
    await asked.until(shows('Delete /app, 3 nodes in all? [y/N]'));
    asked.type(CTRL_D);
    await asked.until(() => asked.exitCode !== undefined);
    expect(await client.exists('/app/one')).toBeDefined();
    expect(asked.lines().join('\n')).not.toContain('expired');
  });

  test('remembers lines over shells, but no credentials', async () => {
    const state = path.join(dir, 'other-state');
    const first = await open({ XDG_STATE_HOME: state });
    first.type('addauth digest user:secret\rwhoami\rget /app\rquit\r');
    await first.until((lines) => first.exitCode !== undefined && lines.includes('digest: user'));
    const text = readFileSync(path.join(state, 'zkt', 'history'), 'utf8');
    expect(text).toBe('whoami\nget /app\nquit\n');
    const second = await open({ XDG_STATE_HOME: state });
    second.type(UP + UP);
    await second.until(shows(prompt(0, 'get /app')));
  });

  test('cd, relative paths, and help', async () => {
    const screen = await open();
    screen.type('cd app\r');
    await screen.until(shows(prompt(1, '', ' /app')));
    screen.type('get one\rget ../evil\rcd nowhere\r');
    await screen.until(shows(prompt(4, '', ' /app')));
    expect(screen.lines()).toContain('null');
    expect(screen.last).toBe(prompt(4, '', ' /app'));
    screen.type('gett\r');
    await screen.until((lines) => lines.some((line) => line.includes('Did you mean get?')));
    screen.type('help\r');
    await screen.until((lines) => lines.some((line) => line.includes('tells more')));
  });

  test('an editor has the terminal while it runs', async () => {
    const editor = path.join(dir, 'editor.sh');
    writeFileSync(editor, '#!/bin/sh\ntest -t 0 || exit 3\nprintf "edited\\n" > "$1"\n', { mode: 0o755 });
    await client.set('/app', 'before');
    const screen = await open({ EDITOR: editor });
    screen.type('edit /app\r');
    await screen.until(shows(prompt(1)));
    expect((await client.get('/app')).data?.toString()).toBe('edited');
    screen.type('get /app\r');
    await screen.until(shows(prompt(2)));
    expect(screen.lines().at(-2)).toBe('edited');
  });

  test('garbage is answered, never a crash', async () => {
    const screen = await open();
    screen.type('\x00\x1b[200~\x1bOP"\'"\' -- \ufffd\u202e\r');
    screen.type(`${'x'.repeat(300)}\r`);
    screen.type('ls "\rcreate -t 9999999999999999999999999 /x\rget /\x01\x02\r');
    await screen.until((lines) => /\(CONNECTED\) [45]\] *$/.test(lines.at(-1) ?? ''), 8_000);
    screen.type('ls /\r');
    await screen.until((lines) => lines.at(-2) === '[app, evil, zookeeper]');
    expect(existsSync(path.join(dir, 'state', 'zkt', 'history'))).toBe(true);
  });
});
