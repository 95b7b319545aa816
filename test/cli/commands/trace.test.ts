/** `zkt trace` against an ensemble of three processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../../src/cli/program.ts';
import { observerSettings } from '../../../src/cli/settings/observer-options.ts';
import { settle } from '../../../src/cli/settings/settings.ts';
import { TracedSession } from '../../../src/cli/tracing/traced-session.ts';
import { connect } from '../../../src/client/index.ts';
import { TRACE_STAGES } from '../../../src/events/trace.ts';
import { MemoryIo } from '../memory-io.ts';
import { bundleProgram, removeBundle } from '../shell/pseudo-terminal.ts';

const FOLDER = 'dist-test-trace';
const START_MS = 30_000;
/** Below the ports the kernel hands out; most likely free, with those of quorum, election and admin. */
const basePort = 11_000 + Math.floor(Math.random() * 8_000);
const dir = mkdtempSync(path.join(tmpdir(), 'zkt-trace-'));
let ensemble: ChildProcess;
let said = '';

beforeAll(async () => {
  const main = await bundleProgram(FOLDER);
  const words = ['up', '--no-top', '--data', path.join(dir, 'data'), '--base-port', String(basePort)];
  ensemble = spawn(process.execPath, [main, ...words], { cwd: dir, env: { ...process.env, NO_COLOR: '1' } });
  const hear = (chunk: Buffer): void => {
    said += chunk;
  };
  ensemble.stdout?.on('data', hear);
  ensemble.stderr?.on('data', hear);
  const deadline = performance.now() + START_MS;
  while (!/leads\. Connect with/.test(said) || said.split('admin.listening').length < 4) {
    if (performance.now() > deadline) throw new Error(`the ensemble does not serve:\n${said}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}, START_MS + 10_000);
afterAll(async () => {
  const gone = new Promise((resolve) => ensemble.once('close', resolve));
  ensemble.kill('SIGTERM');
  await gone;
  rmSync(dir, { recursive: true, force: true, maxRetries: 20 });
  removeBundle(FOLDER);
}, 20_000);

const leader = (): number => Number(/server (\d) leads/.exec(said)?.[1]);
const follower = (): number => (leader() === 1 ? 2 : 1);
const at = (sid: number): string => `127.0.0.1:${basePort + sid - 1}`;

interface Stage {
  readonly stage: string;
  readonly node: string;
  readonly startMs: number;
  readonly endMs: number;
}
interface Shown {
  readonly op: string;
  readonly path: string | null;
  readonly ms: number;
  readonly err: number;
  readonly stages: readonly Stage[];
  readonly criticalPath: readonly (Stage & { readonly ms: number })[];
  readonly missing: readonly unknown[];
  readonly quorum: { readonly by: string } | null;
  readonly servers: readonly { readonly node: string; readonly role: string; readonly correctedMs: number }[];
}

/** Runs it; answers its traces, the exit code and stderr. */
async function traced(sid: number, words: readonly string[], env: Record<string, string> = {}) {
  const io = new MemoryIo({ env });
  const code = await run(['trace', '-s', at(sid), '-o', 'json', ...words], io);
  const text = io.stdout.text;
  const traces = text === '' ? [] : (JSON.parse(text) as { traces: Shown[] }).traces;
  return { code, traces, err: io.stderr.text };
}
/** The stages that one server told, in the order of cause. */
const stagesOf = ({ stages }: Shown, node: string | number): string[] =>
  stages.filter((it) => it.node === String(node)).map(({ stage }) => stage);
const sorted = (stages: readonly string[]): string[] =>
  [...new Set(stages)].sort((a, b) => TRACE_STAGES.indexOf(a as never) - TRACE_STAGES.indexOf(b as never));

describe('a write through a follower', () => {
  test('every stage on all three servers, in the order of cause, without a gap', {
    timeout: 20_000,
  }, async () => {
    const made = await traced(follower(), ['--', 'create', '/made', 'x']);
    expect(made.err).toBe('/made\n');
    expect(made.code).toBe(0);
    const [trace] = made.traces as [Shown];
    const third = 6 - leader() - follower();
    expect(sorted(stagesOf(trace, follower()))).toEqual([
      'received',
      'forwarded',
      'offered',
      'logged',
      'acked',
      'told',
      'applied',
      'replied',
    ]);
    expect(sorted(stagesOf(trace, leader()))).toEqual([
      'arrived',
      'prepared',
      'proposed',
      'logged',
      'counted',
      'committed',
      'applied',
    ]);
    expect(sorted(stagesOf(trace, third))).toEqual(['offered', 'logged', 'acked', 'told', 'applied']);
    expect(trace.missing).toEqual([]);
    expect(trace.servers.map(({ node, role }) => [Number(node), role])).toEqual(
      [1, 2, 3].map((sid) => [sid, sid === leader() ? 'leader' : 'follower']),
    );
    for (const { startMs, endMs } of trace.stages) expect(startMs).toBeLessThanOrEqual(endMs);
    const sum = trace.criticalPath.reduce((total, { ms }) => total + ms, 0);
    expect(Math.abs(sum - trace.ms)).toBeLessThan(trace.ms * 0.05);
    expect(trace.criticalPath.map(({ stage }) => stage)).toEqual(
      expect.arrayContaining(['arrived', 'proposed', 'applied']),
    );
    expect(['1', '2', '3']).toContain(trace.quorum?.by);
  });

  test('the sum is the latency that the caller sees, within 5 %', { timeout: 30_000 }, async () => {
    const io = new MemoryIo();
    const globals = { servers: at(follower()) };
    const observer = observerSettings({}, globals, io.env);
    const options = { observer, withSession: false, limit: 100, lateMs: 2_000, stop: io.stop };
    const session = new TracedSession(settle(globals, io.env), options);
    const client = await session.open();
    const seen: number[] = [];
    for (let i = 0; i < 15; i++) {
      const before = performance.now();
      await client.set('/made', `${i}`);
      seen.push(performance.now() - before);
    }
    await session.close();
    expect(session.result).toHaveLength(15);
    const off = session.result.map(({ criticalPath }, i) => {
      const sum = criticalPath.reduce((total, { ms }) => total + ms, 0);
      return Math.abs(sum - (seen[i] as number)) / (seen[i] as number);
    });
    // A busy machine makes pauses in this process after an answer has come: a quarter of them meets none.
    expect([...off].sort((a, b) => a - b)[3]).toBeLessThan(0.05);
  });
});

describe('other requests', () => {
  test('a write to the leader', { timeout: 20_000 }, async () => {
    const { traces } = await traced(leader(), ['--', 'set', '/made', 'y']);
    expect(sorted(stagesOf(traces[0] as Shown, leader()))).toEqual([
      'received',
      'prepared',
      'proposed',
      'logged',
      'counted',
      'committed',
      'applied',
      'replied',
    ]);
    expect(traces[0]?.missing).toEqual([]);
  });

  test('a read: its server alone, and what it prints goes to stderr', { timeout: 20_000 }, async () => {
    const { traces, err } = await traced(follower(), ['--', 'get', '/made']);
    expect(err).toBe('y\n');
    expect(traces.map(({ op, path }) => `${op} ${path}`)).toEqual(['getData /made']);
    expect(stagesOf(traces[0] as Shown, follower())).toEqual(['received', 'replied']);
    expect(traces[0]?.criticalPath.map(({ stage }) => stage)).toEqual(['received', 'replied', 'answered']);
  });

  test('sync goes by the leader', { timeout: 20_000 }, async () => {
    const { traces } = await traced(follower(), ['--', 'sync', '/made']);
    expect(stagesOf(traces[0] as Shown, leader())).toEqual(['arrived']);
    expect(traces[0]?.missing).toEqual([]);
  });

  test('a multi, and a session from its beginning to its end', { timeout: 20_000 }, async () => {
    const { traces } = await traced(follower(), ['--with-session', '--', 'deleteall', '--yes', '/made']);
    const ops = traces.map(({ op }) => op);
    expect([ops[0], ops.at(-2), ops.at(-1)]).toEqual(['createSession', 'multi', 'closeSession']);
    expect(traces.flatMap(({ missing }) => missing)).toEqual([]);
  });

  test('one that fails is shown with its error, and ends as it does', { timeout: 20_000 }, async () => {
    const { traces, code, err } = await traced(follower(), ['--', 'set', '/nope', 'x']);
    expect(code).toBe(4);
    expect(err).toMatch(/does not exist/);
    expect(traces[0]?.err).toBe(-101);
  });

  test('more than --limit are counted', { timeout: 20_000 }, async () => {
    const { traces, err } = await traced(follower(), ['--limit', '1', '--', 'ls', '-R', '/']);
    expect(traces).toHaveLength(1);
    expect(err).toMatch(/\d+ more requests were not traced: --limit 1\./);
  });

  test('drawn, where nobody asks for another form', { timeout: 20_000 }, async () => {
    const io = new MemoryIo();
    expect(await run(['trace', '-s', at(follower()), '--', 'create', '/drawn'], io)).toBe(0);
    expect(io.stdout.text).toMatch(
      /^create \/drawn {2}zxid 0x\w+ {2}session 0x\w+ {2}request \d+ {2}[\d.]+ ms {2}ok\n/,
    );
    expect(io.stdout.text).toContain(`server ${leader()} leader    prepared`);
    expect(io.stdout.text).toMatch(/<- quorum/);
    expect(io.stdout.text).toMatch(/\nMost of the time: .* of [\d.]+ ms \(\d+ %\)\.\n$/);
  });
});

test('--follow: requests of others as they end', { timeout: 30_000 }, async () => {
  const io = new MemoryIo();
  const words = [
    'trace',
    '-s',
    at(1),
    '--follow',
    '--path',
    '/followed',
    '--op',
    'setData,create',
    '-o',
    'ndjson',
  ];
  const following = run([...words, '--limit', '3', '--for', '20s'], io);
  const client = connect({ servers: at(follower()) });
  await client.connected(10_000);
  await client.create('/followed');
  let over = false;
  void following.then(() => {
    over = true;
  });
  while (!over) {
    await client.set('/followed', 'x');
    await client.exists('/followed');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await client.close();
  expect(await following).toBe(0);
  const traces = io.stdout.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Shown);
  expect(traces).toHaveLength(3);
  for (const trace of traces) {
    expect(trace.path).toBe('/followed');
    expect(['setData', 'create']).toContain(trace.op);
    expect(stagesOf(trace, leader())).toContain('committed');
  }
});

test('spans go to the collector that the environment names', { timeout: 20_000 }, async () => {
  let body = '';
  const server = http.createServer((request, response) => {
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { code } = await traced(follower(), ['--', 'create', '/spans'], {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  });
  server.close();
  expect(code).toBe(0);
  for (const node of [1, 2, 3]) expect(body).toContain(`"name":"server ${node}"`);
});

describe('usage', () => {
  const check = async (words: readonly string[], why: RegExp) => {
    const io = new MemoryIo();
    expect(await run(['trace', ...words], io)).toBe(2);
    expect(io.stderr.text).toMatch(why);
  };
  test('nothing to trace', () => check([], /what is to be traced/));
  test('no such command', () => check(['--', 'sett', '/a', 'x'], /sett is no command.*set/));
  test('a filter without --follow', () =>
    check(['--path', '/a', '--', 'get', '/a'], /--path goes with --follow/));
  test('a command with --follow', () => check(['--follow', '--', 'get', '/a'], /no command is run/));
  test('a session that is none', () => check(['--follow', '--session', '12'], /hex number/));
});

test('nobody answers', { timeout: 20_000 }, async () => {
  const io = new MemoryIo();
  expect(await run(['trace', '-s', '127.0.0.1:1', '--timeout', '500', '--follow'], io)).toBe(3);
  expect(io.stderr.text).toMatch(/cannot connect to 127\.0\.0\.1:1/);
});
