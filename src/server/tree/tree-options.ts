import type { ExtendedTypes } from '../../protocol/create-mode.ts';

/** How the tree is kept. */
export interface TreeOptions {
  readonly extended: ExtendedTypes;
  /** `zookeeper.digest.enabled`. */
  readonly digest: boolean;
  /** Any 32-bit number, different in each process: see the path table. */
  readonly hashSeed: number;
}
