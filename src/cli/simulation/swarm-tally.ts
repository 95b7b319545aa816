/** Sums of many simulated runs. */
import type { RunReport } from './sim-jobs.ts';

/** See the head of the file. */
export class SwarmTally {
  simulatedMs = 0;
  runs = 0;
  steps = 0;
  private failed = 0;
  private readonly began: number;
  private readonly faults = new Map<string, number>();
  private readonly counts = new Map<string, number>();

  /** `began` is the monotonic time of the start, ms. */
  constructor(began: number) {
    this.began = began;
  }

  add(result: RunReport): void {
    this.runs++;
    this.simulatedMs += result.simulatedSeconds * 1000;
    this.steps += result.steps;
    if (result.violations.length > 0) this.failed++;
    sum(this.faults, result.faults);
    sum(this.counts, result.counts);
  }

  /** Simulated seconds for each second since the start. */
  speed(now: number): number {
    return this.simulatedMs / Math.max(1, now - this.began);
  }

  /** For `-o json`. */
  summary(now: number): Record<string, unknown> {
    return {
      count: this.runs,
      failed: this.failed,
      simulatedSeconds: this.simulatedMs / 1000,
      seconds: (now - this.began) / 1000,
      simulatedSecondsPerSecond: this.speed(now),
      steps: this.steps,
      faults: Object.fromEntries(this.faults),
      counts: Object.fromEntries(this.counts),
    };
  }

  /** One line. */
  text(now: number): string {
    const hours = this.simulatedMs / 3_600_000;
    const time = hours >= 1 ? `${hours.toFixed(2)} hours` : `${(this.simulatedMs / 1000).toFixed(1)} s`;
    const n = (name: string): number => this.counts.get(name) ?? 0;
    let faults = 0;
    for (const count of this.faults.values()) faults += count;
    return (
      `${this.runs} ${this.runs === 1 ? 'run' : 'runs'}, ${this.failed} failed; ${time} simulated at ${this.speed(now).toFixed(0)} s/s; ` +
      `${faults} faults, ${n('transactions')} transactions, ${n('reads')} reads, ${n('lost')} replies lost`
    );
  }
}

function sum(into: Map<string, number>, from: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(from)) into.set(name, (into.get(name) ?? 0) + count);
}
