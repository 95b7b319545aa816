/** Create flags as they travel; any other value is refused with BADARGUMENTS. */
export const CREATE_FLAGS = {
  persistent: 0,
  ephemeral: 1,
  persistentSequential: 2,
  ephemeralSequential: 3,
  container: 4,
  persistentTtl: 5,
  persistentSequentialTtl: 6,
} as const;
/** A kind of node to create. */
export type CreateMode = keyof typeof CREATE_FLAGS;

/** What a create flag means. */
export interface CreateTraits {
  readonly ephemeral: boolean;
  readonly sequential: boolean;
  readonly container: boolean;
  readonly ttl: boolean;
}

const TRAITS: readonly CreateTraits[] = [
  { ephemeral: false, sequential: false, container: false, ttl: false },
  { ephemeral: true, sequential: false, container: false, ttl: false },
  { ephemeral: false, sequential: true, container: false, ttl: false },
  { ephemeral: true, sequential: true, container: false, ttl: false },
  { ephemeral: false, sequential: false, container: true, ttl: false },
  { ephemeral: false, sequential: false, container: false, ttl: true },
  { ephemeral: false, sequential: true, container: false, ttl: true },
];

/** The traits of a flag, or undefined for one that does not exist. */
export const createTraits = (flags: number): CreateTraits | undefined => TRAITS[flags];

/** The suffix of a sequential node: the counter, signed, zero-padded to ten digits as Java's `%010d` does. */
export const sequenceSuffix = (counter: number): string => {
  const digits = String(Math.abs(counter));
  return counter < 0 ? `-${digits.padStart(9, '0')}` : digits.padStart(10, '0');
};

/** `ephemeralOwner` of a container node: the lowest signed 64-bit value. */
export const CONTAINER_OWNER = -0x8000000000000000n;
/** High bytes of the `ephemeralOwner` of a TTL node: extended-type mark, feature id 0. */
const TTL_MARK = -0x0100000000000000n;
const TTL_FEATURE_MASK = 0xffff_ff00_0000_0000n;
/** The longest TTL, milliseconds: 40 bits. */
export const TTL_MAX = 0xff_ffff_ffffn;

/** The stored owner of a node with that TTL (1..TTL_MAX ms). */
export const ttlOwner = (ttlMs: bigint): bigint => TTL_MARK | ttlMs;

/** How node kinds hidden in `ephemeralOwner` are told apart; both off by default, as in Apache. */
export interface ExtendedTypes {
  /** `zookeeper.extendedTypesEnabled`. */
  readonly enabled: boolean;
  /** `zookeeper.emulate353TTLNodes`: any other negative owner is a TTL node. */
  readonly emulate353: boolean;
}

/** What a stored `ephemeralOwner` says of a node. */
export type OwnerKind = 'none' | 'ephemeral' | 'container' | 'ttl';

/** The kind of node a stored owner marks. */
export const ownerKind = (owner: bigint, extended: ExtendedTypes): OwnerKind => {
  if (owner === 0n) return 'none';
  if (owner === CONTAINER_OWNER) return 'container';
  if (extended.enabled) {
    if ((BigInt.asUintN(64, owner) & TTL_FEATURE_MASK) === BigInt.asUintN(64, TTL_MARK)) return 'ttl';
    if (extended.emulate353 && owner < 0n) return 'ttl';
  }
  return 'ephemeral';
};

/** The TTL in a stored owner of kind `ttl`, milliseconds. */
export const ttlOf = (owner: bigint): bigint => owner & TTL_MAX;
