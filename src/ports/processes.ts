/** The processes of this machine, for a lock that outlives its holder's death. */
export interface Processes {
  /** Of this process. */
  readonly pid: number;
  /**
   * A text that tells the living process of that id from any other that had the id before it (start time, boot);
   * undefined when there is no such process.
   */
  identity(pid: number): string | undefined;
}
