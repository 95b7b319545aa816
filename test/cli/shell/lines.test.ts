import fc from 'fast-check';
import { expect, test } from 'vitest';
import { linesOf } from '../../../src/cli/shell/lines.ts';

async function all(chunks: readonly Buffer[]): Promise<string[]> {
  const lines: string[] = [];
  async function* stream() {
    yield* chunks;
  }
  for await (const line of linesOf(stream())) lines.push(line);
  return lines;
}

test('lines end with any kind of break, and the last may have none', async () => {
  expect(await all([Buffer.from('a\nb\r\nc\rd')])).toEqual(['a', 'b', 'c', 'd']);
  expect(await all([Buffer.from('a\n\n\r\n')])).toEqual(['a', '', '']);
  expect(await all([])).toEqual([]);
  expect(await all([Buffer.from([0xff, 0x0a, 0x00])])).toEqual(['\ufffd', '\0']);
});

test('where chunks are cut does not matter', async () => {
  const text = fc
    .array(fc.constantFrom('a', 'ž', '🙂', '\n', '\r', '\r\n'))
    .map((parts) => Buffer.from(parts.join('')));
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat()), async (bytes, cuts) => {
      const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
      const chunks = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
      const wanted = bytes.toString('utf8').split(/\r\n|\r|\n/);
      if (wanted.at(-1) === '') wanted.pop();
      expect(await all(chunks)).toEqual(wanted);
    }),
    { numRuns: 500 },
  );
});
