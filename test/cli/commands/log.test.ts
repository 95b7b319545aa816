import {
  appendFileSync,
  copyFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as log from '../../../src/cli/commands/log.ts';
import { type RunOptions, runTool } from './file-tool.ts';

process.env.TZ = 'UTC';

const LOG = 'fixtures/log-basic';
const run = (words: readonly string[], options?: RunOptions) => runTool(log, words, options);
const text = (file: string): string => readFileSync(file, 'utf8');

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'zkt-log-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('zkt log dump', () => {
  it.each(['1', '20', '3a', '3e'])('prints what TxnLogToolkit prints: log.%s', async (zxid) => {
    const { code, out, err } = await run(['dump', `fixtures/datadir-basic/clean/data/version-2/log.${zxid}`]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toBe(text(`fixtures/datadir-basic/clean/log.${zxid}.dump`));
  });

  it('of a directory prints its logs one after the other', async () => {
    const { out } = await run(['dump', 'fixtures/datadir-basic/clean/data']);
    expect(out).toBe(
      ['1', '20', '3a', '3e'].map((z) => text(`fixtures/datadir-basic/clean/log.${z}.dump`)).join(''),
    );
  });

  it.each([
    ['whole', 0, true],
    ['unpadded', 0, true],
    ['header-only', 0, true],
    ['flip-two', 7, true],
    ['flip-checksum', 7, true],
    ['torn-body', 7, true],
    ['torn-length', 7, true],
    ['empty', 7, true],
    ['wrong-magic', 7, true],
    // Apache's tool gives up here, or forgets the rest in silence.
    ['flip-type', 7, false],
    ['length-huge', 7, false],
    ['length-negative', 7, false],
    ['length-past-end', 7, false],
    ['no-eor', 7, false],
    ['garbage-after', 7, false],
  ])('%s.log: exit code %i', async (name, expected, same) => {
    const { code, out, err } = await run(['dump', `${LOG}/damaged/${name}.log`]);
    expect(code).toBe(expected);
    if (same) expect(out).toBe(text(`${LOG}/tool/${name}.log.dump`));
    else expect(err).toMatch(/skipped bytes|damaged|cannot be decoded/);
    const records = out.split('\n').filter((line) => / session 0x/.test(line)).length;
    if (['flip-type', 'length-huge', 'length-negative', 'length-past-end', 'no-eor'].includes(name))
      expect(records).toBe(65);
  });

  it('as JSON decodes multis, writes ids in hex and times in ISO-8601', async () => {
    const { out } = await run(['dump', `${LOG}/log.1`, '-o', 'ndjson', '--from', '0x2b', '--to', '44']);
    const [multi, second, ...rest] = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rest).toEqual([]);
    expect(multi).toMatchObject({
      v: 1,
      zxid: '0x2b',
      op: 'multi',
      time: expect.stringMatching(/^2026-11-21T11:19:35\.\d{3}Z$/),
    });
    expect(multi.txns.map((t: { op: string }) => t.op)).toEqual([
      'create',
      'create',
      'createContainer',
      'createTtl',
      'setData',
      'check',
      'create',
      'delete',
    ]);
    expect(multi.txns[3]).toMatchObject({ path: '/m/ttl', data: 't', ttlMs: 86_400_000 });
    expect(second.zxid).toBe('0x2c');
    const whole = JSON.parse((await run(['dump', `${LOG}/log.1`, '-o', 'json'])).out);
    expect(whole.records).toHaveLength(66);
  });

  it('writes values as text, hex or base64, and loses none', async () => {
    const binary = async (form: string) => {
      const { out } = await run([
        'dump',
        `${LOG}/log.1`,
        '-o',
        'ndjson',
        '--from',
        '6',
        '--to',
        '6',
        '--values',
        form,
      ]);
      return JSON.parse(out).data;
    };
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    expect(await binary('hex')).toBe(bytes.toString('hex'));
    expect(await binary('base64')).toBe(bytes.toString('base64'));
    expect(await binary('text')).toEqual({ base64: bytes.toString('base64') });
  });

  it.each([
    [
      ['--path', '/acl'],
      ['0xf', '0x10', '0x11', '0x12', '0x13', '0x2a'],
    ],
    [
      ['--path', '/m/eph'],
      ['0x2c', '0x3f'],
    ],
    [
      ['--op', 'createTtl'],
      ['0x1c', '0x1d', '0x1e', '0x2b'],
    ],
    [
      ['--op', 'deletecontainer,createSession'],
      ['0x1', '0x2', '0x1b', '0x1f', '0x40'],
    ],
    [
      ['--session', '0x0'],
      ['0x1b', '0x1f'],
    ],
  ])('shows only what is wanted: %j', async (flags, zxids) => {
    const { out } = await run(['dump', `${LOG}/log.1`, '-o', 'ndjson', ...flags]);
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).zxid),
    ).toEqual(zxids);
  });

  it('escapes what a terminal would obey, at a terminal', async () => {
    const { out } = await run(['dump', `${LOG}/log.1`], { tty: true });
    expect(out).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f]/);
  });

  it('stops quietly when the reader has gone', async () => {
    const big = path.join(dir, 'log.1');
    const base = readFileSync(`${LOG}/damaged/unpadded.log`);
    writeFileSync(big, Buffer.concat([base, ...Array.from({ length: 60 }, () => base.subarray(16))]));
    const { code, out, err } = await run(['dump', big], { breakAfter: 1 });
    expect([code, err]).toEqual([0, '']);
    expect(out.length).toBeLessThan(200_000);
  });

  it.each([
    [['dump', 'no-such'], 1, 'zkt: cannot read no-such: ENOENT'],
    [['dump', 'src/base'], 1, 'zkt: cannot find a transaction log in src/base: there is none'],
    [['dump', `${LOG}/snapshot.0`], 7, 'is not a ZooKeeper transaction log'],
    [['dump', `${LOG}/log.1`, '--from', 'x'], 2, 'zkt: --from: x is neither 0x… nor a decimal number'],
    [['dump', `${LOG}/log.1`, '-o', 'xml'], 2, '--output: expected one of'],
  ])('%j', async (words, code, message) => {
    const ran = await run(words);
    expect(ran.code).toBe(code);
    expect(ran.err).toContain(message);
    expect(ran.out).toBe('');
  });
});

