/**
 * What a seed stands for: the size of the cluster, which kinds of faults may happen, when which of them do,
 * and who works on it meanwhile. A plan is plain data: shrinking takes parts out of it.
 */
import { Prng } from '../../base/prng.ts';
import { DISK_FAULTS } from './disk-faults.ts';
import type { FaultKind } from './fault.ts';
import { NETWORK_FAULTS } from './network-faults.ts';
import { PROCESS_FAULTS } from './process-faults.ts';

/** All kinds of faults, by name. */
export const FAULT_KINDS: ReadonlyMap<string, FaultKind> = new Map(
  [...NETWORK_FAULTS, ...PROCESS_FAULTS, ...DISK_FAULTS].map((kind) => [kind.name, kind]),
);

/** A fault to come. */
export interface PlannedFault {
  /** Its number in the seed's plan, which stays when others are taken out. */
  readonly index: number;
  readonly kind: string;
  /** From the beginning of the work, ms. */
  readonly atMs: number;
  readonly lastsMs: number;
  readonly seed: number;
}

/** See the head of the file. */
export interface SwarmPlan {
  readonly seed: number;
  readonly servers: number;
  readonly observers: number;
  /** Lines of zoo.cfg. */
  readonly config: readonly string[];
  readonly faults: readonly PlannedFault[];
  /** How long faults happen, ms. */
  readonly workMs: number;
  readonly clients: number;
  /** The most operations of one client. */
  readonly operations: number;
}

/** What a caller may set instead of the seed. */
export interface PlanWishes {
  readonly servers?: number | undefined;
  readonly observers?: number | undefined;
  /** Only these kinds of faults. */
  readonly kinds?: readonly string[] | undefined;
  /** Only the faults with these numbers. */
  readonly keep?: ReadonlySet<number> | undefined;
  readonly clients?: number | undefined;
  readonly operations?: number | undefined;
  readonly workMs?: number | undefined;
}

const OPERATIONS = 1_000_000;
/** The share of kinds that a seed leaves on, and no fewer than so many. */
const KINDS_ON = 0.35;
const KINDS_MIN = 2;

/** The plan of a seed. */
export function planOf(seed: number, wishes: PlanWishes = {}): SwarmPlan {
  const random = new Prng(seed ^ 0x3c6ef372);
  const servers = random.chance(0.7) ? 3 : 5;
  const observers = random.chance(0.2) ? 1 : 0;
  const kinds = chosenKinds(random);
  const workMs = 8000 + random.below(32_000);
  const config = chosenConfig(random);
  const clients = 2 + random.below(3);
  const everyMs = random.pick([400, 1500, 4000]);
  const faults: PlannedFault[] = [];
  const use = wishes.kinds ?? kinds;
  for (let at = random.next() * everyMs; at < workMs; at += 100 + random.next() * everyMs * 2) {
    const lastsMs = Math.round(random.pick([150, 1000, 2500, 6000]) * (0.5 + random.next()));
    const kind = random.pick(use);
    faults.push({ index: faults.length, kind, atMs: Math.round(at), lastsMs, seed: random.uint32() });
  }
  const { keep } = wishes;
  return {
    seed,
    servers: wishes.servers ?? servers,
    observers: wishes.observers ?? observers,
    config,
    faults: keep === undefined ? faults : faults.filter((f) => keep.has(f.index)),
    workMs: wishes.workMs ?? workMs,
    clients: wishes.clients ?? clients,
    operations: wishes.operations ?? OPERATIONS,
  };
}

function chosenKinds(random: Prng): string[] {
  const all = [...FAULT_KINDS.keys()];
  for (;;) {
    const some = all.filter(() => random.chance(KINDS_ON));
    if (some.length >= KINDS_MIN) return some;
  }
}

/** Limits that make rare things frequent. */
function chosenConfig(random: Prng): string[] {
  const lines = [`snapCount=${random.pick([3, 10, 40, 1000])}`];
  if (random.chance(0.3)) lines.push('txnLogSizeLimitInKb=1');
  if (random.chance(0.3)) lines.push(`commitLogCount=${random.pick([1, 5, 20])}`);
  if (random.chance(0.2)) lines.push('snapshotSizeFactor=-1');
  return lines;
}
