import { expect, test } from 'vitest';
import { FeedLines, LINE_BYTES_MAX, LINES_PER_S_MAX } from '../../../src/inspect/observe/feed-lines.ts';
import { FeedMemory } from '../../../src/inspect/observe/feed-memory.ts';

function lines(...chunks: (string | Buffer)[]): { lines: string[]; tooLong: number; tooMany: number } {
  const splitter = new FeedLines();
  const found: string[] = [];
  for (const chunk of chunks) splitter.take(Buffer.from(chunk as string), 0, (line) => found.push(line));
  splitter.end();
  return { lines: found, tooLong: splitter.tooLong, tooMany: splitter.tooMany };
}

test('lines, however the bytes are cut', () => {
  const text = Buffer.from('{"a":"ü"}\n\n{"b":1}\n');
  for (let i = 0; i <= text.length; i++) {
    const cut = lines(text.subarray(0, i), text.subarray(i));
    expect(cut).toEqual({ lines: ['{"a":"ü"}', '{"b":1}'], tooLong: 0, tooMany: 0 });
  }
  expect(lines('', 'x\n')).toEqual({ lines: ['x'], tooLong: 0, tooMany: 0 });
});

test('a line that is cut off is counted', () => {
  expect(lines('one\ntwo')).toEqual({ lines: ['one'], tooLong: 1, tooMany: 0 });
});

test('a line may be so long and no longer', () => {
  const longest = 'x'.repeat(LINE_BYTES_MAX);
  expect(lines(`${longest}\nnext\n`)).toEqual({ lines: [longest, 'next'], tooLong: 0, tooMany: 0 });
  expect(lines(longest, 'x\nnext\n')).toEqual({ lines: ['next'], tooLong: 1, tooMany: 0 });
});

test('a line without an end takes no memory beyond the limit', () => {
  const splitter = new FeedLines();
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  for (let i = 0; i < 200; i++) splitter.take(chunk, 0, () => {});
  const found: string[] = [];
  splitter.take(Buffer.from('\nok\n'), 0, (line) => found.push(line));
  expect([found, splitter.tooLong]).toEqual([['ok'], 1]);
});

test('so many lines a second, and in the next as many again', () => {
  const splitter = new FeedLines();
  let count = 0;
  const flood = Buffer.from('x\n'.repeat(LINES_PER_S_MAX + 5));
  for (const ms of [0, 999, 1000]) splitter.take(flood, ms, () => count++);
  expect([count, splitter.tooMany]).toEqual([2 * LINES_PER_S_MAX, LINES_PER_S_MAX + 15]);
});

/** Events as `seq@time`; `replay N` begins a stream. Answers those that are told. */
function told(...steps: string[]): string {
  const memory = new FeedMemory();
  const found: string[] = [];
  for (const step of steps) {
    const [seq, time] = step.split('@').map(Number);
    if (step.startsWith('replay')) memory.begin(Number(step.slice(7)));
    else if (memory.isNew({ seq: seq as number, time: time as number })) found.push(step);
  }
  return found.join(' ');
}

test('nothing is told twice', () => {
  expect(told('replay 2', '1@10', '2@20', '3@30')).toBe('1@10 2@20 3@30');
  // The past again, what was missed, and what goes on.
  expect(told('replay 0', '5@50', '6@60', 'replay 4', '4@40', '5@50', '6@60', '7@70', '8@80')).toBe(
    '5@50 6@60 7@70 8@80',
  );
  // Only what was missed.
  expect(told('replay 0', '5@50', 'replay 1', '9@90', '10@95')).toBe('5@50 9@90 10@95');
  // Another life begins with small numbers.
  expect(told('replay 0', '50@50', 'replay 2', '1@60', '2@70', '3@80')).toBe('50@50 1@60 2@70 3@80');
  // And is then remembered.
  expect(told('replay 0', '50@50', 'replay 1', '1@60', 'replay 2', '1@60', '2@70')).toBe('50@50 1@60 2@70');
  // What happens now is always told: the clock may have been set back.
  expect(told('replay 0', '5@50', '6@40', '2@30')).toBe('5@50 6@40 2@30');
  // What a stream says of itself has no number.
  expect(told('0@1', 'replay 0', '3@5', 'replay 1', '0@9', '3@5', '0@9')).toBe('0@1 3@5 0@9 0@9');
});
