/**
 * `zkt top` on a real terminal: keys, sizes, signals, garbage, and the terminal afterwards. It plays a
 * recording that the test makes, so that there is something to see and nobody has to be asked.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ZktEvent } from '../../src/events/table.ts';
import { systemDisk } from '../../src/platform/disk.ts';
import { RecordingWriter } from '../../src/storage/recording/recording-writer.ts';
import { bundleProgram, removeBundle } from '../cli/shell/pseudo-terminal.ts';
import { sampled } from './samples.ts';
import { event, STORY_START_MS } from './stories.ts';
import { openTerminal, type TerminalOptions, type TestTerminal } from './terminal.ts';

const FOLDER = 'dist-test-top';
const EVIL = '\x1b]0;owned\x07\x1b[2J\u202eabc\nmore\u200b';
let main: string;
let dir: string;
let recording: string;
beforeAll(async () => {
  main = await bundleProgram(FOLDER);
  dir = mkdtempSync(path.join(tmpdir(), 'zkt-top-'));
  recording = path.join(dir, 'story.zktrec');
  write(recording, story());
}, 60_000);
afterAll(() => {
  removeBundle(FOLDER);
  rmSync(dir, { recursive: true, force: true });
});

const open: TestTerminal[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

/** A minute of three servers; one of them has a name that nobody should have. */
function* story(): Generator<ZktEvent> {
  for (let second = 0; second <= 60; second++) {
    const time = STORY_START_MS + second * 1000;
    for (const node of ['1', '2', '3'])
      yield sampled(node, { mode: node === '3' ? 'leader' : 'follower', requestsPerS: 100 + second }, time);
  }
  yield event('source.lost', { address: EVIL, why: EVIL }, { node: EVIL, time: STORY_START_MS + 60_000 });
}

function write(file: string, events: Iterable<ZktEvent>): void {
  const writer = new RecordingWriter(systemDisk, file);
  for (const each of events) writer.append(each);
  writer.close();
}

function start(args: readonly string[], options: Partial<TerminalOptions> = {}): TestTerminal {
  const terminal = openTerminal({ command: [process.execPath, main, 'top', ...args], cwd: dir, ...options });
  open.push(terminal);
  return terminal;
}
const replay = (options: Partial<TerminalOptions> = {}): TestTerminal =>
  start(['--replay', recording, '--from', '30s', '--speed', '0.1'], options);

/** The terminal is as a shell wants it. */
async function whole(terminal: TestTerminal): Promise<void> {
  await terminal.quiet(100);
  expect(terminal.modes()).toEqual({ alternate: false, cursorHidden: false });
  expect(terminal.written()).not.toContain('\x1b[3J');
}

