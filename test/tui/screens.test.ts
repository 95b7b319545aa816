/**
 * What `zkt top` shows of a real failover, pane by pane, on a real terminal: golden screens. The recording is
 * of three servers that lost their leader while clients wrote (`scripts/record-failover.mjs` makes another);
 * it is played to a moment and looked at there.
 *
 * `ZKT_UPDATE_SCREENS=1 npx vitest run test/tui/screens.test.ts` writes the screens anew: read them then.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bundleProgram, removeBundle } from '../cli/shell/pseudo-terminal.ts';
import { openTerminal, type TestTerminal } from './terminal.ts';

const FOLDER = 'dist-test-screens';
const RECORDING = path.resolve('test/tui/screens/failover.zktrec');
const SIZES = [
  [80, 24],
  [200, 60],
] as const;

/** A pane, its key, the moment, what only that pane says, and what the screen is of. */
const SCREENS = [
  ['ensemble', '1', '9.2s', 'servers up', 'the leader is dead and the others look for a new one'],
  ['election', '2', '9.3s', 'decided +', 'who voted for whom, and why'],
  ['flow', '3', '6s', 'packets/s', 'proposals, ACKs and commits with their times'],
  ['sessions', '4', '15.2s', 'buckets of', 'buckets move, and the holder of a lock has expired'],
  ['hot', '5', '16s', 'of them writes', 'paths, clients, operations'],
  ['events', '6', '9.2s', 'forgotten', 'the stream around the leader’s death'],
] as const;

let main: string;
beforeAll(async () => {
  main = await bundleProgram(FOLDER);
}, 60_000);
afterAll(() => removeBundle(FOLDER));

const open: TestTerminal[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function screenOf(
  columns: number,
  rows: number,
  key: string,
  moment: string,
  says: string,
): Promise<string> {
  const terminal = openTerminal({
    command: [process.execPath, main, 'top', '--replay', RECORDING, '--speed', '0.1'],
    env: { TZ: 'UTC' },
    ...{ columns, rows },
  });
  open.push(terminal);
  await terminal.waitFor('0.1x');
  terminal.type(' ');
  await terminal.waitFor('PAUSED');
  terminal.type(`g${moment}\r`);
  await terminal.waitFor(new RegExp(`  ${Number.parseInt(moment, 10)}s [━=]`));
  terminal.type(key);
  await terminal.waitFor(says);
  await terminal.quiet(400);
  return `${terminal.screen().join('\n')}\n`;
}

describe.each(SIZES)('on a terminal of %i x %i', (columns, rows) => {
  it.each(SCREENS)(
    '%s',
    async (pane, key, moment, says, what) => {
      const screen = await screenOf(columns, rows, key, moment, says);
      const file = `test/tui/screens/${pane}-${columns}x${rows}.txt`;
      if (process.env.ZKT_UPDATE_SCREENS !== undefined) writeFileSync(file, screen);
      expect(existsSync(file), file).toBe(true);
      expect(screen, what).toBe(readFileSync(file, 'utf8'));
    },
    30_000,
  );
});
