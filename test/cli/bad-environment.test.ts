/**
 * What a server says, how it ends and what it leaves behind when its surroundings are not as they should be.
 */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { connect } from '../../src/client/index.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const ZKT = path.join(ROOT, 'bin/zkt');
const WAIT_MS = 15_000;
// Each test starts whole processes, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of cleanUp.splice(0).reverse()) await one();
});

const tempDir = (): string => {
  const dir = mkdtempSync(path.join(tmpdir(), 'zkt-bad-'));
  cleanUp.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `zkt server` in a process of its own; its directory is an empty one. */
const launch = (...args: string[]) => launchAs([], ...args);

/** The same, started by another program (`sh -c …`), which gets the command line as its last arguments. */
function launchAs(by: readonly string[], ...args: string[]) {
  const [program, ...rest] = [...by, process.execPath, ZKT, 'server', '--log-format', 'json', ...args];
  const child = spawn(program as string, rest, { cwd: tempDir() });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  cleanUp.push(() => {
    child.kill('SIGKILL');
    return ended;
  });
  const serving = async (): Promise<number> => {
    for (const until = Date.now() + WAIT_MS; Date.now() < until; ) {
      const port = /"name":"server\.serving".*?"port":(\d+)/.exec(stderr)?.[1];
      if (port !== undefined) return Number(port);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`it does not serve: ${stderr}`);
  };
  return { child, ended, serving, stderr: () => stderr };
}

/** Runs a server that cannot start: its exit code and the one line it says. */
async function refused(...args: string[]): Promise<{ code: number | null; line: string }> {
  const { code, stdout, stderr } = await launch(...args).ended;
  expect(stdout).toBe('');
  const lines = stderr.trimEnd().split('\n');
  expect(lines, stderr).toHaveLength(1);
  return { code, line: lines[0] as string };
}

describe('a server is refused with one clear line', () => {
  test('on a data directory in use, with the pid of its server, which goes on', async () => {
    const dir = path.join(tempDir(), 'data');
    const first = launch('--data', dir, '--port', '0');
    const port = await first.serving();
    const before = readdirSync(path.join(dir, 'version-2'));
    const { code, line } = await refused('--data', dir, '--port', '0');
    expect(code).toBe(1);
    expect(line).toContain(`process ${first.child.pid}`);
    expect(readdirSync(path.join(dir, 'version-2'))).toEqual(before);
    const client = connect({ servers: `127.0.0.1:${port}` });
    expect(await client.create('/still', 'here')).toMatchObject({ path: '/still' });
    await client.close();
  });

  test('on a busy port, and makes no directory', async () => {
    const busy = createServer();
    const port = await new Promise<number>((resolve) => {
      busy.listen(0, '127.0.0.1', () => resolve((busy.address() as { port: number }).port));
    });
    cleanUp.push(() => busy.close());
    const dir = path.join(tempDir(), 'data');
    const { code, line } = await refused('--data', dir, '--port', String(port));
    expect(code).toBe(1);
    expect(line).toMatch(new RegExp(`127\\.0\\.0\\.1:${port} is in use`));
    expect(existsSync(dir)).toBe(false);
  });

  test('where the data directory is a file, or cannot be made', async () => {
    const file = path.join(tempDir(), 'data');
    writeFileSync(file, 'precious');
    for (const dir of [file, path.join(file, 'below'), '/proc/zkt-data', '/sys/zkt-data']) {
      const { code, line } = await refused('--data', dir, '--port', '0');
      expect(code, dir).toBe(1);
      expect(line, dir).toContain('cannot use the data directory');
      expect(line, dir).toContain(dir);
    }
  });

  test('by a wrong line of its configuration, with file and line, and makes nothing', async () => {
    const dir = tempDir();
    const config = path.join(dir, 'zoo.cfg');
    const data = path.join(dir, 'data');
    for (const [text, expected] of [
      ['tickTime=soon', 'zoo.cfg:3: tickTime=soon'],
      ['autopurge.snapRetainCount', 'zoo.cfg:3'],
      ['snapCount=-5', 'zoo.cfg:3: snapCount=-5'],
    ] as const) {
      writeFileSync(config, `dataDir=${data}\nclientPort=0\n${text}\n`);
      const { code, line } = await refused('--config', config);
      expect(code, text).toBe(2);
      expect(line, text).toContain(expected);
    }
    const { code, line } = await refused('--config', path.join(dir, 'absent.cfg'));
    expect(code).toBe(2);
    expect(line).toContain('absent.cfg');
    expect(existsSync(data)).toBe(false);
  });

  test('by damaged files, which it leaves alone', async () => {
    const dir = tempDir();
    const data = path.join(dir, 'data');
    cpSync(path.join(ROOT, 'fixtures/datadir-basic/killed/data'), data, { recursive: true });
    const log = path.join(data, 'version-2/log.31');
    const original = spawnSync('cat', [log]).stdout;
    const spoilt = Buffer.from(original);
    spoilt[60] = (spoilt[60] as number) ^ 1;
    writeFileSync(log, spoilt);
    const { code, line } = await refused('--data', data, '--port', '0');
    expect(code).toBe(7);
    expect(line).toMatch(/log\.31 is corrupt at byte \d+/);
    expect(spawnSync('cat', [log]).stdout.equals(spoilt)).toBe(true);
  });
});

test('a server that was killed leaves a lock that keeps nobody out', async () => {
  const dir = path.join(tempDir(), 'data');
  const first = launch('--data', dir, '--port', '0');
  await first.serving();
  first.child.kill('SIGKILL');
  await first.ended;
  expect(existsSync(path.join(dir, 'zkt.pid'))).toBe(true);
  await launch('--data', dir, '--port', '0').serving();
});

test('clients cannot take the file descriptors that the log needs', async () => {
  const dir = path.join(tempDir(), 'data');
  const few = ['sh', '-c', 'ulimit -n 80 && exec "$@"', 'sh'];
  const settings = ['maxClientCnxns=0', 'zookeeper.snapCount=5'].flatMap((line) => ['-D', line]);
  const server = launchAs(few, '--data', dir, '--port', '0', ...settings);
  const port = await server.serving();
  const client = connect({ servers: `127.0.0.1:${port}` });
  await client.create('/a', 'x');
  const crowd = Array.from({ length: 300 }, () => createConnection(port, '127.0.0.1').on('error', () => {}));
  cleanUp.push(() => crowd.forEach((socket) => void socket.destroy()));
  const closed = (): number => crowd.filter((socket) => socket.closed).length;
  for (const until = Date.now() + WAIT_MS; closed() < 200 && Date.now() < until; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(closed()).toBeGreaterThanOrEqual(200);
  // Each begins a new log and a snapshot before long.
  for (let i = 0; i < 30; i++) await client.set('/a', `${i}`);
  expect(
    readdirSync(path.join(dir, 'version-2')).filter((name) => name.startsWith('log.')).length,
  ).toBeGreaterThan(2);
  expect(server.stderr()).toContain('this process may open only 80 files');
  await client.close();
});

/** A file system of that many KiB; undefined where mounting is not allowed. */
function smallDisk(kiB: number): string | undefined {
  const dir = tempDir();
  if (spawnSync('/bin/mount', ['-t', 'tmpfs', '-o', `size=${kiB}k`, 'tmpfs', dir]).status !== 0)
    return undefined;
  cleanUp.push(() => spawnSync('/bin/umount', ['-l', dir]));
  return dir;
}

describe('a full disk', () => {
  test('refuses writes, serves reads, and heals', async ({ skip }) => {
    const dir = smallDisk(512);
    if (dir === undefined) return skip('mounting a small disk is not allowed here');
    const server = launch('--data', path.join(dir, 'data'), '--port', '0', '-D', 'zookeeper.preAllocSize=16');
    const port = await server.serving();
    const client = connect({ servers: `127.0.0.1:${port}`, sessionTimeoutMs: 6000 });
    await client.create('/a', 'x');
    writeFileSync(path.join(dir, 'ballast-kept'), Buffer.alloc(64 * 1024));
    const free = (): void => rmSync(path.join(dir, 'ballast'), { force: true });
    expect(() => writeFileSync(path.join(dir, 'ballast'), Buffer.alloc(1024 * 1024))).toThrow(/ENOSPC/);
    const messages = new Set<string>();
    for (let i = 0; i < 60 && !messages.has('KeeperErrorCode = SystemError for /a'); i++) {
      await client.set('/a', Buffer.alloc(4000, i)).catch((error: Error) => messages.add(error.message));
    }
    expect([...messages]).toContain('KeeperErrorCode = SystemError for /a');
    expect((await client.get('/a')).data).not.toBeNull();
    expect(server.stderr()).toMatch(/"name":"disk\.full"/);
    free();
    for (const until = Date.now() + WAIT_MS; Date.now() < until; ) {
      const done = await client.set('/a', 'healed').then(
        () => true,
        () => false,
      );
      if (done) break;
    }
    expect((await client.get('/a')).data?.toString()).toBe('healed');
    await client.close();
  });

  test('at the start is one clear line, and leaves nothing half written', async ({ skip }) => {
    const dir = smallDisk(64);
    if (dir === undefined) return skip('mounting a small disk is not allowed here');
    expect(() => writeFileSync(path.join(dir, 'ballast'), Buffer.alloc(1024 * 1024))).toThrow(/ENOSPC/);
    const { code, line } = await refused('--data', path.join(dir, 'data'), '--port', '0');
    expect(code).toBe(1);
    expect(line).toMatch(/no space left/i);
    rmSync(path.join(dir, 'ballast'));
    await launch('--data', path.join(dir, 'data'), '--port', '0').serving();
  });
});
