import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import * as snapshot from '../../../src/cli/commands/snapshot.ts';
import { type RunOptions, runTool } from './file-tool.ts';

process.env.TZ = 'UTC';

const BASIC = 'fixtures/snapshot-basic';
const CHANGED = `${BASIC}/changed/snapshot.62`;
const PLAIN = `${BASIC}/snapshot.3b`;
const run = (words: readonly string[], options?: RunOptions) => runTool(snapshot, words, options);
const text = (name: string): string => readFileSync(`${BASIC}/tool/${name}`, 'utf8');

describe('zkt snapshot dump', () => {
  const files = [
    [`${BASIC}/snapshot.0`, 'snapshot.0'],
    [PLAIN, 'snapshot.3b'],
    [`${PLAIN}.gz`, 'snapshot.3b'],
    [`${PLAIN}.snappy`, 'snapshot.3b'],
    [`${BASIC}/no-digest/snapshot.3b`, 'no-digest-snapshot.3b'],
    [CHANGED, 'changed-snapshot.62'],
  ] as const;

  it.each(files)('%s: as SnapshotFormatter', async (file, name) => {
    expect(await run(['dump', file])).toEqual({ code: 0, out: text(`${name}.format`), err: '' });
  });

  it.each(files)('%s: with data', async (file, name) => {
    expect((await run(['dump', '-d', file])).out).toBe(text(`${name}.format-d`));
  });

  it.each(files)('%s: for ncdu', async (file, name) => {
    const timeless = (s: string): string => s.replace(/"timestamp":\d+/, '"timestamp":0');
    expect(timeless((await run(['dump', '--ncdu', file])).out)).toBe(timeless(text(`${name}.format-json`)));
  });

  it.each([
    ['clean', ['0', '1e', '38', '3d']],
    ['killed', ['0', '2f']],
  ])('all of the %s data directory', async (name, zxids) => {
    const dir = `fixtures/datadir-basic/${name}`;
    for (const zxid of zxids) {
      const { out } = await run(['dump', `${dir}/data/version-2/snapshot.${zxid}`]);
      expect(out).toBe(readFileSync(`${dir}/snapshot.${zxid}.format`, 'utf8'));
    }
    expect((await run(['dump', `${dir}/data`])).out).toBe(
      readFileSync(`${dir}/snapshot.${zxids.at(-1)}.format`, 'utf8'),
    );
  });

  it('as JSON', async () => {
    const lines = (await run(['dump', PLAIN, '-o', 'ndjson'])).out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.filter((l) => l.kind === 'session')).toMatchObject([
      { v: 1, timeoutMs: 500_000 },
      { timeoutMs: 600_000 },
    ]);
    expect(lines.find((l) => l.path === '/app/lease-max')).toMatchObject({
      ephemeralOwner: '0xff0000ffffffffff',
      data: '34 years',
    });
    expect(lines.find((l) => l.path === '/acl/creator').acl).toEqual([
      { perms: 'cdrwa', scheme: 'digest', id: 'u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ=' },
    ]);
    expect(lines.at(-1)).toMatchObject({
      kind: 'end',
      complete: true,
      nodes: 48,
      digest: { zxid: '0x3b', version: 2 },
    });
    const whole = JSON.parse((await run(['dump', PLAIN, '-o', 'json', '--path', '/app/members'])).out);
    expect(whole.nodes.map((n: { path: string }) => n.path).sort()).toEqual([
      '/app/members',
      '/app/members/a',
      '/app/members/b',
      '/app/members/n-0000000002',
    ]);
    expect(whole.sessions).toHaveLength(2);
    const ephemerals = JSON.parse(
      (await run(['dump', PLAIN, '-o', 'json', '--session', '0x100001d17d60001'])).out,
    );
    expect(ephemerals.nodes).toHaveLength(2);
  });

  it('shows what could be read of a damaged file', async () => {
    const dir = mkdtempSync(path.join(tmpdir(), 'zkt-snapshot-'));
    try {
      const file = path.join(dir, 'snapshot.62');
      const bytes = readFileSync(CHANGED);
      writeFileSync(file, bytes.subarray(0, 5000));
      const { code, out, err } = await run(['dump', file, '-o', 'ndjson']);
      expect(code).toBe(7);
      const lines = out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(lines.filter((l) => l.kind === 'node').length).toBeGreaterThan(20);
      expect(lines.at(-1)).toMatchObject({ complete: false });
      expect(err).toMatch(
        /is corrupt at byte 4\d\d\d: the file ends in the middle of a (node|path): \d+ bytes are missing/,
      );
      expect(err).toMatch(/\d+ nodes and 2 sessions could be read before that/);
      for (const words of [['verify'], ['summary'], ['dump'], ['dump', '--ncdu']]) {
        expect((await run([...words, file])).code, words.join(' ')).toBe(7);
      }
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it.each([
    [['dump', 'no-such'], 1, 'zkt: cannot read no-such: ENOENT'],
    [['dump', 'fixtures/log-basic/log.1'], 7, 'is not a ZooKeeper snapshot: it begins with 0x5a4b4c47'],
    [['dump', '-d', '--ncdu', PLAIN], 2, 'Cannot specify both data dump'],
    [['summary', PLAIN, '/nope'], 1, 'there is no such node'],
    [['compare', PLAIN], 2, 'two snapshots are needed'],
    [['compare', PLAIN, PLAIN, '-b', 'x'], 2, '--bytes: x is not a whole number'],
  ])('%j', async (words, code, message) => {
    const ran = await run(words);
    expect(ran.code).toBe(code);
    expect(ran.err).toContain(message);
  });
});

describe('zkt snapshot compare', () => {
  const timeless = (s: string): string => s.replaceAll(/in \d+\.\d+ seconds/g, 'in N seconds');
  it.each([
    ['compare-b0-n0', ['-l', PLAIN, '-r', CHANGED, '-b', '0', '-n', '0'], ''],
    ['compare-b0-n0', [PLAIN, CHANGED], ''],
    ['compare-b0-n0-d', ['-l', PLAIN, '-r', CHANGED, '-d'], ''],
    ['compare-b100-n5', ['-l', PLAIN, '-r', CHANGED, '-b', '100', '-n', '5'], ''],
    ['compare-b1-n1-d', ['-l', PLAIN, '-r', CHANGED, '-b', '1', '-n', '1', '-d'], ''],
    ['compare-reversed', ['-l', CHANGED, '-r', PLAIN], ''],
    ['compare-same', [PLAIN, `${PLAIN}.gz`, '-d'], ''],
    ['compare-empty', [`${BASIC}/snapshot.0`, `${PLAIN}.snappy`, '-b', '10', '-n', '2'], ''],
    ['compare-long', ['--left', PLAIN, '--right', CHANGED, '--bytes', '1000', '--nodes', '1', '--debug'], ''],
    ['compare-interactive-enter', [PLAIN, CHANGED, '-i'], '\n'.repeat(15)],
    ['compare-interactive-choose', [PLAIN, CHANGED, '-i'], '1\n2\nx\n/app/new\n/app\n/nope\nq\n'],
  ])('%s %j', async (name, words, stdin) => {
    const { code, out, err } = await run(['compare', ...words], { stdin });
    expect([code, err]).toEqual([0, '']);
    expect(timeless(out)).toBe(timeless(text(name)));
  });

  it('as JSON', async () => {
    const { left, right, differences } = JSON.parse(
      (await run(['compare', PLAIN, CHANGED, '-b', '1000', '-o', 'json'])).out,
    );
    expect([left.nodes, right.nodes]).toEqual([48, 59]);
    expect(differences).toContainEqual({
      kind: 'difference',
      path: '/other',
      in: 'right',
      bytes: 2000,
      descendants: 1,
    });
  });
});

describe('zkt snapshot summary', () => {
  it('counts what is below each node, as deep as wanted', async () => {
    const { out } = await run(['summary', PLAIN, '/app', '1']);
    const lines = out.split('\n');
    expect(lines.slice(0, 3)).toEqual([' /app', '   children: 23', '   data: 405']);
    expect(lines).toContain('-- /app/members');
    expect(lines.at(-2)).toBe('');
    const whole = JSON.parse((await run(['summary', PLAIN, '-o', 'json'])).out);
    expect(whole.nodes[0]).toEqual({ path: '/', level: 0, descendants: 47, bytes: 40_527 });
  });
});

describe('zkt snapshot verify', () => {
  it('recomputes the digest of every snapshot of Apache', async () => {
    const { code, out } = await run(['verify', 'fixtures/datadir-basic/clean/data']);
    expect(code).toBe(0);
    expect(out.match(/ ok\n/g)).toHaveLength(4);
    expect(out.match(/digest [0-9a-f]+ of zxid 0x[0-9a-f]+ is right/g)).toHaveLength(3);
  });

  it('tells of each problem', async () => {
    const dir = mkdtempSync(path.join(tmpdir(), 'zkt-snapshot-'));
    try {
      cpSync(`${BASIC}/tool/snapshot.torn`, path.join(dir, 'snapshot.1'));
      const { code, out } = await run(['verify', dir, '-o', 'ndjson']);
      expect(code).toBe(7);
      expect(JSON.parse(out)).toMatchObject({
        v: 1,
        ok: false,
        problems: [expect.stringContaining('ends in the middle of an id'), 'there is no root'],
      });
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
