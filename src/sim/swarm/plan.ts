/**
 * What a seed stands for: the size of the cluster, which kinds of faults may happen, when which of them do,
 * and who works on it meanwhile. A plan is plain data: shrinking takes parts out of it.
 */
import { Prng } from '../../base/prng.ts';
import { CLIENT_FAULTS } from './client-faults.ts';
import { DAMAGE_FAULTS } from './damage-faults.ts';
import { DISK_FAULTS, FURTHER_DISK_FAULTS } from './disk-faults.ts';
import type { FaultKind } from './fault.ts';
import { MEMBER_FAULTS } from './member-faults.ts';
import { NETWORK_FAULTS } from './network-faults.ts';
import { PROCESS_FAULTS } from './process-faults.ts';

/** What every seed chooses from. */
const BASIC = [...NETWORK_FAULTS, ...PROCESS_FAULTS, ...DISK_FAULTS];
/** What a seed may add to that: chosen on its own, so that what the basic kinds do stays as it was. */
export const FURTHER: readonly FaultKind[] = [
  ...CLIENT_FAULTS,
  ...DAMAGE_FAULTS,
  ...FURTHER_DISK_FAULTS,
  ...MEMBER_FAULTS,
];

/** All kinds of faults, by name. */
export const FAULT_KINDS: ReadonlyMap<string, FaultKind> = new Map(
  [...BASIC, ...FURTHER].map((kind) => [kind.name, kind]),
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

/** How much happens at a time. */
export interface Pace {
  /** Each of a client's lanes rests up to this long between two operations, ms. */
  readonly restMs: number;
  /** Timeouts of sessions: at least this, at most three times as long, ms. */
  readonly sessionMs: number;
  /** A short session comes up to this long after the one before it, ms. */
  readonly visitMs: number;
  /** `tickTime` of the servers, ms. */
  readonly tickMs: number;
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
  readonly pace: Pace;
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
  /** Hours with a fault now and then, instead of seconds full of them. */
  readonly calm?: boolean | undefined;
  /** Only basic kinds of faults and limits. */
  readonly basic?: boolean | undefined;
}

/** Seconds full of faults. */
const DENSE: Pace = { restMs: 800, sessionMs: 2000, visitMs: 4000, tickMs: 500 };
const MINUTE_MS = 60_000;
/** Transactions between two snapshots. */
const SNAP_COUNTS = [3, 10, 40, 1000];
/** Hours with few of them would leave thousands of files. */
const CALM_SNAP_COUNTS = [20, 100, 1000];
const OPERATIONS = 1_000_000;
/** The share of kinds that a seed leaves on, and no fewer than so many. */
const KINDS_ON = 0.35;
const KINDS_MIN = 2;
/** The share of further kinds that a seed adds. */
const FURTHER_ON = 0.15;

/** When faults strike, and for how long. */
interface Rhythm {
  readonly firstMs: number;
  readonly leastMs: number;
  /** What is added to `leastMs` is up to this. */
  readonly moreMs: number;
  readonly lasts: readonly number[];
}

/** The plan of a seed. */
export function planOf(seed: number, wishes: PlanWishes = {}): SwarmPlan {
  return wishes.calm === true ? calmPlan(seed, wishes) : densePlan(seed, wishes);
}

function densePlan(seed: number, wishes: PlanWishes): SwarmPlan {
  const random = new Prng(seed ^ 0x3c6ef372);
  const servers = random.chance(0.7) ? 3 : 5;
  const observers = random.chance(0.2) ? 1 : 0;
  const kinds = chosenKinds(random);
  const workMs = 8000 + random.below(32_000);
  const config = chosenConfig(random, SNAP_COUNTS);
  const clients = 2 + random.below(3);
  const everyMs = random.pick([400, 1500, 4000]);
  const rhythm = { firstMs: everyMs, leastMs: 100, moreMs: everyMs * 2, lasts: [150, 1000, 2500, 6000] };
  const faults = chosenFaults(random, wishes.kinds ?? kinds, workMs, rhythm);
  return wished({ seed, servers, observers, config, faults, workMs, clients, pace: DENSE }, wishes);
}

/**
 * What takes hours to show: sessions that are idle or expire, nodes with a time to live, files that are
 * purged, clocks that drift apart, servers that are away for minutes.
 */
function calmPlan(seed: number, wishes: PlanWishes): SwarmPlan {
  const random = new Prng(seed ^ 0x1f83d9ab);
  const servers = random.chance(0.8) ? 3 : 5;
  const observers = random.chance(0.2) ? 1 : 0;
  const kinds = chosenKinds(random);
  const workMs = (30 + random.below(120)) * MINUTE_MS;
  const pace: Pace = {
    restMs: random.pick([20_000, 60_000, 300_000]),
    sessionMs: random.pick([4000, 10_000]),
    visitMs: random.pick([MINUTE_MS, 10 * MINUTE_MS]),
    tickMs: random.pick([500, 2000]),
  };
  const config = [`tickTime=${pace.tickMs}`, ...chosenConfig(random, CALM_SNAP_COUNTS)];
  if (random.chance(0.5)) config.push('autopurge.purgeInterval=1', 'autopurge.snapRetainCount=3');
  const clients = 1 + random.below(3);
  const everyMs = random.pick([2, 10, 30]) * MINUTE_MS;
  const rhythm = {
    firstMs: everyMs,
    leastMs: 1000,
    moreMs: everyMs * 2,
    lasts: [1000, 10_000, MINUTE_MS, 5 * MINUTE_MS],
  };
  const faults = chosenFaults(random, wishes.kinds ?? kinds, workMs, rhythm);
  return wished({ seed, servers, observers, config, faults, workMs, clients, pace }, wishes);
}

function chosenFaults(
  random: Prng,
  kinds: readonly string[],
  workMs: number,
  { firstMs, leastMs, moreMs, lasts }: Rhythm,
): PlannedFault[] {
  const faults: PlannedFault[] = [];
  for (let at = random.next() * firstMs; at < workMs; at += leastMs + random.next() * moreMs) {
    const lastsMs = Math.round(random.pick(lasts) * (0.5 + random.next()));
    const kind = random.pick(kinds);
    faults.push({ index: faults.length, kind, atMs: Math.round(at), lastsMs, seed: random.uint32() });
  }
  return faults;
}

/** The plan with what the caller set instead. */
function wished(plan: Omit<SwarmPlan, 'operations'>, wishes: PlanWishes): SwarmPlan {
  const { keep } = wishes;
  const whole = { ...plan, ...further(plan, wishes) };
  return {
    ...whole,
    servers: wishes.servers ?? plan.servers,
    observers: wishes.observers ?? plan.observers,
    faults: keep === undefined ? whole.faults : whole.faults.filter((f) => keep.has(f.index)),
    workMs: wishes.workMs ?? plan.workMs,
    clients: wishes.clients ?? plan.clients,
    operations: wishes.operations ?? OPERATIONS,
  };
}

/** Faults and limits beyond the basic ones, by a chance of their own. */
function further(
  { seed, faults, config, workMs }: Omit<SwarmPlan, 'operations'>,
  wishes: PlanWishes,
): Pick<SwarmPlan, 'faults' | 'config'> {
  if (wishes.basic === true) return { faults, config };
  const random = new Prng(seed ^ 0x5be0cd19);
  const limits = furtherLimits(random);
  const chosen = FURTHER.filter(() => random.chance(FURTHER_ON)).map(({ name }) => name);
  const everyMs = workMs / random.pick([4, 10, 25]);
  const lasts = [everyMs / 4, everyMs, everyMs * 2];
  const rhythm = { firstMs: everyMs, leastMs: 100, moreMs: everyMs * 2, lasts };
  const more =
    wishes.kinds !== undefined || chosen.length === 0 ? [] : chosenFaults(random, chosen, workMs, rhythm);
  const all = [...faults, ...more.map((fault, i) => ({ ...fault, index: faults.length + i }))];
  const needed = new Set(all.flatMap(({ kind }) => FAULT_KINDS.get(kind)?.config ?? []));
  return { faults: all, config: [...config, ...limits, ...needed] };
}

/** Limits that are reached by nobody who does not look for them. */
function furtherLimits(random: Prng): string[] {
  return random.chance(0.15) ? [`zkt.epochTransactionsMax=${random.pick([10, 40, 200])}`] : [];
}

function chosenKinds(random: Prng): string[] {
  const all = BASIC.map(({ name }) => name);
  for (;;) {
    const some = all.filter(() => random.chance(KINDS_ON));
    if (some.length >= KINDS_MIN) return some;
  }
}

/** Limits that make rare things frequent. */
function chosenConfig(random: Prng, snapCounts: readonly number[]): string[] {
  const lines = [`snapCount=${random.pick(snapCounts)}`];
  if (random.chance(0.3)) lines.push('txnLogSizeLimitInKb=1');
  if (random.chance(0.3)) lines.push(`commitLogCount=${random.pick([1, 5, 20])}`);
  if (random.chance(0.2)) lines.push('snapshotSizeFactor=-1');
  return lines;
}
