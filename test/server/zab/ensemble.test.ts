import { describe, expect, it } from 'vitest';
import { BrokenPromise, Ensemble, type Faults } from './ensemble.ts';

const SEEDS = Number(process.env.ZKT_ZAB_SEEDS ?? 150);
const FIRST = Number(process.env.ZKT_ZAB_SEED ?? 1);

/** Runs one seed; what broke comes with the end of the journal. */
function run(seed: number, voters: number, observers: number, faults: Faults, steps: number): Ensemble {
  const ensemble = new Ensemble(seed, voters, observers, faults);
  const tail = (): string => ensemble.journal.slice(-60).join('\n');
  try {
    for (let i = 0; i < steps; i++) ensemble.step();
    if (!ensemble.heals(20_000)) throw new BrokenPromise('it does not heal');
  } catch (thrown) {
    const error = thrown as Error;
    error.message = `seed ${seed}, step ${ensemble.steps}: ${error.message}\n${tail()}`;
    throw error;
  }
  return ensemble;
}

describe('leader and learners, whatever happens', () => {
  const check = (name: string, voters: number, observers: number, faults: Faults, steps = 4000): void =>
    it(name, { timeout: 120_000 }, () => {
      let committed = 0;
      for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
        committed += run(seed, voters, observers, faults, steps).history.length;
      }
      expect(committed).toBeGreaterThan(SEEDS * 10);
    });

  check('no faults', 3, 0, { crash: 0, restart: 0, cut: 0, odd: 0 }, 1000);
  check('connections break', 3, 1, { crash: 0, restart: 0, cut: 0.01, odd: 0 });
  check('servers crash', 3, 1, { crash: 0.004, restart: 0.02, cut: 0, odd: 0 });
  check('all of it', 3, 1, { crash: 0.004, restart: 0.02, cut: 0.01, odd: 0.02 });
  check('all of it, five voters', 5, 1, { crash: 0.006, restart: 0.02, cut: 0.01, odd: 0.02 });
  check('elections choose anybody', 3, 0, { crash: 0.002, restart: 0.02, cut: 0.01, odd: 0.6 });
});