describe('a terminal', () => {
  it('shows the dashboard, and is whole after q', async () => {
    const top = replay();
    const screen = await top.waitFor('server 3 leads');
    expect(screen[0]).toMatch(/1 Ensemble.*REPLAY/);
    expect(screen).toHaveLength(24);
    // The last row stays empty: a frame as tall as the terminal would make it scroll.
    expect(screen[23]).toBe('');
    expect(screen[22]).toContain('? help');
    expect(top.modes()).toEqual({ alternate: true, cursorHidden: true });
    top.type('q');
    expect(await top.ended).toEqual({ code: 0, signal: 0 });
    await whole(top);
  });
  it('is whole after Ctrl-C', async () => {
    const top = replay();
    await top.waitFor('server 3 leads');
    top.type('\x03');
    expect(await top.ended).toEqual({ code: 0, signal: 0 });
    await whole(top);
  });
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'])('is whole after %s', async (signal) => {
    const top = replay();
    await top.waitFor('server 3 leads');
    top.kill(signal);
    expect(await top.ended).toEqual({ code: 130, signal: 0 });
    await whole(top);
  });
  it('is whole while the program is stopped, and taken again when it goes on', async () => {
    const top = replay();
    await top.waitFor('server 3 leads');
    for (const stop of [() => top.kill('SIGTSTP'), () => top.type('\x1a')]) {
      stop();
      await top.waitFor(() => !top.modes().alternate);
      await whole(top);
      top.kill('SIGCONT');
      await top.waitFor('server 3 leads');
      expect(top.modes()).toEqual({ alternate: true, cursorHidden: true });
    }
    top.type('q');
    expect((await top.ended).code).toBe(0);
    await whole(top);
  });
  it.each([
    ['an exception', 'throw new Error(`boom`)'],
    ['a rejection', 'Promise.reject(new Error(`boom`))'],
  ])('is whole after %s, which is told on it', async (_what, code) => {
    const bug = `data:text/javascript,setTimeout(() => { ${code} }, 1200)`;
    const command = [process.execPath, '--import', bug, main, 'top', '--replay', recording];
    const top = replay({ command });
    await top.waitFor('server 3 leads');
    expect((await top.ended).code).toBe(1);
    await whole(top);
    expect(top.screen().join('\n')).toMatch(/internal error: Error: boom/);
  });
  it('that is too small is told so, and may grow', async () => {
    const top = replay({ columns: 20, rows: 5 });
    const screen = await top.waitFor('20x5 is too small');
    expect(screen.every((line) => line.length <= 20)).toBe(true);
    top.type('1j/x\x1b\x1b[B??');
    top.resize(80, 24);
    await top.waitFor('server 3 leads');
    top.resize(1, 1);
    await top.quiet(400);
    top.resize(100, 30);
    await top.waitFor('server 3 leads');
    top.type('q');
    expect((await top.ended).code).toBe(0);
    await whole(top);
  });
  it('may be resized in a storm', async () => {
    const top = replay();
    await top.waitFor('server 3 leads');
    for (let i = 0; i < 120; i++) {
      top.resize(20 + ((i * 37) % 200), 4 + ((i * 13) % 60));
      if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    top.resize(90, 28);
    // Frames for sizes on the way may come yet.
    await top.quiet(400);
    const screen = await top.waitFor((shown) => /\? help/.test(shown.split('\n')[26] ?? ''));
    expect(screen.filter((line) => line.includes('1 Ensemble'))).toHaveLength(1);
    expect(screen.filter((line) => line.includes('server 3 leads'))).toHaveLength(1);
    expect(screen[0]).toContain('1 Ensemble');
    top.type('q');
    expect((await top.ended).code).toBe(0);
    await whole(top);
  });
  it('without UTF-8 gets ASCII', async () => {
    const top = replay({ env: { LANG: 'C' }, columns: 160, rows: 50 });
    const seen = [await top.waitFor('server 3 leads')];
    for (const keys of ['\r', '\x1b?', '?2', '3', '4', '5', '6']) {
      top.type(keys);
      await top.quiet();
      seen.push(top.screen());
    }
    for (const screen of seen) for (const line of screen) expect(line).toMatch(/^[\x20-\x7e]*$/);
  });
  it('without colour gets none', async () => {
    const top = replay({ env: { NO_COLOR: '1' } });
    await top.waitFor('server 3 leads');
    const cells = top.cells().flat();
    expect(cells.every((cell) => cell.foreground === -1 && cell.background === -1)).toBe(true);
    expect(cells.some((cell) => cell.inverse)).toBe(true);
    expect(replay().cells()).toHaveLength(24);
  });
  it('is drawn on where CI is said to be', async () => {
    const top = replay({ env: { CI: 'true' } });
    await top.waitFor('server 3 leads');
  });
});

