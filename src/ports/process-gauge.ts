/** How a process is. Times and sizes are -1 where they cannot be told. */
export interface ProcessState {
  /** Of one core, since the state was taken before; more than 100 where several are busy. */
  readonly cpuPercent: number;
  readonly heapBytes: number;
  readonly rssBytes: number;
  /**
   * How late the event loop came to what was due, since the state was taken before: 99 of 100 times no later.
   */
  readonly loopP99Ms: number;
  readonly openFiles: number;
}

/** Tells how this process is. */
export interface ProcessGauge {
  /** The state since the last call. The loop is watched only while `watchLoop`, from the call on. */
  take(watchLoop: boolean): ProcessState;
  /** Watches nothing any more. */
  close(): void;
}
