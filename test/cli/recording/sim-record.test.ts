import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build } from '../../../src/cli/commands/sim.ts';
import { systemDisk } from '../../../src/platform/disk.ts';
import { openRecording } from '../../../src/storage/recording/open-recording.ts';
import { MemoryIo } from '../memory-io.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'zkt-sim-record-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function sim(...words: string[]) {
  const io = new MemoryIo();
  let code = 0;
  const exit = (it: number): void => {
    code = it;
  };
  const command = new Command('sim').exitOverride();
  build(command, { io, globals: {}, exit });
  await command.parseAsync(words, { from: 'user' });
  return { io, code };
}

describe('zkt sim --record', () => {
  const small = ['--work', '1500', '--operations', '20', '--clients', '1'];

  it('a seed: the same run, and a recording of it', async () => {
    const file = path.join(dir, 'seed.zktrec');
    const told = await sim('--seed', '7', '--record', file, '-o', 'json', ...small);
    const report = JSON.parse(told.io.stdout.text) as { fingerprint: string; events: number };
    const plain = await sim('--seed', '7', '-o', 'ndjson', ...small);
    const [line = ''] = plain.io.stdout.text.split('\n');
    expect((JSON.parse(line) as { fingerprint: string }).fingerprint).toBe(report.fingerprint);
    const recording = openRecording(systemDisk, file);
    expect(recording.fault).toBeUndefined();
    expect(recording.count).toBe(report.events);
    expect(told.code).toBe(0);
  }, 30_000);

  it('a scenario', async () => {
    const scenario = path.join(dir, 'a.zkt');
    writeFileSync(
      scenario,
      'servers 3\nstart all\nwait serving all\ncall A leader\nclient c\nc create /a 1\nkill A\nwait serving !A\n',
    );
    const file = path.join(dir, 'scenario.zktrec');
    const { io } = await sim('--scenario', scenario, '--record', file);
    expect(io.stdout.text).toMatch(/^holds .*a\.zkt: .* simulated seconds, \d+ events in .*scenario\.zktrec/);
  }, 30_000);

  it('what makes no sense is refused before anything is played', async () => {
    const file = path.join(dir, 'no.zktrec');
    await expect(sim('--seeds', '5', '--record', file)).rejects.toThrow(/for one run/);
    await expect(sim('--seed', '5', '--top')).rejects.toThrow(/--top needs a terminal/);
    writeFileSync(path.join(dir, 'there.zktrec'), 'mine');
    await expect(sim('--seed', '5', '--record', path.join(dir, 'there.zktrec'))).rejects.toThrow(/it exists/);
    expect(existsSync(file)).toBe(false);
  });
});
