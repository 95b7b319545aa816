/** Time, as an effect: only drivers ask; machines are told. */
export interface Clock {
  /** Milliseconds that never jump, with fractions; the zero is arbitrary. For durations and deadlines. */
  monotonicMs(): number;
  /** Milliseconds since 1970, whole; may jump. For what people read and for transaction times. */
  wallMs(): number;
}