describe('keys', () => {
  it('go through the panes, choose, look into and come back', async () => {
    const top = replay();
    await top.waitFor('server 3 leads');
    top.type('jj');
    const chosen = (): string =>
      top
        .cells()
        .slice(2)
        .filter((row) => row.slice(0, 20).every((cell) => cell.inverse))
        .map((row) => row.map((cell) => cell.char).join(''))
        .join('|');
    await top.waitFor(() => chosen().startsWith('   2 '));
    top.type('\r');
    await top.waitFor(/server 2 {2}follower/);
    top.type('\x1b');
    await top.waitFor('server 3 leads');
    top.type('2');
    await top.waitFor((shown) => !shown.includes('server 3 leads in'));
    top.type('\x1b[Z');
    await top.waitFor('server 3 leads');
  });
  it('filter with editing', async () => {
    const top = replay();
    await top.waitFor('server 3 leads');
    top.type('/leadx');
    await top.waitFor('No server matches leadx');
    top.type('\x7f\r');
    await top.waitFor((shown) => /^\s+3 /m.test(shown) && !/^\s+2 /m.test(shown));
    top.type('\x1b');
    await top.waitFor(/^\s+2 /m);
  });
  it('pause unmissably, step, and go on', async () => {
    const top = replay();
    await top.waitFor('server 3 leads');
    top.type(' ');
    await top.waitFor(/PAUSED.*Space/s);
    const bar = top.cells()[21] ?? [];
    expect(bar.every((cell) => cell.inverse)).toBe(true);
    const before = top.screen().join('\n');
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(top.screen().join('\n')).toBe(before);
    top.type('....');
    await top.waitFor((shown) => shown !== before);
    top.type(' ');
    await top.waitFor((shown) => !shown.includes('PAUSED'));
  });
  it('move in a recording', async () => {
    const top = replay();
    await top.waitFor('server 3 leads');
    top.type('g100%\r');
    await top.waitFor(/ 1m0s ━+ 1m0s/);
    top.type('[');
    await top.waitFor(/ 55s ━/);
    top.type('g10s\r');
    await top.waitFor(/ 10s ━/);
    top.type('>');
    await top.waitFor('0.2x');
    top.type('gxyz\r');
    await top.waitFor('xyz is no time');
  });
  it('show help with every key and what the pane says of itself', async () => {
    const top = replay({ rows: 50 });
    await top.waitFor('server 3 leads');
    top.type('?');
    const screen = (await top.waitFor('In a recording')).join('\n');
    for (const what of [
      'Shift-Tab',
      'PgUp',
      'Enter, Esc',
      'another order',
      'Space',
      'record',
      'Ctrl-Z',
      'quit',
      'A row a server',
    ])
      expect(screen).toContain(what);
    top.type('q');
    await top.waitFor('server 3 leads');
  });
  it('record into a file', async () => {
    const top = replay();
    await top.waitFor('server 3 leads');
    top.type('r');
    await top.waitFor(/REC zkt-\d{8}T\d{6}Z\.zktrec/);
    top.type('r');
    await top.waitFor(/events are in zkt-/);
    top.type('q');
    expect((await top.ended).code).toBe(0);
    await top.quiet(100);
    expect(top.screen().join('\n')).toMatch(/recorded \d+ events in zkt-/);
    expect(readdirSync(dir).some((name) => /^zkt-.*\.zktrec$/.test(name))).toBe(true);
  });
  it('that make no sense do no harm', async () => {
    const top = replay();
    await top.waitFor('server 3 leads');
    let seed = 11;
    const next = (): number => {
      seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
      return seed >> 8;
    };
    // Everything but what quits or stops.
    const harmless = (byte: number): boolean => ![0x03, 0x1a, 0x71, 0x1c].includes(byte);
    for (let i = 0; i < 60; i++) {
      const bytes = Array.from({ length: 30 }, () => (next() % 6 === 0 ? 0x1b : next() % 128));
      top.type(String.fromCharCode(...bytes.filter(harmless)));
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    // Out of whatever is open: a line, help, a detail.
    for (let i = 0; i < 4; i++) {
      top.type('\x1b');
      await new Promise((resolve) => setTimeout(resolve, 120));
    }
    top.type('1');
    await top.waitFor('1 Ensemble');
    top.type('\x03');
    expect((await top.ended).code).toBe(0);
    await whole(top);
  });
});

it('hostile names never reach the terminal', async () => {
  const top = start(['--replay', recording, '--from', '100%'], { columns: 160, rows: 50 });
  await top.waitFor('3 of 4 servers up');
  for (const keys of ['G\r', '\x1b2', '3', '4', '5', '6', 'G\r']) {
    top.type(keys);
    await top.quiet();
  }
  top.type('\x03');
  await top.ended;
  expect(top.written()).toContain('owned');
  expect(top.written()).not.toMatch(/\x1b\]|\u202e|\u200b|\x07/);
  await whole(top);
});

