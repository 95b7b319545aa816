/**
 * When a request reached each stage of its way, for the log of slow requests. Kept only where that log is on
 * (`slowRequestThresholdMs`).
 */

/**
 * - `forwarded`: a learner sent it to its leader; `proposed`: what it became has come back as a proposal.
 * - `prepared`: it has become a transaction; `logged`: that is on this server's disk.
 * - `quorum`: a quorum has it on disk, as a leader sees it; `committed`: a learner was told so.
 * - `confirmed`: a `sync` is done; `turn`: the answers before it have left.
 * - `applied`: it has changed the tree, and was answered; `answered`: what changes nothing was answered.
 */
export type Stage =
  | 'forwarded'
  | 'proposed'
  | 'prepared'
  | 'logged'
  | 'quorum'
  | 'committed'
  | 'confirmed'
  | 'turn'
  | 'applied'
  | 'answered';

/** See the head of the file. Times are monotonic, ms. */
export class Stages {
  private readonly stages: Stage[] = [];
  private readonly times: number[] = [];

  /** It has got there. */
  reached(stage: Stage, now: number): void {
    this.stages.push(stage);
    this.times.push(now);
  }

  /** Adds what is known of its transaction: stages of the same request, later ones. */
  append({ stages, times }: Stages): void {
    this.stages.push(...stages);
    this.times.push(...times);
  }

  /** How long each took from the one before on, the first from `since`: `prepared +0.1, applied +2.0 ms`. */
  text(since: number): string {
    let before = since;
    const parts = this.stages.map((stage, i) => {
      const now = this.times[i] as number;
      const took = now - before;
      before = now;
      return `${stage} +${took.toFixed(1)}`;
    });
    return `${parts.join(', ')} ms`;
  }
}
