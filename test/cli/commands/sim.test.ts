import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import * as sim from '../../../src/cli/commands/sim.ts';
import { runTool } from './file-tool.ts';

const ZKT = path.join(import.meta.dirname, '../../../bin/zkt');
const dir = mkdtempSync(path.join(tmpdir(), 'zkt-sim-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const SMALL = ['--servers', '3', '--observers', '0', '--work', '800', '--clients', '1'];

function scenario(name: string, text: string): string {
  const file = path.join(dir, name);
  writeFileSync(file, text);
  return file;
}

describe('zkt sim', () => {
  it('tells a run line by line, and sums it up', async () => {
    const { code, out, err } = await runTool(sim, ['--seed', '3', ...SMALL]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^ {4}0\.000 {2}s1 {4}starts$/m);
    expect(out).toMatch(/ s\d +.*\[peer\.state state=LEADING leader=\d\]$/m);
    expect(out).toMatch(/ c1 +create \/w: ok at 0x100000002, [\d.]+ ms, session 0x[0-9a-f]+$/m);
    expect(out).toMatch(/^1 run, 0 failed; [\d.]+ s simulated at \d+ s\/s; /m);
  });

  it('gives the same run for the same seed', async () => {
    const words = ['--seed', '5', '--seeds', '2', ...SMALL, '-o', 'json'];
    const runs = [await runTool(sim, words), await runTool(sim, words)].map(
      ({ out }) => (JSON.parse(out) as { runs: { seed: number; fingerprint: string }[] }).runs,
    );
    expect(runs[0]?.map((run) => run.seed)).toEqual([5, 6]);
    expect(runs[1]).toEqual(runs[0]);
  });

  it('plays a calm run: idle time costs little', async () => {
    const words = ['--seed', '2', '--servers', '3', '--work', '600000', '--clients', '1', '--calm'];
    const { code, out } = await runTool(sim, [...words, '-o', 'json']);
    expect(code).toBe(0);
    const { runs } = JSON.parse(out) as { runs: { simulatedSeconds: number; steps: number }[] };
    expect(runs[0]?.simulatedSeconds).toBeGreaterThan(600);
    expect(runs[0]?.steps).toBeLessThan(100_000);
  });

  it('plays as many seeds in several processes as in one', async () => {
    const words = ['--seed', '5', '--seeds', '3', '--jobs', '2', ...SMALL, '-o', 'json'];
    const run = spawnSync(process.execPath, [ZKT, 'sim', ...words], { encoding: 'utf8' });
    const { runs } = JSON.parse(run.stdout) as { runs: { seed: number }[] };
    expect(runs.map(({ seed }) => seed).sort()).toEqual([5, 6, 7]);
  });

  it('ends with 130 when it is stopped', async () => {
    const child = spawn(process.execPath, [ZKT, 'sim', '--seeds', '100000', '-o', 'ndjson', ...SMALL]);
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.stdout.once('data', () => child.kill('SIGINT'));
    expect(await ended).toBe(130);
  });

  it('lists the kinds of faults', async () => {
    const { out } = await runTool(sim, ['--faults', '-o', 'ndjson']);
    const names = out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { name: string }).name);
    expect(names).toEqual(expect.arrayContaining(['isolate-leader', 'power-all', 'wall-jump', 'no-space']));
  });

  it('plays a scenario', async () => {
    const file = scenario(
      'good.zkt',
      'start all\nwait serving all\nclient c\nc create /a x\nwait agreed\nexpect /a = x on all\n',
    );
    const { code, out } = await runTool(sim, ['--scenario', file]);
    expect(code).toBe(0);
    expect(out).toMatch(/--- expect \/a = x on all$/m);
    expect(out).toMatch(/^holds .*good\.zkt $/m);
  });

  it('ends with 1 where a scenario does not go as written', async () => {
    const file = scenario('bad.zkt', 'start all\nwait serving all\nclient c\nc get /a = x\n');
    const { code, err } = await runTool(sim, ['--scenario', file, '-q']);
    expect([code, err]).toEqual([1, 'the scenario goes as written: line 4: NONODE instead of success\n']);
  });

  const refused: readonly [string[], string][] = [
    [['--fault', 'flood'], 'no fault flood: `zkt sim --faults` lists them'],
    [['--seed', 'x'], 'expected a whole number from 0 to 4294967295, not x'],
    [['--hours', '0'], 'expected hours, such as 2 or 0.5, not 0'],
    [
      ['--scenario', scenario('worse.zkt', 'start all\nfly')],
      'worse.zkt:2: an operation was expected at the end',
    ],
  ];
  for (const [words, message] of refused) {
    it(`refuses ${words[0]}`, async () => {
      const { code, err } = await runTool(sim, words);
      expect(code).toBe(2);
      expect(err).toContain(message);
    });
  }
});
