import { ERR, type ErrName, errName, keeperMessage } from '../protocol/error-codes.ts';
import type { OpResult } from './api.ts';

/**
 * An operation that ZooKeeper refused, or that ended with its connection or session. `message` is what
 * Apache's client says: `KeeperErrorCode = NoNode for /a`.
 */
export class KeeperError extends Error {
  override readonly name = 'KeeperError';
  /** The protocol code, one of `ERR` or a number a newer server invented. */
  readonly code: number;
  /** The constant's name, such as `NONODE`; undefined for a code this client does not know. */
  readonly errName: ErrName | undefined;
  /** The path as the caller gave it (without chroot); undefined where the operation has none. */
  readonly path: string | undefined;
  /**
   * Of a failed multi: one result for each operation; the first with a code that is neither 0 nor -2 is the
   * culprit.
   */
  readonly results: readonly OpResult[] | undefined;

  constructor(code: number, path?: string, results?: readonly OpResult[]) {
    super(keeperMessage(code, path));
    this.code = code;
    this.errName = errName(code);
    this.path = path;
    this.results = results;
  }
}

/** True when `thrown` is a `KeeperError` of that name: `isKeeperError(e, 'NONODE')`. */
export const isKeeperError = (thrown: unknown, name: ErrName): thrown is KeeperError =>
  thrown instanceof KeeperError && thrown.code === ERR[name];
