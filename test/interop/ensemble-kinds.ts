/** Which kinds the members of an ensemble are. */
import type { Kind } from './servers.ts';

/**
 * With `ZKT_INTEROP_ONLY=Apache` (or `zkt`) every member is of that kind: to see whether a test asks for more
 * than Apache does.
 */
export function only(kinds: readonly Kind[]): Kind[] {
  const one = process.env.ZKT_INTEROP_ONLY;
  return one === 'Apache' || one === 'zkt' ? kinds.map(() => one) : [...kinds];
}
