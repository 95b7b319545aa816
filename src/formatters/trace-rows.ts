/**
 * A trace as rows to draw: stages of one server that belong together are one row, with the way of the packet
 * before it and after it. Pure; what it looks like is in `trace-text.ts`.
 */
import { CLIENT, type Trace, type TraceStage, type TraceStageName } from '../events/trace.ts';

/** One row. Times are ms since the request began; a way or work of no length is left out. */
export interface TraceRow {
  readonly node: string;
  readonly label: string;
  /** A packet on its way to this server. */
  readonly inMs: readonly [from: number, to: number] | undefined;
  readonly workMs: readonly [from: number, to: number];
  /** A packet on its way from this server. */
  readonly outMs: readonly [from: number, to: number] | undefined;
  readonly fsyncMs: number | undefined;
  /** The ACK that made the quorum was this server's. */
  readonly quorum: boolean;
  readonly critical: boolean;
  /** The stages in it. */
  readonly stages: readonly TraceStageName[];
}

/** Stages that are the beginning of another's row, on the same server. */
const ARRIVALS: Readonly<Partial<Record<TraceStageName, readonly TraceStageName[]>>> = {
  prepared: ['arrived'],
  logged: ['offered'],
  applied: ['told'],
};

const LABELS: Readonly<Record<TraceStageName, string>> = {
  sent: 'sent',
  received: 'received',
  forwarded: 'forwarded',
  arrived: 'arrived',
  prepared: 'prepared',
  proposed: 'proposed',
  offered: 'proposal came',
  logged: 'logged',
  acked: 'acked',
  counted: 'ACK came',
  committed: 'committed',
  told: 'commit came',
  applied: 'applied',
  replied: 'replied',
  answered: 'answered',
};

/** The rows of a trace, in the order of cause. */
export function traceRows(trace: Trace): TraceRow[] {
  const rows: TraceRow[] = [];
  const taken = new Set<TraceStage>();
  const find = (stage: TraceStageName, node: string, peer?: string): TraceStage | undefined =>
    trace.stages.find(
      (it) => it.stage === stage && it.node === node && (peer === undefined || it.peer === peer),
    );
  const parts = (main: TraceStage): Parts => partsOf(main, trace, find);
  for (const main of trace.stages) {
    if (isPartOfAnother(main, find, trace)) continue;
    const row = parts(main);
    for (const stage of row.all) taken.add(stage);
    rows.push(rowOf(main, row, trace));
  }
  return rows;
}

type Find = (stage: TraceStageName, node: string, peer?: string) => TraceStage | undefined;

interface Parts {
  readonly before: TraceStage | undefined;
  readonly acked: TraceStage | undefined;
  readonly after: TraceStage | undefined;
  readonly all: readonly TraceStage[];
}

function partsOf(main: TraceStage, trace: Trace, find: Find): Parts {
  const { node, stage } = main;
  const arrivals = ARRIVALS[stage] ?? [];
  const before = arrivals.map((name) => find(name, node)).find((it) => it !== undefined);
  const acked = stage === 'logged' ? find('acked', node) : undefined;
  const after =
    stage === 'replied'
      ? find('answered', CLIENT)
      : stage === 'logged'
        ? trace.stages.find((it) => it.stage === 'counted' && it.peer === node && it.node !== node)
        : undefined;
  return { before, acked, after, all: [main, before, acked, after].filter((it) => it !== undefined) };
}

/** Shown with the row of another stage. */
function isPartOfAnother(it: TraceStage, find: Find, trace: Trace): boolean {
  const { stage, node, peer } = it;
  switch (stage) {
    case 'sent':
      return find('received', trace.stages.find((s) => s.stage === 'received')?.node ?? '') !== undefined;
    case 'arrived':
      return find('prepared', node) !== undefined;
    case 'offered':
      return find('logged', node) !== undefined;
    case 'acked':
      return find('logged', node) !== undefined;
    case 'counted':
      return peer === node || (peer !== undefined && find('logged', peer) !== undefined);
    case 'told':
      return find('applied', node) !== undefined;
    case 'answered':
      return trace.stages.some((s) => s.stage === 'replied');
    default:
      return false;
  }
}

function rowOf(main: TraceStage, { before, acked, after, all }: Parts, trace: Trace): TraceRow {
  const { node, stage, startMs, endMs, via, fsyncMs } = main;
  // An ACK of a server that tells nothing: all of it is a way, to there and back.
  const own = via === 'work' && stage !== 'counted';
  // What it waited for may have come later than the packet: the later of both begins the work.
  const workFrom = own ? Math.max(startMs, before?.endMs ?? startMs) : endMs;
  const workTo = acked === undefined ? endMs : Math.max(endMs, acked.endMs);
  const way = before?.via === 'network' ? before : own ? undefined : main;
  const counted = stage === 'counted' ? main.peer : undefined;
  const voter = counted ?? node;
  const hasAck = stage === 'counted' || after?.stage === 'counted' || stage === 'logged';
  return {
    node: counted ?? node,
    label:
      acked !== undefined || (stage === 'logged' && after !== undefined) ? 'logged, acked' : LABELS[stage],
    inMs: way === undefined ? undefined : [way.startMs, way.endMs],
    workMs: [workFrom, workTo],
    outMs: after === undefined ? undefined : [workTo, after.endMs],
    fsyncMs,
    quorum: hasAck && trace.quorum?.by === voter,
    critical: all.some(({ critical }) => critical),
    stages: all.map((it) => it.stage),
  };
}
