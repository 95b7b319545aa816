/**
 * `zkt up` as a process: what becomes of its servers when they die, when it is told to stop, and when it is
 * killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../../src/client/index.ts';
import { bundleProgram, removeBundle, Screen } from '../shell/pseudo-terminal.ts';

const FOLDER = 'dist-test-up';
const WAIT_MS = 9_000;
let main: string;
beforeAll(async () => {
  main = await bundleProgram(FOLDER);
});
afterAll(() => removeBundle(FOLDER));

const runs: Run[] = [];
afterEach(async () => {
  for (const run of runs.splice(0)) await run.remove();
});

const until = async (what: string, holds: () => boolean, log: () => string): Promise<void> => {
  const deadline = performance.now() + WAIT_MS;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`${what} did not come about:\n${log()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

/**
 * A base port whose servers, quorum and election ports are most likely free, below those the kernel hands
 * out.
 */
const somePort = (): number => 20_000 + Math.floor(Math.random() * 9_000);

/** One `zkt up`. */
class Run {
  readonly dir: string;
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  readonly port: number;
  text = '';
  stdout = '';

  constructor(args: readonly string[], port = somePort(), dir = mkdtempSync(path.join(tmpdir(), 'zkt-up-'))) {
    this.dir = dir;
    this.port = port;
    const words = ['up', '--data', path.join(dir, 'data'), '--base-port', String(port), ...args];
    this.child = spawn(process.execPath, [main, ...words], {
      cwd: dir,
      env: { ...process.env, NO_COLOR: '1' },
    });
    this.child.stderr?.on('data', (chunk) => {
      this.text += chunk;
    });
    this.child.stdout?.on('data', (chunk) => {
      this.stdout += chunk;
    });
    this.exited = new Promise((resolve) => this.child.once('close', resolve));
    runs.push(this);
  }

  /** Waits for a line of its log. */
  says(line: RegExp, from = 0): Promise<void> {
    return until(
      String(line),
      () => line.test(this.text.slice(from)),
      () => this.text,
    );
  }

  /** The process of a server. */
  pidOf(id: number): number {
    return Number(readFileSync(path.join(this.dir, 'data', String(id), 'zkt.pid'), 'utf8').split(' ')[0]);
  }

  async remove(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 20 });
  }
}

describe('one server', () => {
  test('starts it again when it dies, and stops it with SIGINT', async () => {
    const run = new Run(['--size', '1', '--no-top']);
    await run.says(/^zkt up +\| serving\. Connect with: zkt shell -s 127\.0\.0\.1:\d+$/m);
    const pid = run.pidOf(1);
    const before = run.text.length;
    process.kill(pid, 'SIGKILL');
    await run.says(
      /^zkt up +\| server 1 was ended by SIGKILL\nzkt up +\| server 1 is started again in 250 ms$/m,
    );
    await run.says(/serving\. Connect/, before);
    const second = run.pidOf(1);
    expect(second).not.toBe(pid);
    run.child.kill('SIGINT');
    expect(await run.exited).toBe(0);
    expect(alive(second)).toBe(false);
    expect(run.text).toMatch(/^server 1 \| .*The server has stopped/m);
    expect(run.stdout).toBe('');
    expect(run.text).not.toContain('\x1b');
    expect(statSync(path.join(run.dir, 'data', '1', 'zoo.cfg')).mode & 0o077).toBe(0);
  });

  test('no server outlives a parent that was killed', async () => {
    const run = new Run(['--size', '1']);
    await run.says(/serving\. Connect/);
    const pid = run.pidOf(1);
    run.child.kill('SIGKILL');
    await until(
      'the end of the server',
      () => !alive(pid),
      () => run.text,
    );
    // In good order: the lock of its directory is gone.
    expect(() => run.pidOf(1)).toThrow(/ENOENT/);
  });

  test('a server that hangs is killed by a second signal', async () => {
    const run = new Run(['--size', '1']);
    await run.says(/serving\. Connect/);
    const pid = run.pidOf(1);
    process.kill(pid, 'SIGSTOP');
    run.child.kill('SIGTERM');
    await run.says(/stopping 1 server/);
    run.child.kill('SIGTERM');
    expect(await run.exited).toBe(130);
    expect(alive(pid)).toBe(false);
  });
});

