/**
 * Drawings of traces, as they were read and found right. `npx vitest run --update=all
 * test/formatters/trace-text.test.ts` writes them anew.
 */
import { describe, expect, test } from 'vitest';
import type { ZktEvent } from '../../src/events/table.ts';
import type { Trace } from '../../src/events/trace.ts';
import { traceToJson } from '../../src/formatters/trace-json.ts';
import { briefLine, type TraceLine, traceLines } from '../../src/formatters/trace-text.ts';
import { assemble } from '../../src/inspect/trace/assemble.ts';
import { key, START_MS, Teller, writeThroughFollower } from '../inspect/trace/story.ts';

const textOf = (lines: readonly TraceLine[]): string =>
  lines.map((line) => line.map(({ text }) => text).join('')).join('\n');
const draw = (trace: Trace, width: number, utf8: boolean): string =>
  textOf(traceLines(trace, { width, utf8 }));
const golden = (text: string, name: string): Promise<void> =>
  expect(`${text}\n`).toMatchFileSnapshot(`trace/${name}.txt`);

const write = assemble(writeThroughFollower().events, key());
const apache = (node: string): ZktEvent[] =>
  new Teller().tell(node, -50, 'source.connected', { address: `h:218${node}`, kind: 'apache', version: '' })
    .events;
const mixed = (node: string): Trace =>
  assemble([...writeThroughFollower().events.filter((it) => it.node !== node), ...apache(node)], key());

describe('drawings', () => {
  test('80 columns', () => golden(draw(write, 80, false), 'write-80-ascii'));
  test('80 columns of a terminal that knows UTF-8', () => golden(draw(write, 80, true), 'write-80'));
  test('160 columns', () => golden(draw(write, 160, true), 'write-160'));
  test('the disk of its own server was the slow one', () =>
    golden(draw(assemble(writeThroughFollower({}, 2.9).events, key()), 100, true), 'own-disk'));
  test('an Apache follower', () => golden(draw(mixed('2'), 100, true), 'apache-follower'));
  test('an Apache leader', () => golden(draw(mixed('3'), 100, true), 'apache-leader'));
  test('clocks that disagree', () => {
    const skewed = assemble(writeThroughFollower({ '1': 3000, '2': -3000 }).events, key());
    return golden(draw(skewed, 100, true), 'clocks');
  });
  test('nothing is told', () => golden(draw(assemble([], key()), 80, true), 'client-alone'));
  test('no answer, and a server that has not told all', () => {
    const events = writeThroughFollower().events.filter(
      ({ node, name }) => !(node === '2' && name === 'request.applied') && name !== 'request.replied',
    );
    return golden(
      draw(assemble(events, key({ answeredMs: undefined, err: undefined })), 80, true),
      'unfinished',
    );
  });
});

describe('whatever the width', () => {
  test.each([1, 72, 80, 133, 240, 500])('%i columns: no line is wider, all rows are there', (width) => {
    const lines = traceLines(write, { width, utf8: true }).slice(1, -1);
    for (const line of lines) {
      const length = line.reduce((sum, { text }) => sum + [...text].length, 0);
      expect(length).toBeLessThanOrEqual(Math.max(72, Math.min(240, width)));
    }
    expect(lines.length).toBe(traceLines(write, { width: 80, utf8: true }).length - 2);
  });

  test('a request that takes no time is drawn', () => {
    const nothing = assemble([], key({ answeredMs: START_MS }));
    expect(draw(nothing, 80, true)).toContain('0.00 ms');
  });

  test('a long path is cut, a strange one is left to who prints it', () => {
    const long = `/${'a'.repeat(300)}end`;
    const [head = []] = traceLines(assemble([], key({ path: long })), { width: 80, utf8: true });
    expect(textOf([head])).toMatch(/^setData \/a+…a+end {2}session/);
  });
});

test('in brief', () => {
  const line = textOf([briefLine(write)]);
  expect(line).toMatch(/^\d\d:\d\d:\d\d\.000 {2}setData \/a {2}zxid 0x100000007 /);
  expect(line).toMatch(/3\.42 ms {2}ok {2}the fsync of server 2 1\.0\d ms$/);
});

test('as JSON', () => {
  const json = traceToJson(write) as Record<string, unknown>;
  expect(JSON.parse(JSON.stringify(json))).toMatchObject({
    op: 'setData',
    path: '/a',
    session: '0x1000a2b3c4d0001',
    cxid: 5,
    zxid: '0x100000007',
    err: 0,
    error: null,
    ms: 3.42,
    quorum: { by: '2', acks: [{ node: '3' }, { node: '2' }, { node: '1' }] },
    slowest: { stage: 'logged', node: '2' },
    missing: [],
  });
});
