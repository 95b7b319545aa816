import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { EventPrinter } from '../../../src/cli/events/event-printer.ts';
import { run } from '../../../src/cli/program.ts';
import { EventFilter } from '../../../src/events/filter.ts';
import type { ZktEvent } from '../../../src/events/table.ts';
import { systemDisk } from '../../../src/platform/disk.ts';
import { RecordingWriter } from '../../../src/storage/recording/recording-writer.ts';
import { MemoryIo } from '../memory-io.ts';

const dir = mkdtempSync(path.join(tmpdir(), 'zkt-events-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const START = Date.parse('2026-01-02T03:04:05Z');
const received = (seq: number, nodePath: string): ZktEvent => ({
  ...{ name: 'request.received', node: '1', seq, time: START + seq * 1000 },
  fields: { session: 7n, cxid: seq, op: 'setData', path: nodePath, bytes: 20 },
});

/** A recording of a minute: a request a second. */
const FILE = path.join(dir, 'a.zktrec');
const writer = new RecordingWriter(systemDisk, FILE);
for (let seq = 0; seq <= 60; seq++)
  writer.append(received(seq, seq % 2 === 0 ? '/even' : '/odd\u001b[31m\u202e'));
writer.close();

async function events(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = new MemoryIo();
  const code = await run(['events', ...words], io);
  return { code, out: io.stdout.text, err: io.stderr.text };
}
const linesOf = (out: string): Record<string, unknown>[] =>
  out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('zkt events --replay', () => {
  it('prints lines of JSON that pass the filter', async () => {
    const { code, out } = await events('--replay', FILE, '--path', '/even', '--limit', '3');
    expect(code).toBe(0);
    expect(linesOf(out).map((l) => [l.v, l.name, l.path, l.time])).toEqual([
      [1, 'request.received', '/even', '2026-01-02T03:04:05.000Z'],
      [1, 'request.received', '/even', '2026-01-02T03:04:07.000Z'],
      [1, 'request.received', '/even', '2026-01-02T03:04:09.000Z'],
    ]);
  });
  it('knows times', async () => {
    for (const [words, count] of [
      [['--from', '50s'], 11],
      [['--from', '50%', '--to', '31s'], 2],
      [['--to', '2026-01-02T03:04:07Z'], 3],
    ] as const) {
      expect(linesOf((await events('--replay', FILE, ...words)).out), words.join(' ')).toHaveLength(count);
    }
  });
  it('never shows foreign text raw, in words or in JSON', async () => {
    for (const form of ['table', 'ndjson']) {
      const { out } = await events('--replay', FILE, '-o', form);
      expect(out).not.toMatch(/[\u001b\u202e]/);
      expect(out).toContain('odd');
    }
  });
  it('says what is wrong with the question', async () => {
    for (const [words, why] of [
      [['--replay', path.join(dir, 'none')], /none/],
      [['--replay', FILE, '--from', 'noon'], /--from is a time/],
      [['--replay', FILE, '--last', '3'], /--last is for live servers/],
      [['--from', '5s'], /--from and --to are for --replay/],
      [['--names', 'nothing.here'], /no event is called nothing\.here/],
      [['--filter', 'colour=red'], /--filter takes names=/],
      [['--for', 'ever'], /--for is a time/],
    ] as const) {
      const { code, out, err } = await events(...words);
      expect([code, out], words.join(' ')).toEqual([words[1]?.endsWith('none') ? code : 2, '']);
      expect(err).toMatch(why);
    }
  });
});

it('ends with 3 when nobody answers', async () => {
  const { code, out, err } = await events('-s', '127.0.0.1:1', '--names', 'request.*');
  expect([code, out]).toEqual([3, '']);
  expect(err).toMatch(/127\.0\.0\.1:1/);
});

it('a reader that is slow loses events, and is told', async () => {
  const io = new MemoryIo();
  let take = (): void => {};
  const slow = new Promise<void>((resolve) => {
    take = resolve;
  });
  const stdout = Object.assign(Object.create(io.stdout) as typeof io.stdout, { drained: () => slow });
  stdout.write = (chunk) => !io.stdout.write(chunk);
  const printer = new EventPrinter({ ...io, stdout }, 'ndjson', new EventFilter({}), Infinity, () => {});
  printer.take(received(1, '/a'));
  await Promise.resolve();
  await Promise.resolve();
  for (let i = 0; i < 50_010; i++) printer.take(received(i, '/a'));
  take();
  await printer.end();
  const lines = linesOf(io.stdout.text);
  expect(lines).toHaveLength(50_002);
  expect(lines.at(-1)).toMatchObject({ name: 'feed.dropped', count: 10 });
});