test('at a terminal: colours, and Ctrl-C stops it in good order', async () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'zkt-up-'));
  const place = ['--data', path.join(dir, 'data'), '--base-port', String(somePort())];
  const args = ['up', '--no-top', '--size', '1', ...place];
  const screen = new Screen(main, args, { FORCE_COLOR: '', NO_COLOR: '' });
  try {
    await screen.until((lines) => lines.some((line) => /^zkt up {3}\| serving\. Connect with/.test(line)));
    const pid = Number(readFileSync(path.join(dir, 'data', '1', 'zkt.pid'), 'utf8').split(' ')[0]);
    screen.type('\x03');
    await screen.until(() => screen.exitCode !== undefined);
    expect(screen.exitCode).toBe(0);
    expect(alive(pid)).toBe(false);
    expect(screen.lines().join('\n')).toContain('The server has stopped');
  } finally {
    screen.kill();
    rmSync(dir, { recursive: true, force: true });
  }
});

describe('three servers and an observer', () => {
  test('elect, live through kill -9 of each, and stop together', async () => {
    const run = new Run(['--observers', '1']);
    const connected = /server (\d) leads\. Connect with: zkt shell -s (\S+)/;
    await run.says(connected);
    const [, leader, servers = ''] = connected.exec(run.text) ?? [];
    expect(servers.split(',').length).toBe(4);
    const client = connect({ servers, sessionTimeoutMs: 10_000 });
    try {
      await client.create('/kept', 'value');
      const pids = [1, 2, 3, 4].map((id) => run.pidOf(id));
      for (const id of [Number(leader), 1, 4]) {
        const from = run.text.length;
        const pid = run.pidOf(id);
        process.kill(pid, 'SIGKILL');
        await run.says(new RegExp(`server ${id} was ended by SIGKILL`), from);
        const back = new RegExp(`^server ${id} .*(In step with server|Leading in epoch)`, 'm');
        await run.says(back, from);
      }
      expect([1, 2, 3, 4].filter((id) => run.pidOf(id) === pids[id - 1]).length).toBeLessThan(3);
      expect((await client.get('/kept')).data?.toString()).toBe('value');
    } finally {
      await client.close();
    }
    const last = [1, 2, 3, 4].map((id) => run.pidOf(id));
    run.child.kill('SIGTERM');
    expect(await run.exited).toBe(0);
    expect(last.filter(alive)).toEqual([]);
    const secret = path.join(run.dir, 'data', 'zkt.secret');
    expect(statSync(secret).mode & 0o777).toBe(0o600);
  }, 60_000);

  test('none of them outlives a parent that was killed', async () => {
    const run = new Run(['--observers', '1']);
    await run.says(/server \d leads/);
    const pids = [1, 2, 3, 4].map((id) => run.pidOf(id));
    run.child.kill('SIGKILL');
    await until(
      'their end',
      () => !pids.some(alive),
      () => run.text,
    );
  }, 30_000);
});

describe('what is wrong is told before anything is started', () => {
  test('a port in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    const run = new Run(['--size', '1'], port);
    expect(await run.exited).toBe(1);
    taken.close();
    expect(run.text).toBe(
      `zkt: client port of server 1 127.0.0.1:${port} is in use; stop the other program or choose another port\n`,
    );
    expect(() => statSync(path.join(run.dir, 'data'))).toThrow(/ENOENT/);
  });

  test('a directory in use', async () => {
    const run = new Run(['--size', '1']);
    await run.says(/serving\. Connect/);
    const other = new Run(['--size', '1'], somePort(), run.dir);
    expect(await other.exited).toBe(1);
    expect(other.text).toMatch(/^zkt: the data directory .*data is in use by process \d+/);
  });

  test.each([
    [['--size', '0'], '--size is a number from 1 to 9'],
    [['--size', '10'], '--size is a number from 1 to 9'],
    [['--observers', 'x'], '--observers is a number from 0 to 9'],
  ])('%s', async (args, words) => {
    const run = new Run(args);
    expect(await run.exited).toBe(2);
    expect(run.text).toContain(words);
  });

  test('a configuration that every server refuses ends it', async () => {
    const run = new Run(['--size', '1', '-D', 'tickTime=x']);
    expect(await run.exited).toBe(2);
    expect(run.text).toMatch(/^server 1 \| zkt: .*tickTime=x: expected/m);
    expect(run.text).toMatch(/server 1 ended with code 2\nzkt up +\| server 1 refuses its configuration/);
  });
});
