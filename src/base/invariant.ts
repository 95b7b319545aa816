/** A broken promise of our own code: the process must not go on, since its state is no longer known. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
}

/**
 * States what must hold. Stays on in production: a violation is a bug, thrown as `InvariantViolation`, which
 * the composition root turns into a loud exit. Expected failures are values or `ZktError`s, never this.
 */
export function invariant(condition: unknown, why: string): asserts condition {
  if (!condition) throw new InvariantViolation(why);
}
