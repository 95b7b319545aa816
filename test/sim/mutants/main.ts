/**
 * `npm run mutants [-- --only ID,… --seeds N --points P]`: hunts every mutant, or those named, with its
 * scenario and with seeds from several starting points on, and prints what finds it, and how soon.
 *
 *     --only ID,…         these only
 *     --seeds N           so many seeds from each starting point at most (200)
 *     --points P          so many starting points (3); 0: scenarios alone
 *     --from N            the first starting point (1)
 *     --every-scenario    all scenarios, not only the mutant's own
 *     --pristine          the simulator as it is, without a mutant: nothing may be found
 *     --transcript        what happened in each last run
 */
import { parseArgs } from 'node:util';
import type { PlanWishes } from '../../../src/sim/swarm/plan.ts';
import { Hunt, scenarioFiles, scenarioPlay } from './hunt.ts';
import type { Mutant } from './mutant.ts';
import type { Play, Played } from './player.ts';
import { MUTANTS } from './table.ts';

const LIMIT_MS = 900_000;
/** Between two starting points. */
const APART = 10_000;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seeds: { type: 'string', default: '200' },
    points: { type: 'string', default: '3' },
    from: { type: 'string', default: '1' },
    'every-scenario': { type: 'boolean', default: false },
    pristine: { type: 'boolean', default: false },
    transcript: { type: 'boolean', default: false },
  },
});

/** Everything one mutant is hunted with, or, for undefined, what must not break the simulator as it is. */
class Chase {
  private readonly hunt: Hunt;
  private readonly mutant: Mutant | undefined;
  private readonly took: number[] = [];
  found = false;

  constructor(hunt: Hunt, mutant: Mutant | undefined) {
    this.hunt = hunt;
    this.mutant = mutant;
  }

  async run(): Promise<void> {
    const { mutant } = this;
    const own = mutant?.scenario === undefined ? [] : [mutant.scenario];
    const files = values['every-scenario'] || mutant === undefined ? scenarioFiles() : own;
    for (const file of files) await this.play(file, scenarioPlay(file));
    const points = Number(values.points);
    for (let i = 0; i < points; i++) await this.playSeeds(Number(values.from) + i * APART, mutant?.swarm);
    if (points === 0) return;
    this.took.sort((a, b) => a - b);
    console.log(`    seeds until found: ${this.took.join(', ')}; median ${this.took[points >> 1]}`);
  }

  private async playSeeds(first: number, wishes: PlanWishes = {}): Promise<void> {
    const count = Number(values.seeds);
    const played = await this.play(`seeds from ${first}`, { kind: 'seeds', first, count, wishes });
    this.took.push(played.violation === undefined ? Number.POSITIVE_INFINITY : played.runs);
  }

  private async play(name: string, what: Play): Promise<Played> {
    const since = performance.now();
    const played = await this.hunt.play(this.mutant, what, LIMIT_MS);
    const seconds = ((performance.now() - since) / 1000).toFixed(1);
    const { violation, runs, at, transcript } = played;
    if (values.transcript) for (const line of transcript) console.log(line);
    if (violation !== undefined) this.found = true;
    const where = at === undefined || at === '' ? '' : ` (${at})`;
    const outcome =
      violation === undefined
        ? `nothing in ${runs}`
        : `run ${runs}${where}: ${violation.rule}: ${violation.text.slice(0, 160)}`;
    console.log(`    ${name}: ${outcome}; ${seconds} s`);
    return played;
  }
}

async function huntOne(hunt: Hunt, mutant: Mutant | undefined): Promise<boolean> {
  console.log(mutant === undefined ? 'the simulator as it is' : `${mutant.id}: ${mutant.title}`);
  const chase = new Chase(hunt, mutant);
  try {
    await chase.run();
    return chase.found === (mutant !== undefined);
  } catch (error) {
    // The others are hunted all the same.
    console.log(`    ${(error as Error).message}`);
    return false;
  }
}

const hunt = new Hunt();
const only = values.only?.split(',');
const wanted = values.pristine ? [undefined] : MUTANTS.filter(({ id }) => only?.includes(id) ?? true);
let good = 0;
try {
  for (const mutant of wanted) if (await huntOne(hunt, mutant)) good++;
} finally {
  hunt.end();
}
console.log(`${good} of ${wanted.length} as they should be`);
if (good < wanted.length) process.exitCode = 1;
