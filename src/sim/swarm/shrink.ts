/**
 * Makes a failing plan smaller while it still fails: fewer faults, fewer clients, fewer operations, less
 * time.
 */
import type { SwarmPlan } from './plan.ts';
import type { SwarmResult } from './run.ts';

/** How it is done. */
export interface ShrinkOptions {
  readonly play: (plan: SwarmPlan) => Promise<SwarmResult>;
  /** Runs spent at most. Default 150. */
  readonly runsMax?: number;
  /** Told of each smaller plan. */
  readonly smaller?: (plan: SwarmPlan) => void;
}

const RUNS_MAX = 150;
const AFTER_LAST_FAULT_MS = 3000;

/** Answers the smallest plan found that breaks the same promise first, and what came of it. */
export async function shrink(failed: SwarmResult, options: ShrinkOptions): Promise<SwarmResult> {
  return new Shrinking(failed, options).run();
}

class Shrinking {
  private best: SwarmResult;
  private left: number;
  private readonly rule: string | undefined;
  private readonly options: ShrinkOptions;

  constructor(failed: SwarmResult, options: ShrinkOptions) {
    this.best = failed;
    this.options = options;
    this.left = options.runsMax ?? RUNS_MAX;
    this.rule = failed.violations[0]?.rule;
  }

  async run(): Promise<SwarmResult> {
    await this.fewerFaults();
    while (this.best.plan.clients > 1 && (await this.try({ clients: this.best.plan.clients - 1 })));
    await this.lessTime();
    await this.fewerOperations();
    await this.fewerFaults();
    return this.best;
  }

  /** Halves, quarters, ... single faults are taken out, as long as that can be done. */
  private async fewerFaults(): Promise<void> {
    for (let size = Math.ceil(this.best.plan.faults.length / 2); size >= 1; size = Math.floor(size / 2)) {
      for (let at = 0; at < this.best.plan.faults.length; ) {
        const { faults } = this.best.plan;
        const fewer = [...faults.slice(0, at), ...faults.slice(at + size)];
        if (!(await this.try({ faults: fewer }))) at += size;
      }
    }
  }

  private async lessTime(): Promise<void> {
    const last = Math.max(0, ...this.best.plan.faults.map((f) => f.atMs + f.lastsMs));
    const shorter = Math.min(this.best.plan.workMs, last + AFTER_LAST_FAULT_MS);
    if (shorter < this.best.plan.workMs) await this.try({ workMs: shorter });
  }

  private async fewerOperations(): Promise<void> {
    const done = this.best.counts.done ?? 0;
    let operations = Math.min(this.best.plan.operations, Math.max(1, done));
    while (operations > 1 && (await this.try({ operations: Math.floor(operations / 2) }))) {
      operations = this.best.plan.operations;
    }
  }

  private async try(change: Partial<SwarmPlan>): Promise<boolean> {
    if (this.left-- <= 0) return false;
    const result = await this.options.play({ ...this.best.plan, ...change });
    if (result.violations[0]?.rule !== this.rule) return false;
    this.best = result;
    this.options.smaller?.(result.plan);
    return true;
  }
}

/** Options of `zkt sim` that play that plan again; `kinds` and sizes as they were wished for. */
export function replayOptions(plan: SwarmPlan, fromSeed: SwarmPlan, wished: readonly string[] = []): string {
  const words = [`--seed ${plan.seed}`, ...wished];
  if (plan.faults.length < fromSeed.faults.length) {
    words.push(`--keep ${plan.faults.map((f) => f.index).join(',') || 'none'}`);
  }
  if (plan.clients !== fromSeed.clients) words.push(`--clients ${plan.clients}`);
  if (plan.operations !== fromSeed.operations) words.push(`--operations ${plan.operations}`);
  if (plan.workMs !== fromSeed.workMs) words.push(`--work ${plan.workMs}`);
  return words.join(' ');
}
