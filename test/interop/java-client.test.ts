/**
 * Apache's Java client on zkt, by the programs that made the fixtures: what they were told, what is in the
 * tree, and what is in the log are what they were with Apache's server. Compiling them takes a JDK.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as log from '../../src/cli/commands/log.ts';
import { runTool } from '../cli/commands/file-tool.ts';
import { findApache, freePort, type RunResult, runApache } from './apache.ts';
import { killAll, start, type TestServer } from './servers.ts';

process.env.TZ = 'UTC';

const FIXTURES = path.join(import.meta.dirname, '../../fixtures');
const MAKE = path.join(FIXTURES, 'make');

/** True where the programs can be compiled; where they must be, an error. */
function hasCompiler(): boolean {
  if (findApache() === undefined) return false;
  if (spawnSync('javac', ['-version']).status === 0) return true;
  if (process.env.ZKT_INTEROP_STRICT !== undefined)
    throw new Error('no javac: apt-get install default-jdk-headless');
  return false;
}

let work = '';
let dataDir = '';
let classes = '';

function compile(): void {
  const sources = readdirSync(path.join(MAKE, 'java')).map((name) => path.join(MAKE, 'java', name));
  const options = ['-encoding', 'UTF-8', '-Xlint:-options', '-cp', findApache()?.jar ?? '', '-d', classes];
  const { status, stderr } = spawnSync('javac', [...options, ...sources], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`javac: ${stderr}`);
}

/** Runs one of the programs; it must end well. */
async function program(name: string, args: readonly string[]): Promise<RunResult> {
  const result = await runApache(name, args, { classPath: classes });
  expect(result.code, `${name}: ${result.stderr}`).toBe(0);
  return result;
}

const serve = (intervalMs: number): Promise<TestServer> =>
  start('zkt', { dataDir, properties: { 'znode.container.checkIntervalMs': String(intervalMs) } });

describe.skipIf(!hasCompiler())("Apache's Java client", () => {
  beforeAll(() => {
    work = mkdtempSync(path.join(tmpdir(), 'zkt-java-'));
    classes = path.join(work, 'classes');
    compile();
  });
  beforeEach(() => {
    dataDir = mkdtempSync(path.join(work, 'data-'));
  });
  afterEach(killAll);
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  it('WireOps: every operation, through a network that is cut', async () => {
    const server = await serve(3_600_000);
    const [port, control] = [await freePort(), await freePort()];
    const recording = path.join(work, 'wire.ndjson');
    const words = [port, server.port, control, recording].map(String);
    const proxy = spawn(process.execPath, [path.join(MAKE, 'wire/proxy.mjs'), ...words]);
    try {
      await program('WireOps', [`127.0.0.1:${port}`, server.address, String(control)]);
    } finally {
      proxy.kill();
    }
    expect(notes(recording)).toEqual(notes(path.join(FIXTURES, 'wire/java-client.ndjson')));
    expect(server.complaints()).toEqual([]);
  });

  it('LogBasic: leaves the transactions it left with Apache', async () => {
    const server = await serve(300);
    const { stdout } = await program('LogBasic', [server.address]);
    expect(stdout).toBe(readFileSync(path.join(FIXTURES, 'log-basic/tool/client.stdout'), 'utf8'));
    await server.stop();
    const dump = await runTool(log, ['dump', path.join(dataDir, 'version-2/log.1')]);
    expect(transactions(dump.out)).toEqual(
      transactions(readFileSync(path.join(FIXTURES, 'log-basic/tool/log.1.dump'), 'utf8')),
    );
  });

  it('BuildTree over two runs, and DumpTree: sees the tree it saw with Apache', async () => {
    const first = await serve(3_600_000);
    await program('BuildTree', [first.address, 'build', 'close']);
    await first.stop();
    const second = await serve(3_600_000);
    await program('BuildTree', [second.address, 'change', 'close']);
    const { stdout } = await program('DumpTree', [second.address, 'u:p']);
    expect(timeless(stdout)).toEqual(
      timeless(readFileSync(path.join(FIXTURES, 'datadir-basic/clean/tree.json'), 'utf8')),
    );
    expect(second.complaints()).toEqual([]);
  });
});

/**
 * What went over the network, frame by frame, each direction for itself: how the two meet is a matter of the
 * moment.
 */
function notes(file: string): Record<string, string[]> {
  const sent: Record<string, string[]> = { c2s: [], s2c: [] };
  for (const row of readFileSync(file, 'utf8').trimEnd().split('\n')) {
    const { dir, note, end } = JSON.parse(row) as { dir?: string; note: string; end?: boolean };
    if (end !== true && !/ping/.test(note)) sent[dir ?? '']?.push(note);
  }
  return sent;
}

/** A dump without times, cxids (the program polls now and then) and session ids. */
function transactions(dump: string): string[] {
  const ids = [...new Set([...dump.matchAll(/ session (0x\w+)/g)].map(([, id]) => id as string))];
  let text = dump.replace(/^[\d/]+, [\d:]+ [AP]M UTC /gm, '').replace(/ cxid 0x\w+/g, '');
  for (const [i, id] of ids.entries()) text = text.replaceAll(id, `S${i}`);
  return text.split('\n').map((line) =>
    line.includes('closeSession')
      ? line
          .split(/[{}]/)
          .map((part) => part.split(',').sort().join(','))
          .join('|')
      : line,
  );
}

/** Rows of a dumped tree without its times. */
const timeless = (json: string): string[] =>
  json.split('\n').map((row) => row.replace(/"(ctime|mtime)":"\d+"/g, '"$1":"T"'));
