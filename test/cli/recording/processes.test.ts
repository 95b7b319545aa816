/** What a server leaves behind when it is killed, and `zkt record` as a process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { connect } from '../../../src/client/index.ts';
import type { EventName, ZktEvent } from '../../../src/events/table.ts';
import { systemDisk } from '../../../src/platform/disk.ts';
import { openRecording } from '../../../src/storage/recording/open-recording.ts';
import { bundleProgram, removeBundle } from '../shell/pseudo-terminal.ts';

const FOLDER = 'dist-test-recording';
let main: string;
let dir: string;
const children = new Set<ChildProcess>();
beforeAll(async () => {
  main = await bundleProgram(FOLDER);
  dir = mkdtempSync(path.join(tmpdir(), 'zkt-recording-'));
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
});
afterAll(() => {
  removeBundle(FOLDER);
  rmSync(dir, { recursive: true, force: true });
});

/** A process of the program, with what it said so far. */
function run(...words: string[]) {
  const child = spawn(process.execPath, [main, ...words], { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  const ended = new Promise<number | null>((resolve) =>
    child.once('close', (code) => {
      children.delete(child);
      resolve(code);
    }),
  );
  return { child, ended, text: () => text };
}

const until = async (holds: () => boolean, say: () => string): Promise<void> => {
  const deadline = performance.now() + 8000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`it did not come about:\n${say()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

/** Starts a server in a directory of its own. */
async function server(data: string, ...more: string[]) {
  const words = ['--port', '0', '--data', path.join(dir, data), '-D', 'admin.serverPort=0', ...more];
  const process = run('server', '--log-format', 'json', ...words);
  await until(() => process.text().includes('"admin.listening"'), process.text);
  const port = /"server\.serving".*?"port":(\d+)/.exec(process.text())?.[1];
  return { ...process, address: `127.0.0.1:${port}`, log: path.join(dir, data, 'version-2') };
}

async function write(address: string, count: number): Promise<void> {
  const client = connect({ servers: address });
  await client.connected(5000);
  for (let i = 0; i < count; i++) await client.create('/n-', null, { mode: 'persistentSequential' });
  await client.close();
}

const flights = (log: string): string[] => readdirSync(log).filter((name) => name.startsWith('flight.'));
const read = (file: string) => {
  const recording = openRecording(systemDisk, file);
  const events = [...recording.events()];
  return {
    recording,
    events,
    named: (name: EventName): ZktEvent[] => events.filter((it) => it.name === name),
  };
};

test('a server that was killed left its last words; the next one goes on in another file', async () => {
  const first = await server('a');
  await write(first.address, 20);
  await new Promise((resolve) => setTimeout(resolve, 2200));
  first.child.kill('SIGKILL');
  await first.ended;
  expect(flights(first.log)).toEqual(['flight.1.zktrec']);
  const { recording, events, named } = read(first.log);
  expect(recording.damaged).toBe(false);
  for (const name of ['server.starting', 'server.serving', 'server.sampled', 'session.created'] as const) {
    expect(named(name).length, name).toBeGreaterThan(0);
  }
  expect(named('request.replied').length).toBeGreaterThan(5);
  expect(events.map((it) => it.time)).toEqual(events.map((it) => it.time).sort((a, b) => a - b));

  const second = await server('a');
  second.child.kill('SIGTERM');
  expect(await second.ended).toBe(0);
  expect(flights(second.log).sort()).toEqual(['flight.1.zktrec', 'flight.2.zktrec']);
  const last = read(path.join(second.log, 'flight.2.zktrec'));
  expect(last.recording.fault).toBeUndefined();
  expect(last.named('server.stopped')).toHaveLength(1);
});

test('a key turns it off', async () => {
  const off = await server('b', '-D', 'zkt.flightRecorder=false');
  await write(off.address, 3);
  off.child.kill('SIGTERM');
  await off.ended;
  expect(flights(off.log)).toEqual([]);
});

test('a server that does not start says why, and does not touch the recording of one that runs', async () => {
  const running = await server('c');
  const other = run('server', '--data', path.join(dir, 'c'), '--port', '0', '-D', 'admin.enableServer=false');
  expect(await other.ended).toBe(1);
  running.child.kill('SIGTERM');
  await running.ended;
  expect(flights(running.log)).toEqual(['flight.1.zktrec']);
});

test('zkt record: everything, until Ctrl-C', async () => {
  const { address, child, ended } = await server('d');
  const file = path.join(dir, 'd.zktrec');
  const recorder = run('record', '-s', address, file);
  await until(() => existsSync(file) && read(file).named('source.connected').length > 0, recorder.text);
  await write(address, 100);
  await until(() => read(file).named('session.closed').length > 0, recorder.text);
  recorder.child.kill('SIGINT');
  expect(await recorder.ended, recorder.text()).toBe(0);
  const { recording, named } = read(file);
  expect(recording.fault).toBeUndefined();
  const paths = named('request.received').map((it) => (it.fields as { path: string }).path);
  expect(paths.filter((it) => it.startsWith('/n-'))).toHaveLength(100);
  const info = run('record', '--info', file, '-o', 'json');
  expect(await info.ended).toBe(0);
  expect(JSON.parse(info.text())).toMatchObject({ damaged: false, events: recording.count });
  child.kill('SIGTERM');
  await ended;
});
