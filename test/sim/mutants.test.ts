/**
 * The simulator finds every bug of the table: by the scenario that was made for it, or by seeds. The same run
 * without the bug breaks no promise.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { Hunt, scenarioPlay } from './mutants/hunt.ts';
import type { Mutant } from './mutants/mutant.ts';
import type { Play } from './mutants/player.ts';
import { MUTANTS } from './mutants/table.ts';

/** Seeds that are played at most where there is no scenario. */
const SEEDS_MAX = 100;
const LIMIT_MS = 120_000;

const hunt = new Hunt();
afterAll(() => hunt.end());

const seedsFrom = (first: number, count: number, { swarm }: Mutant): Play => ({
  kind: 'seeds',
  first,
  count,
  wishes: swarm ?? {},
});

describe('mutants', () => {
  it('each is there once', () => {
    expect(new Set(MUTANTS.map(({ id }) => id)).size).toBe(MUTANTS.length);
    expect(MUTANTS.length).toBeGreaterThanOrEqual(20);
  });

  for (const mutant of MUTANTS) {
    const { id, title, scenario } = mutant;
    it.concurrent(`${id}: ${title}`, { timeout: 2 * LIMIT_MS }, async () => {
      const means = scenario === undefined ? seedsFrom(1, SEEDS_MAX, mutant) : scenarioPlay(scenario);
      const { at, violation, runs } = await hunt.play(mutant, means, LIMIT_MS);
      expect(violation, `not found in ${runs} runs`).toBeDefined();
      const same = scenario === undefined ? seedsFrom(Number(at), 1, mutant) : scenarioPlay(scenario, at);
      const pristine = await hunt.play(undefined, same, LIMIT_MS);
      expect(pristine.runs).toBe(1);
      expect(pristine.violation, pristine.transcript.join('\n')).toBeUndefined();
    });
  }
});