describe('zkt log verify', () => {
  it('says that all is well, and that a server would start', async () => {
    const { code, out } = await run(['verify', 'fixtures/datadir-basic/killed/data']);
    expect(code).toBe(0);
    expect(out).toMatch(/log\.1 {2}\d+ transactions {2}0x1 to 0x30 .* ok\n/);
    expect(out).toMatch(/A server would start at zxid 0x[0-9a-f]+: .*snapshot\.2f and \d+ transactions\.\n$/);
  });

  it.each([
    [
      'flip-two',
      /byte 138: zxid 0x3: the checksum does not match: bit 5 of byte 192 is flipped\n {2}byte 1191: zxid 0xa/,
    ],
    [
      'length-huge',
      /byte 2491: 109 bytes are no record: Unreasonable length = 2147483647; the record is whole, only its length field is wrong/,
    ],
    ['torn-body', /byte 2491: a tail that was never acknowledged/],
    ['flip-type', /byte 138: zxid 0x3: the checksum does not match/],
    ['empty', /byte 0: the file is empty/],
  ])('%s.log is damaged', async (name, message) => {
    const { code, out } = await run(['verify', `${LOG}/damaged/${name}.log`]);
    expect(code).toBe(7);
    expect(out).toMatch(message);
  });

  it('finds a missing file, as JSON too', async () => {
    cpSync('fixtures/datadir-basic/clean/data', dir, { recursive: true });
    rmSync(path.join(dir, 'version-2/log.3a'));
    rmSync(path.join(dir, 'version-2/snapshot.3d'));
    const { code, out } = await run(['verify', dir, '-o', 'json']);
    expect(code).toBe(7);
    const { v, logs, start } = JSON.parse(out);
    expect(v).toBe(1);
    expect(logs.at(-1).problems[0]).toMatchObject({ kind: 'gap' });
    expect(start).toMatchObject({ ok: false, code: 'ZKT_LOG_GAP' });
  });

  it('writes nothing', async () => {
    cpSync('fixtures/log-basic/damaged/torn-body.log', path.join(dir, 'log.1'));
    cpSync('fixtures/log-basic/snapshot.0', path.join(dir, 'snapshot.0'));
    const before = readFileSync(path.join(dir, 'log.1'));
    await run(['verify', dir]);
    expect(readFileSync(path.join(dir, 'log.1')).equals(before)).toBe(true);
    expect(readdirSync(dir)).toEqual(['log.1', 'snapshot.0']);
  });
});

