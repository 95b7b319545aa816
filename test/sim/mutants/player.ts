/**
 * Runs in a thread of its own, bundled with a mutant or without: plays what it is told until a promise is
 * broken.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { reasonOf, ZktError } from '../../../src/base/errors.ts';
import type { Violation } from '../../../src/sim/checkers/history.ts';
import { playScenario } from '../../../src/sim/scenario/run-scenario.ts';
import { parseScenario, scenarioVariants } from '../../../src/sim/scenario/scenario-text.ts';
import { type PlanWishes, planOf } from '../../../src/sim/swarm/plan.ts';
import { playPlan } from '../../../src/sim/swarm/run.ts';
import { transcript } from '../../../src/sim/transcript.ts';
import { TOOLS } from '../tools.ts';

/** What is to be played: all variants of a scenario or the one named, or one seed after the other. */
export type Play =
  | { readonly kind: 'scenario'; readonly file: string; readonly text: string; readonly variant?: string }
  | { readonly kind: 'seeds'; readonly first: number; readonly count: number; readonly wishes: PlanWishes };

/** What came of it. */
export interface Played {
  /** Runs, the one that found something included. */
  readonly runs: number;
  /** The variant or seed that found something; undefined when every promise was kept. */
  readonly at: string | undefined;
  readonly violation: Violation | undefined;
  /** What happened in that run, or in the last one. */
  readonly transcript: readonly string[];
}

interface Run {
  readonly name: string;
  play(listen: Parameters<typeof playPlan>[2]): Promise<{ readonly violations: readonly Violation[] }>;
}

async function play(what: Play): Promise<Played> {
  let runs = 0;
  let last: readonly string[] = [];
  for (const run of what.kind === 'scenario' ? variants(what) : seeds(what)) {
    runs++;
    const lines: string[] = [];
    last = lines;
    const violation = await broken(run, lines);
    if (violation !== undefined) return { runs, at: run.name, violation, transcript: lines };
  }
  return { runs, at: undefined, violation: undefined, transcript: last };
}

/** The first promise that a run breaks. Whatever is thrown counts, but for a scenario that makes no sense. */
async function broken(run: Run, lines: string[]): Promise<Violation | undefined> {
  try {
    const { violations } = await run.play((now) => transcript((line) => lines.push(line), now));
    return violations[0];
  } catch (error) {
    if (error instanceof ZktError && error.code === 'ZKT_SCENARIO') throw error;
    return { rule: 'nothing is thrown', text: reasonOf(error) };
  }
}

function* variants({ file, text, variant }: Extract<Play, { kind: 'scenario' }>): Iterable<Run> {
  for (const it of scenarioVariants(text, file)) {
    if (variant !== undefined && variant !== it.name) continue;
    const lines = parseScenario(it.text, file);
    yield { name: it.name, play: (listen) => playScenario(lines, file, TOOLS, listen) };
  }
}

function* seeds({ first, count, wishes }: Extract<Play, { kind: 'seeds' }>): Iterable<Run> {
  for (let seed = first; seed < first + count; seed++) {
    yield { name: `${seed}`, play: (listen) => playPlan(planOf(seed, wishes), TOOLS, listen) };
  }
}

play(workerData as Play).then((played) => parentPort?.postMessage(played));
