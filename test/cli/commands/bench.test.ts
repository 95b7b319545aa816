import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { build, run } from '../../../src/cli/commands/bench.ts';
import type { Io, OutStream } from '../../../src/cli/io.ts';
import type { LoadOptions } from '../../../src/client/load/load-run.ts';
import { ERR } from '../../../src/protocol/error-codes.ts';
import { OP } from '../../../src/protocol/opcodes.ts';
import { type Behaviour, FakeServer, realClock, realTimers } from '../../client/load/fake-server.ts';

class Capture implements OutStream {
  readonly isTTY: boolean;
  readonly colour = false;
  readonly columns = 80;
  readonly rows = 24;
  readonly broken = false;
  text = '';
  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }
  write(chunk: string | Uint8Array): boolean {
    this.text += chunk.toString();
    return true;
  }
  drained(): Promise<void> {
    return Promise.resolve();
  }
}

const LOAD: LoadOptions = {
  servers: [{ host: 'a', port: 1 }],
  operation: 'get',
  connections: 2,
  depth: 4,
  valueBytes: 10,
  warmupMs: 0,
  durationMs: 30,
  keys: 10,
  readPercent: 90,
  prefix: '/p',
  keep: false,
  sessionTimeoutMs: 30_000,
  credentials: [],
};

async function bench(
  loads: readonly LoadOptions[],
  format: 'table' | 'json' | 'ndjson' = 'table',
  behaviour: Behaviour = {},
  tty = false,
) {
  const [stdout, stderr, stop] = [new Capture(tty), new Capture(tty), new AbortController()];
  const stdin: Io['stdin'] = { isTTY: false, readAll: async () => Buffer.alloc(0), stream: process.stdin };
  const io: Io = { stdin, stdout, stderr, env: {}, stop: stop.signal };
  const ports = { net: new FakeServer(behaviour), clock: realClock, timers: realTimers };
  const done = run(loads, format, io, ports);
  return { stdout, stderr, stop, code: done };
}

describe('zkt bench', () => {
  it('prints a table on stdout and nothing else', async () => {
    const { stdout, stderr, code } = await bench([LOAD, { ...LOAD, operation: 'mixed' }]);
    expect(await code).toBe(0);
    expect(stdout.text).toMatch(
      /^get {2}c=2 d=4 b=10\n {2}throughput {2}[\d,]+ ops\/s {2}\([\d,]+ in 0\.0 s\)\n {2}latency ms {2}mean [\d.]+ {2}p50 .* max [\d.]+\n {2}generator {3}\d+ % of a core\nmixed r=90% {2}c=2/,
    );
    expect(stdout.text).toMatch(/\n {2}get {9}mean .*\n {2}set {9}mean /);
    expect(stderr.text.replace(/.*used a whole core.*\n/g, '')).toBe('');
  });

  it('prints JSON with every figure', async () => {
    const { stdout, code } = await bench([LOAD], 'json');
    expect(await code).toBe(0);
    const { v, loads } = JSON.parse(stdout.text) as { v: number; loads: Record<string, unknown>[] };
    expect([v, loads.length]).toEqual([1, 1]);
    expect(loads[0]).toMatchObject({ operation: 'get', connections: 2, depth: 4, errors: {}, nodesLeft: 0 });
    for (const key of ['perSecond', 'seconds', 'operations', 'generatorCpu'])
      expect(loads[0]?.[key]).toBeGreaterThan(0);
    expect(Object.keys(loads[0]?.latencyMs ?? {})).toEqual([
      'count',
      'mean',
      'min',
      'p50',
      'p90',
      'p99',
      'p999',
      'max',
    ]);
  });

  it('prints a line a load as NDJSON', async () => {
    const { stdout, code } = await bench([LOAD, { ...LOAD, operation: 'set' }], 'ndjson');
    expect(await code).toBe(0);
    const lines = stdout.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map((l) => [l.v, l.operation])).toEqual([
      [1, 'get'],
      [1, 'set'],
    ]);
  });

  it('names errors and fails', async () => {
    const { stdout, code } = await bench([LOAD], 'table', {
      fault: (op) => (op === OP.getData ? ERR.NOAUTH : undefined),
    });
    expect(await code).toBe(1);
    expect(stdout.text).toMatch(/\n {2}error {7}NOAUTH x\d+\n/);
  });

  it('draws a bar on a terminal, and takes it away', async () => {
    const { stderr, code } = await bench([LOAD], 'table', {}, true);
    await code;
    expect(stderr.text).toMatch(/get measure {2}\[[#.]+\] +\d+% {2}[\d,]+\/s/);
    expect(stderr.text.replace(/zkt bench: .*\n/g, '').endsWith('\r\x1b[K')).toBe(true);
  });

  it('says what it leaves behind', async () => {
    const { stderr, code } = await bench([{ ...LOAD, keep: true }]);
    expect(await code).toBe(0);
    expect(stderr.text).toContain('11 nodes are left at /p\n');
  });

  it('stops when interrupted, and removes its nodes', async () => {
    const { stop, code, stderr } = await bench([{ ...LOAD, durationMs: 60_000 }, LOAD]);
    setTimeout(() => stop.abort(), 30);
    expect(await code).toBe(130);
    expect(stderr.text).not.toContain('left');
  });
});

describe('its command line', () => {
  const check = async (words: string, why: RegExp, env: Io['env'] = {}) => {
    const command = new Command('bench').exitOverride().configureOutput({ writeErr() {} });
    const [stdout, stderr] = [new Capture(false), new Capture(false)];
    const stdin: Io['stdin'] = { isTTY: false, readAll: async () => Buffer.alloc(0), stream: process.stdin };
    const io: Io = {
      stdin,
      stdout,
      stderr,
      env: { XDG_CONFIG_HOME: '/nowhere', ...env },
      stop: new AbortController().signal,
    };
    build(command, { io, globals: {}, exit() {} });
    await expect(command.parseAsync(words.split(' ').filter(Boolean), { from: 'user' })).rejects.toThrow(why);
  };
  it('refuses what makes no sense, before anything is opened', async () => {
    await check('gett', /no load gett: choose from get, set, create, mixed/);
    await check('-c 0', /expected a whole number from 1 to 10000, not 0/);
    await check('-d x', /expected a whole number/);
    await check('-t soon', /expected seconds/);
    await check('-o xml', /no output format xml/);
    await check('-p a', /--prefix: Path must start with/);
    await check('-p /', /--prefix: a node below/);
    await check('-s host:99999', /99999 is no port/);
    await check('', /would change data/, { ZKT_READ_ONLY: '1' });
  });
});