describe('zkt log tail', () => {
  it('prints the last transactions, from older files too', async () => {
    const last = (await run(['tail', '-n', '3', `${LOG}/log.1`])).out;
    expect(last).toBe(`${text(`${LOG}/tool/log.1.dump`).split('\n').slice(-5, -2).join('\n')}\n`);
    const all = (await run(['tail', '-n', '1000', '-o', 'ndjson', 'fixtures/datadir-basic/clean/data'])).out;
    const dumped = (await run(['dump', '-o', 'ndjson', 'fixtures/datadir-basic/clean/data'])).out;
    const zxids = (out: string) =>
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).zxid);
    expect(zxids(all)).toEqual(zxids(dumped));
    expect((await run(['tail', '-n', '0', `${LOG}/log.1`])).out).toBe('');
  });

  it('follows a log that grows and rolls', async () => {
    const bytes = readFileSync(`${LOG}/damaged/unpadded.log`);
    const file = path.join(dir, 'log.1');
    // The third record ends at byte 233 or so: cut in the middle of it, then go on.
    writeFileSync(file, bytes.subarray(0, 200));
    const stop = new AbortController();
    const seen: string[] = [];
    const zxids = () => seen.flatMap((line) => /zxid (0x[0-9a-f]+)/.exec(line)?.[1] ?? []);
    const onOut = (chunk: string): void => void seen.push(...chunk.split('\n'));
    const done = run(['tail', '-f', '-n', '5', '--interval', '2', dir], { stop: stop.signal, onOut });
    const until = async (count: number): Promise<void> => {
      for (let i = 0; i < 500 && zxids().length < count; i++) await new Promise((r) => setTimeout(r, 2));
    };
    await until(2);
    appendFileSync(file, bytes.subarray(200, 2491));
    await until(19);
    writeFileSync(path.join(dir, 'log.14'), Buffer.concat([bytes.subarray(0, 16), bytes.subarray(2491)]));
    await until(66);
    stop.abort();
    expect((await done).code).toBe(130);
    expect(zxids()).toEqual(Array.from({ length: 66 }, (_, i) => `0x${(i + 1).toString(16)}`));
  });
});

