/** What was wrong with bytes that should have been jute. */
export type JuteFault =
  | 'null'
  | 'truncated'
  | 'unreasonable-length'
  | 'trailing-bytes'
  | 'frame-too-long'
  | 'frame-negative';

/** Bytes that are not the record they should be: what, and at which byte. */
export class JuteError extends Error {
  override readonly name = 'JuteError';
  readonly fault: JuteFault;
  /** Offset of the offending field from the start of the buffer that was read. */
  readonly offset: number;

  constructor(fault: JuteFault, offset: number, detail: string) {
    super(`${detail} (byte ${offset})`);
    this.fault = fault;
    this.offset = offset;
  }
}