describe('the wall', () => {
  const wall = (options: Partial<TerminalOptions> = {}): TestTerminal =>
    start(['--wall', '--replay', recording, '--from', '100%'], { columns: 140, rows: 44, ...options });
  it('shows charts, gauges, sparklines and a log, and leaves a whole terminal', async () => {
    const top = wall();
    const screen = (await top.waitFor('3 of 4 servers up')).join('\n');
    for (const what of [
      'requests per second',
      'latency p99',
      'fsync p99',
      'busiest processor',
      'server 3: 160/s',
    ])
      expect(screen).toContain(what);
    expect(screen).toMatch(/! .*does not answer/);
    expect(top.written()).not.toMatch(/\x1b\]0;owned|\u202e|\u200b/);
    top.type('q');
    expect((await top.ended).code).toBe(0);
    await whole(top);
  });
  it('is whole after a signal, a stop and a storm of sizes', async () => {
    const top = wall();
    await top.waitFor('3 of 4 servers up');
    top.type('\x1a');
    await top.waitFor(() => !top.modes().alternate);
    await whole(top);
    top.kill('SIGCONT');
    await top.waitFor('3 of 4 servers up');
    for (let i = 0; i < 40; i++) top.resize(20 + ((i * 37) % 200), 4 + ((i * 13) % 60));
    top.resize(20, 5);
    await top.waitFor('20x5 is too small');
    top.resize(100, 40);
    await top.waitFor('3 of 4 servers up');
    top.kill('SIGTERM');
    expect((await top.ended).code).toBe(130);
    await whole(top);
  });
});

it('is loaded for the dashboard only', async () => {
  const loaded = async (...words: string[]): Promise<string> => {
    const into = mkdtempSync(path.join(dir, 'loaded-'));
    const env = { ...process.env, NODE_V8_COVERAGE: into };
    await new Promise((resolve) =>
      spawn(process.execPath, [main, ...words], { env, cwd: dir }).once('close', resolve),
    );
    return readdirSync(into)
      .map((name) => readFileSync(path.join(into, name), 'utf8'))
      .join();
  };
  const heavy = /node_modules\/(react|ink|yoga-layout|blessed|blessed-contrib)\//;
  expect(await loaded('get', '/a', '-s', '127.0.0.1:1', '--timeout', '100')).not.toMatch(heavy);
  expect(await loaded('status', '-s', '127.0.0.1:1')).not.toMatch(heavy);
  expect(await loaded('top', '-b', '-n', '1', '--replay', recording)).not.toMatch(heavy);
  expect(await loaded('status', '--help')).toContain('main.js');
});

describe('zkt up', () => {
  const port = (): number => 20_000 + Math.floor(Math.random() * 9_000);
  const up = (): TestTerminal => {
    const data = mkdtempSync(path.join(dir, 'up-'));
    const words = ['up', '--size', '1', '--base-port', String(port()), '--data', data];
    const terminal = openTerminal({ command: [process.execPath, main, ...words], cwd: dir, columns: 120 });
    open.push(terminal);
    return terminal;
  };
  it('shows the dashboard on a terminal; q stops all, and says where the logs are', async () => {
    const top = up();
    await top.waitFor('1 of 1 server up, standalone');
    top.type('q');
    expect(await top.ended).toEqual({ code: 0, signal: 0 });
    await whole(top);
    const screen = top.screen().join('\n').replaceAll('\n', '');
    const log = /the logs of the servers: (\S+server\.log)/.exec(screen)?.[1] ?? '';
    expect(readFileSync(log, 'utf8')).toMatch(/server\.stopped/);
  }, 20_000);
  it('ends in good order with SIGTERM', async () => {
    const top = up();
    await top.waitFor('1 of 1 server up, standalone');
    top.kill('SIGTERM');
    expect(await top.ended).toEqual({ code: 0, signal: 0 });
    await whole(top);
    expect(top.screen().join('\n')).toContain('stopping 1 server');
  }, 20_000);
});

it('nobody answers: the dashboard opens and says so', async () => {
  const top = start(['-s', '127.0.0.1:1']);
  await top.waitFor('no server answers');
  await top.waitFor(/does not answer for \d+s/);
  top.type('q');
  expect((await top.ended).code).toBe(0);
  await whole(top);
});

it('what is wrong with its options is told before the terminal is taken', async () => {
  const top = start(['--pane', 'nothing', '--replay', recording]);
  expect((await top.ended).code).toBe(2);
  await top.quiet(100);
  expect(top.screen().join(' ')).toContain('--pane is one of ensemble, election');
  expect(top.written()).not.toContain('\x1b[?1049h');
});
