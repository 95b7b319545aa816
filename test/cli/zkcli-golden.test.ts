/**
 * What Apache's zkCli 3.8 printed for a script and for single commands (fixtures/zkcli), and `zkt shell` for
 * the same.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { type InProcess, startInProcess } from '../golden/zkt-in-process.ts';
import { MemoryIo } from './memory-io.ts';

const fixture = (name: string): string =>
  readFileSync(path.join(import.meta.dirname, '..', '..', 'fixtures', 'zkcli', name), 'utf8');
const rows = <T>(name: string): T[] =>
  fixture(name)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T);

const RECORDED_PORT = '21810';
const DEFINITIONS = [
  'zookeeper.extendedTypesEnabled=true',
  'zookeeper.enforceQuota=true',
  'znode.container.checkIntervalMs=3600000',
];

let dir: string;
const servers: InProcess[] = [];
const timeZone = process.env.TZ;

beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'zkt-zkcli-'));
  process.env.TZ = 'UTC';
});

afterAll(async () => {
  if (timeZone === undefined) delete process.env.TZ;
  else process.env.TZ = timeZone;
  await Promise.all(servers.map((server) => server.stop()));
  rmSync(dir, { recursive: true, force: true });
});

async function server(): Promise<number> {
  const started = await startInProcess(path.join(dir, String(servers.length)), DEFINITIONS);
  servers.push(started);
  return started.running.port;
}

const neutral = (text: string, port: number | string): string =>
  text
    .replaceAll(String(port), 'PORT')
    .replace(/^([cmp]Zxid|ephemeralOwner) = 0x[0-9a-f]+$/gm, '$1 = 0xN')
    .replace(/^([cm]time) = .*$/gm, '$1 = T')
    .replace(/^(ZooKeeper CLI version: ).*$/gm, '$1V');

async function shell(port: number, args: readonly string[], stdin: string) {
  const io = new MemoryIo({ stdin });
  const code = await run(['shell', '-waitforconnection', '-server', `127.0.0.1:${port}`, ...args], io);
  return { code, stdout: neutral(io.stdout.text, port), stderr: neutral(io.stderr.text, port) };
}

interface Row {
  readonly command: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * `rmr`, `get -b` and `get -x` are known to zkt and not to 3.8: both are asked for something neither knows
 * instead.
 */
function disguised(row: Row): Row {
  const { command, stderr } = row;
  if (command?.startsWith('get ')) {
    const option = / -[bx](?= )/;
    if (!option.test(command)) return row;
    return { ...row, command: command.replace(option, ' -z'), stderr: stderr.replace(/: -[bx]$/m, ': -z') };
  }
  if (!command?.startsWith('rmr ')) return row;
  return { ...row, command: command.replace('rmr', 'rmrx'), stderr: stderr.replace(/rmr$/m, 'rmrx') };
}

describe('as zkCli', () => {
  test('a script on standard input', async () => {
    const port = await server();
    const recorded = rows<Row>('apache.ndjson').map(disguised);
    const lines = recorded.flatMap(({ command }) => (command === null ? [] : [command]));
    const ran = await shell(port, [], `${lines.join('\n')}\n`.replaceAll(RECORDED_PORT, String(port)));
    const all = (stream: 'stdout' | 'stderr') =>
      neutral(recorded.map((row) => row[stream]).join(''), RECORDED_PORT).split('\n');
    expect(lines.length).toBeGreaterThan(300);
    expect(ran.stdout.split('\n')).toEqual(all('stdout'));
    expect(ran.stderr.split('\n')).toEqual(all('stderr'));
    expect(ran.code).toBe(Number(fixture('apache.exit')));
  }, 30_000);

  test('single commands, with their exit codes', async () => {
    const port = await server();
    const wrong: unknown[] = [];
    const recorded = rows<{ args: string[]; code: number; stdout: string; stderr: string }>('oneshot.ndjson');
    for (const { args, ...want } of recorded) {
      // zkCli leaves without ending its session, so that it counted an ephemeral node of another run.
      if (args[0] === 'getAllChildrenNumber') continue;
      const ran = await shell(port, args, '');
      const wanted = {
        code: want.code,
        stdout: neutral(want.stdout, RECORDED_PORT),
        // A number that is none ends zkCli with a stack trace; here it is an ordinary error.
        stderr: want.stderr.startsWith('Exception') ? ran.stderr : neutral(want.stderr, RECORDED_PORT),
      };
      if (JSON.stringify(ran) !== JSON.stringify(wanted)) wrong.push({ args, ran, wanted });
    }
    expect(recorded.length).toBeGreaterThan(60);
    expect(wrong).toEqual([]);
  }, 30_000);

  test('what ends zkCli with a stack trace is an error like others', async () => {
    const port = await server();
    for (const { command } of rows<{ command: string }>('crashes.ndjson')) {
      const ran = await shell(port, ['-q'], `create /one\n${command}\nversion\n`);
      expect(ran.stdout, command).toContain('ZooKeeper CLI version: V');
      expect(ran.stderr.split('\n').length, command).toBe(3);
      expect(ran.code).toBe(0);
    }
  });
});
