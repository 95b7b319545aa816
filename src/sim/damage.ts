/** What is known of disks that are damaged on purpose. */

/** What a voter has on its disk. */
export interface Held {
  readonly accepted: number;
  readonly current: number;
  /** The last zxid it logged, or has in a snapshot. */
  readonly end: bigint;
}

/** A disk that was damaged. */
export interface Damage {
  /** What it held before. */
  readonly held: Held;
  /** Its server refused to start, and waits for an empty disk. */
  refused: boolean;
}