describe('zkt log chop', () => {
  it.each(['30', '0x1e'])('at %s writes what TxnLogToolkit writes', async (zxid) => {
    const file = path.join(dir, 'log.1');
    copyFileSync(`${LOG}/log.1`, file);
    const { code, out } = await run(['chop', '-z', zxid, file]);
    expect([code, out]).toEqual([0, 'Chopping at 1e new log has 30 records\n']);
    const copy = `${file}.chopped30`;
    expect(readFileSync(copy).equals(readFileSync(`${LOG}/log.1.chopped30`))).toBe(true);
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    expect(readFileSync(file).equals(readFileSync(`${LOG}/log.1`))).toBe(true);
    expect((await run(['chop', '-z', zxid, file])).err).toContain('it exists; use --force');
    expect((await run(['chop', '-z', zxid, '--force', file])).code).toBe(0);
  });

  it.each([
    ['9999', `${LOG}/log.1`, 1, 'it has no transaction 0x270f; 66 come before'],
    ['30', `${LOG}/damaged/flip-body.log`, 7, 'is corrupt at byte 138'],
    ['30', `${LOG}/damaged/length-huge.log`, 7, 'is corrupt at byte 2491'],
  ])('at %s of %s leaves nothing behind', async (zxid, from, code, message) => {
    const file = path.join(dir, 'log.1');
    copyFileSync(from, file);
    const ran = await run(['chop', '-z', zxid, file]);
    expect(ran.code).toBe(code);
    expect(ran.err).toContain(message);
    expect(readdirSync(dir)).toEqual(['log.1']);
  });

  it('with --dry-run writes nothing', async () => {
    const file = path.join(dir, 'log.1');
    copyFileSync(`${LOG}/log.1`, file);
    expect((await run(['chop', '-z', '30', '--dry-run', file])).code).toBe(0);
    expect(readdirSync(dir)).toEqual(['log.1']);
  });
});

describe('zkt log repair', () => {
  it.each(['flip-two', 'flip-body', 'whole', 'torn-body'])(
    'of %s.log writes what TxnLogToolkit writes',
    async (name) => {
      const file = path.join(dir, 'log.1');
      copyFileSync(`${LOG}/damaged/${name}.log`, file);
      const { code, out } = await run(['repair', '--yes', file]);
      expect(code).toBe(0);
      const fixed = readFileSync(`${file}.fixed`);
      const theirs = readFileSync(`${LOG}/damaged/${name}.log.fixed`);
      // Apache's copy has padding behind the last record, ours has none.
      expect(theirs.subarray(0, fixed.length).equals(fixed)).toBe(true);
      expect(theirs.subarray(fixed.length).every((byte) => byte === 0)).toBe(true);
      expect(out.split('\n').at(-2)).toMatch(
        /^Recovery file .*log\.1\.fixed has been written with \d fixed CRC error\(s\)$/,
      );
      expect((await run(['verify', `${file}.fixed`])).code).toBe(0);
    },
  );

  it.each(['flip-two', 'flip-body'])(
    'of %s.log gives back what was written, when bits are restored',
    async (name) => {
      const file = path.join(dir, 'log.1');
      copyFileSync(`${LOG}/damaged/${name}.log`, file);
      expect((await run(['repair', '--yes', '--restore-bits', file])).code).toBe(0);
      expect(readFileSync(`${file}.fixed`).equals(readFileSync(`${LOG}/damaged/unpadded.log`))).toBe(true);
    },
  );

  it('ends before what cannot be read, or goes on behind it when told', async () => {
    const file = path.join(dir, 'log.1');
    copyFileSync(`${LOG}/damaged/length-huge.log`, file);
    const first = await run(['repair', '--yes', file]);
    expect(first.code).toBe(7);
    expect(first.err).toContain('46 transactions behind the damage are left out');
    expect(
      (await run(['tail', '-n', '99', '-o', 'ndjson', `${file}.fixed`])).out.trim().split('\n'),
    ).toHaveLength(19);
    const second = await run(['repair', '--yes', '--force', '--skip-damaged', file]);
    expect(second.code).toBe(0);
    expect(
      (await run(['tail', '-n', '99', '-o', 'ndjson', `${file}.fixed`])).out.trim().split('\n'),
    ).toHaveLength(65);
  });

  it('without --yes and without a terminal asks for --yes', async () => {
    const file = path.join(dir, 'log.1');
    copyFileSync(`${LOG}/damaged/flip-two.log`, file);
    const { code, err } = await run(['repair', file]);
    expect(code).toBe(2);
    expect(err).toContain('use --yes');
    expect(readdirSync(dir)).toEqual(['log.1']);
  });
});
