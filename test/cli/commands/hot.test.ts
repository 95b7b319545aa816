/** `zkt hot` and `zkt watches` against a server in this process, HTTP admin and all. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build } from '../../../src/cli/commands/server.ts';
import { run } from '../../../src/cli/program.ts';
import type { Client } from '../../../src/client/api.ts';
import { connect } from '../../../src/client/index.ts';
import type { EventName, FieldsOf, ZktEvent } from '../../../src/events/table.ts';
import { systemDisk } from '../../../src/platform/disk.ts';
import { RecordingWriter } from '../../../src/storage/recording/recording-writer.ts';
import { MemoryIo } from '../memory-io.ts';

const dir = mkdtempSync(path.join(tmpdir(), 'zkt-hot-'));
let stopServer: () => Promise<void> = async () => {};
let client: Client;
let servers = '';
let busy: NodeJS.Timeout;

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

beforeAll(async () => {
  const port = await freePort();
  const io = new MemoryIo();
  const command = new Command('server').exitOverride();
  build(command, { io, globals: {}, exit() {} });
  const words = ['--log-level', 'silent', '--data', dir, '--port', String(port), '-D', 'admin.serverPort=0'];
  // The word that tells where the admin is, and those that tell who the server is.
  const done = command.parseAsync([...words, '-D', '4lw.commands.whitelist=*'], { from: 'user' });
  stopServer = async () => {
    io.interrupt();
    await done;
  };
  servers = `127.0.0.1:${port}`;
  client = connect({ servers, sessionTimeoutMs: 10_000, clientName: 'tester' });
  await client.connected();
  await client.create('/hot\u202e', 'x');
  await client.create('/cold', 'x');
  await client.exists('/never', true);
  busy = setInterval(() => {
    for (let i = 0; i < 10; i++) void client.get('/hot\u202e').catch(() => {});
    void client.set('/cold', 'y').catch(() => {});
  }, 20);
});
afterAll(async () => {
  clearInterval(busy);
  await client.close();
  await stopServer();
  rmSync(dir, { recursive: true, force: true });
});

async function zkt(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = new MemoryIo();
  const code = await run(words, io);
  return { code, out: io.stdout.text, err: io.stderr.text };
}

describe('zkt hot', () => {
  it('a table: the most used first, foreign names escaped, the sum below', async () => {
    const { code, out, err } = await zkt('hot', '-s', servers, '--for', '1s');
    expect([code, err]).toEqual([0, '']);
    const lines = out.split('\n');
    expect(lines[0]).toMatch(/^PATH +REQ\/S +WRITES\/S +BYTES\/S +SHARE +SERVERS$/);
    expect(lines[1]).toMatch(/^\/hot\\u\{202e\} +\d+ +0 +\S+K +\d\d% +\S+$/);
    expect(lines[2]).toMatch(/^\/cold +[\d.]+ +[\d.]+ /);
    expect(out).toMatch(/\n[\d.]+ requests\/s, [\d.]+ of them writes, \S+\/s, over 1 s\.\n1 sessions?: /);
    expect(out).not.toContain('\u202e');
  });
  it('JSON with a version: clients, operations and sessions', async () => {
    const kinds = ['client', 'op', 'session'];
    const all = await Promise.all(
      kinds.map((kind) => zkt('hot', '-s', servers, '--for', '1s', '--by', kind, '-o', 'json')),
    );
    const [byClient, byOp, bySession] = all.map(({ out }) => JSON.parse(out));
    expect(byClient).toMatchObject({ v: 1, seconds: 1, sessions: { count: 1, expiredPerS: 0, storms: [] } });
    expect(byClient.hot[0]).toMatchObject({ kind: 'client', key: 'tester@127.0.0.1', share: 1 });
    expect(byClient.hot[0].servers).toHaveLength(1);
    expect(byOp.hot.map(({ key }: { key: string }) => key).slice(0, 2)).toEqual(['getData', 'setData']);
    expect(byOp.hot[1].writesPerS).toBe(byOp.hot[1].requestsPerS);
    expect(bySession.hot[0].key).toMatch(/^0x[0-9a-f]+$/);
  });
  it('ndjson: a line a row, as many as asked for, by writes', async () => {
    const words = ['hot', '-s', servers, '--for', '1s', '-o', 'ndjson', '--sort', 'writes', '--limit', '1'];
    const { out } = await zkt(...words);
    const lines = out.trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ v: 1, kind: 'path', key: '/cold' });
  });
  it('--watch goes on until it is interrupted', async () => {
    const io = new MemoryIo();
    const done = run(['hot', '-s', servers, '--for', '500ms', '--watch'], io);
    while (io.stdout.text.split('PATH ').length < 3) await new Promise((r) => setTimeout(r, 20));
    io.interrupt();
    expect(await done).toBe(130);
  });
});

describe('zkt watches', () => {
  it('a table of paths and of clients', async () => {
    const [paths, clients] = await Promise.all([
      zkt('watches', '-s', servers, '--for', '1s'),
      zkt('watches', '-s', servers, '--for', '1s', '--by', 'client'),
    ]);
    expect(paths.out).toMatch(
      /^PATH +WATCHES +NEVER FIRED +OLDEST +GROWTH\/MIN +SET\/S +FIRED\/S +SERVERS\n/,
    );
    expect(paths.out).toMatch(/\n\/never +1 +1 +\d+s +0 +0 +0 +\S+\n/);
    expect(paths.out).toMatch(/\n\n1 watch on 1 server\.\n$/);
    expect(clients.out).toMatch(/\ntester@127\.0\.0\.1:\d+ +1 +1 /);
  });
  it('leaves out what is younger, what fired and what does not grow', async () => {
    const all = await Promise.all(
      [['--older', '1h'], ['--growing'], ['--never-fired']].map((words) =>
        zkt('watches', '-s', servers, '--for', '1s', '-o', 'json', ...words),
      ),
    );
    expect(all.map(({ out }) => JSON.parse(out).watches.length)).toEqual([0, 0, 1]);
    expect(JSON.parse(all[2]?.out ?? '')).toMatchObject({
      v: 1,
      total: 1,
      watches: [{ kind: 'path', key: '/never', watches: 1, neverFired: 1, growthPerMin: 0 }],
    });
  });
});

describe('of a recording', () => {
  const file = path.join(dir, 'a.zktrec');
  const START = Date.parse('2026-01-02T03:04:05Z');
  const writer = new RecordingWriter(systemDisk, file);
  let seq = 0;
  const record = <N extends EventName>(name: N, second: number, fields: FieldsOf<N>): void =>
    writer.append({ name, node: '1', seq: ++seq, time: START + second * 1000, fields } as ZktEvent);
  for (let second = 0; second < 10; second++) {
    const use = { count: 100 - second * 10, writes: 0, bytes: 1000, ms: 1000 };
    for (const [kind, key] of [
      ['op', 'getData'],
      ['path', '/a'],
    ] as const) {
      record('hot.sampled', second, { kind, key, ...use });
    }
    const age = { neverFired: 5, oldestMs: second * 1000, added: 0, fired: 0 };
    record('watch.sampled', second, { kind: 'path', key: '/w', watches: 5 + second, ...age });
  }
  writer.close();

  it('what was used most, over all of it', async () => {
    const { code, out, err } = await zkt('hot', '--replay', file);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/\n\/a +55 +0 +1000B +100% +1\n/);
    expect(out).toContain('55 requests/s, 0 of them writes, 1000B/s, over 10 s.');
  });
  it('what was watched at its end', async () => {
    const { code, out } = await zkt('watches', '--replay', file, '-o', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(out).watches).toEqual([
      {
        ...{ kind: 'path', key: '/w', watches: 14, neverFired: 5, oldestMs: 9000, growthPerMin: 60 },
        ...{ addedPerS: 0, firedPerS: 0, servers: ['1'] },
      },
    ]);
  });
  it('live servers are another question', async () => {
    for (const tool of ['hot', 'watches']) {
      const { code, err } = await zkt(tool, '--replay', file, '--watch');
      expect([code, err.includes('not for --replay')]).toEqual([2, true]);
    }
  });
});

describe('both', () => {
  it.each(['hot', 'watches'])('%s: nobody answers: 3; no such option: 2', async (tool) => {
    const nobody = await zkt(tool, '-s', '127.0.0.1:1');
    expect([nobody.code, nobody.out]).toEqual([3, '']);
    expect(nobody.err).toContain('127.0.0.1:1');
    for (const words of [
      ['--by', 'colour'],
      ['--sort', 'smell'],
      ['--limit', '0'],
      ['--for', 'ever'],
    ]) {
      const { code, out } = await zkt(tool, '-s', servers, ...words);
      expect([code, out], words.join(' ')).toEqual([2, '']);
    }
  });
  it('interrupted before anybody answered: 130', async () => {
    const io = new MemoryIo();
    const done = run(['hot', '-s', servers, '--for', '1m'], io);
    setTimeout(() => io.interrupt(), 50);
    expect(await done).toBe(130);
    expect(io.stdout.text).toBe('');
  });
});
