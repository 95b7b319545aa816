/** Chance that decides nothing secret: jitter, snapshot points. */
export interface Random {
  /** A whole number, uniform in [0, limit), limit <= 2^32. */
  below(limit: number): number;
}
