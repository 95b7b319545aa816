/**
 * Runs in a process of its own: plays each seed it is sent and answers what came of it, until its parent lets
 * go of it.
 */
import { type PlanWishes, planOf } from '../../../src/sim/swarm/plan.ts';
import { playPlan, type SwarmResult } from '../../../src/sim/swarm/run.ts';
import { TOOLS } from '../tools.ts';

/** A run to be played. */
export interface Task {
  readonly seed: number;
  readonly wishes: PlanWishes;
}

/** What came of it. */
export interface Played
  extends Pick<SwarmResult, 'violations' | 'simulatedMs' | 'steps' | 'fingerprint' | 'faults'> {
  /** Processor time that it took in all threads of the process, s. */
  readonly cpuSeconds: number;
}

async function play({ seed, wishes }: Task): Promise<Played> {
  const before = process.cpuUsage();
  const { violations, simulatedMs, steps, fingerprint, faults } = await playPlan(planOf(seed, wishes), TOOLS);
  const { user, system } = process.cpuUsage(before);
  const cpuSeconds = (user + system) / 1e6;
  return { violations: violations.slice(0, 5), simulatedMs, steps, fingerprint, faults, cpuSeconds };
}

process.on('message', (task: Task) => {
  play(task).then((played) => process.send?.(played));
});
process.on('disconnect', () => process.exit());
