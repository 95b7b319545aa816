/**
 * `npm run mutants [-- --only ID --seeds N --points P]`: hunts every mutant with its scenario, and with the
 * seeds from several starting points on, and prints what finds it, and how soon.
 */
import { parseArgs } from 'node:util';
import { Hunt, scenarioPlay } from './hunt.ts';
import type { Mutant } from './mutant.ts';
import type { Played } from './player.ts';
import { MUTANTS } from './table.ts';

const LIMIT_MS = 600_000;
/** Between two starting points. */
const APART = 10_000;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seeds: { type: 'string', default: '200' },
    points: { type: 'string', default: '3' },
    scenario: { type: 'boolean', default: false },
    transcript: { type: 'boolean', default: false },
    pristine: { type: 'string' },
    from: { type: 'string', default: '1' },
  },
});
const seeds = Number(values.seeds);
const points = values.scenario ? 0 : Number(values.points);

/** How one hunt went, in a few words. */
function told(played: Played): string {
  if (values.transcript) for (const line of played.transcript) console.log(line);
  if (played.violation === undefined) return `not in ${played.runs}`;
  return `${played.runs}: ${played.violation.rule}${values.only || values.pristine ? ` (${played.at}) ${played.violation.text}` : ''}`;
}

async function hunt(hunting: Hunt, mutant: Mutant): Promise<void> {
  const since = performance.now();
  const seconds = (): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;
  console.log(`${mutant.id}: ${mutant.title}`);
  if (mutant.scenario !== undefined) {
    const played = await hunting.play(mutant, scenarioPlay(mutant.scenario), LIMIT_MS);
    console.log(`    ${mutant.scenario}: ${told(played)}, ${seconds()}`);
  }
  if (mutant.swarm === 'none') return;
  const wishes = mutant.swarm ?? {};
  const took: number[] = [];
  for (let i = 0; i < points; i++) {
    const what = { kind: 'seeds', first: Number(values.from) + i * APART, count: seeds, wishes } as const;
    const played = await hunting.play(mutant, what, LIMIT_MS);
    took.push(played.violation === undefined ? Number.POSITIVE_INFINITY : played.runs);
    if (values.only || took.length === points) console.log(`    seeds: ${told(played)}, ${seconds()}`);
  }
  took.sort((a, b) => a - b);
  if (points > 1) console.log(`    seeds until found: ${took.join(', ')}; median ${took[points >> 1]}`);
}

const hunting = new Hunt();
try {
  const only = values.only?.split(',');
  for (const file of values.pristine?.split(',') ?? []) {
    const what =
      file === 'seeds'
        ? ({ kind: 'seeds', first: Number(values.from), count: seeds, wishes: {} } as const)
        : scenarioPlay(file);
    console.log(`${file}: ${told(await hunting.play(undefined, what, LIMIT_MS))}`);
  }
  if (values.pristine !== undefined) process.exit();
  for (const mutant of MUTANTS.filter(({ id }) => only?.includes(id) ?? true)) {
    try {
      await hunt(hunting, mutant);
    } catch (error) {
      // The others are hunted all the same.
      console.log(`    ${(error as Error).message}`);
      process.exitCode = 1;
    }
  }
} finally {
  hunting.end();
}
