/**
 * Traces out of events: what several servers and the client say of a request, put into the order of cause on
 * one clock. Pure.
 *
 * The clocks are estimated from all requests at hand together (`clocks.ts`), so that each cause precedes its
 * effect (`causes.ts`). What the client waited for is found backwards, from its answer to the latest cause of
 * each moment: the steps have no gaps, and their sum is the client's latency.
 */
import type { ZktEvent } from '../../events/table.ts';
import {
  CLIENT,
  TRACE_STAGES,
  type Trace,
  type TraceQuorum,
  type TraceStage,
  type TraceStep,
} from '../../events/trace.ts';
import { type Caused, CauseGraph, isStage, partsOf } from './causes.ts';
import { type CausePair, estimateClocks } from './clocks.ts';
import { EventBook } from './event-book.ts';
import { missingOf, untoldBetween } from './expected.ts';
import { Faces } from './faces.ts';
import { serversOf } from './servers.ts';
import { type RequestKey, type Sighting, type Sightings, sightingsOf } from './sightings.ts';

/** A request on the common clock. */
interface Timeline {
  /** In the order of cause. */
  readonly order: readonly Caused[];
  /** ms since 1970 on the common clock. */
  readonly at: ReadonlyMap<Sighting, number>;
  readonly contradictionMs: number;
}

/** One request: see `assembleAll`. */
export function assemble(events: readonly ZktEvent[], about: RequestKey, faces = facesOf(events)): Trace {
  return assembleAll(events, [about], faces)[0] as Trace;
}

/**
 * Traces of the requests asked for, in that order, from events of any servers: each server's in its own
 * order, servers mixed in any. What only `source.*`, `feed.*` and samples tell of servers is in `faces`.
 */
export function assembleAll(
  events: readonly ZktEvent[],
  abouts: readonly RequestKey[],
  faces = facesOf(events),
): Trace[] {
  const book = new EventBook({ requests: events.length + 1, coversEach: events.length + 1 });
  for (const event of events) book.take(event);
  return assembleFrom(book, abouts, faces);
}

/** As `assembleAll`, from events that were kept. */
export function assembleFrom(book: EventBook, abouts: readonly RequestKey[], faces: Faces): Trace[] {
  const stories = abouts.map((key) => {
    const sightings = sightingsOf(book.eventsOf(key), key);
    const leader = faces.all.find(({ role }) => role === 'leader')?.node;
    const server = key.client?.to?.map((at) => faces.nodeAt(at)).find((node) => node !== undefined);
    return { sightings, graph: new CauseGraph(sightings, partsOf(sightings, leader, server)) };
  });
  const pairs = stories.flatMap(({ graph }) => pairsOf(graph));
  const first = stories[0];
  const heard = first?.sightings.key.client !== undefined;
  const reference = heard ? CLIENT : (first?.graph.parts.server ?? first?.graph.parts.leader ?? CLIENT);
  const clocks = estimateClocks(pairs, reference);
  return stories.map(({ sightings, graph }) => traceOf(sightings, graph, clocks, faces));
}

/** What events say of their servers. */
function facesOf(events: readonly ZktEvent[]): Faces {
  const faces = new Faces();
  for (const event of events) faces.take(event);
  return faces;
}

const pairsOf = (graph: CauseGraph): CausePair[] =>
  graph.everything.flatMap(({ seen, causes }) =>
    causes.map((cause) => ({
      causeNode: cause.node,
      causeMs: cause.timeMs,
      effectNode: seen.node,
      effectMs: seen.timeMs,
    })),
  );

function traceOf(
  sightings: Sightings,
  graph: CauseGraph,
  clocks: ReadonlyMap<string, number>,
  faces: Faces,
): Trace {
  const timeline = timelineOf(graph, clocks);
  const startMs = timeline.at.get(timeline.order[0]?.seen as Sighting) ?? 0;
  const path = pathOf(graph, timeline);
  const onPath = new Set(path);
  const since = (seen: Sighting): number => (timeline.at.get(seen) ?? startMs) - startMs;
  const stages = timeline.order.flatMap(({ seen, causes }) => {
    const stage = stageOf(seen, latest(causes, timeline), since, onPath.has(seen));
    return stage === undefined ? [] : [stage];
  });
  const end = path.at(-1);
  const ended = end?.stage === 'answered' || end?.stage === 'replied';
  const { key, op, zxid, err } = sightings;
  const servers = serversOf(sightings, graph.parts, clocks, faces);
  const steps = stepsOf(path, since, sightings, graph);
  return {
    session: key.session,
    cxid: key.cxid,
    op,
    path: sightings.path,
    zxid,
    err,
    startMs,
    totalMs: ended && path.length > 0 ? since(end) - since(path[0] as Sighting) : undefined,
    withClient: key.client !== undefined,
    stages,
    criticalPath: steps,
    quorum: quorumOf(graph, timeline, since),
    slowest: steps.reduce<TraceStep | undefined>(
      (most, it) => (it.ms > (most?.ms ?? 0) ? it : most),
      undefined,
    ),
    servers,
    missing: missingOf(sightings, graph.parts, servers),
    contradictionMs: timeline.contradictionMs,
  };
}

/**
 * Everything on the common clock, and in the order of cause: nothing before what caused it. Where stamps
 * contradict that all the same (a clock was set meanwhile), an effect is moved to its cause.
 */
function timelineOf(graph: CauseGraph, clocks: ReadonlyMap<string, number>): Timeline {
  const at = new Map<Sighting, number>();
  const waiting = new Set(graph.everything);
  const order: Caused[] = [];
  let contradictionMs = 0;
  const placed = (seen: Sighting): number => seen.timeMs + (clocks.get(seen.node) ?? 0);
  while (waiting.size > 0) {
    let next: Caused | undefined;
    for (const each of waiting) {
      if (!each.causes.every((cause) => at.has(cause))) continue;
      if (next === undefined || comesBefore(each.seen, next.seen, placed)) next = each;
    }
    // The rules know no circle.
    if (next === undefined) break;
    waiting.delete(next);
    const time = next.causes.reduce((t, cause) => Math.max(t, at.get(cause) ?? t), placed(next.seen));
    contradictionMs = Math.max(contradictionMs, time - placed(next.seen));
    at.set(next.seen, time);
    order.push(next);
  }
  return { order, at, contradictionMs: contradictionMs > ROUNDING_MS ? contradictionMs : 0 };
}

/** Stamps are floating-point ms since 1970: finer than this they say nothing. */
const ROUNDING_MS = 0.002;

const RANK: ReadonlyMap<string, number> = new Map(TRACE_STAGES.map((stage, i) => [stage, i]));

function comesBefore(a: Sighting, b: Sighting, placed: (seen: Sighting) => number): boolean {
  const apart = placed(a) - placed(b);
  if (apart !== 0) return apart < 0;
  if (a.node === b.node) return a.seq < b.seq;
  return (RANK.get(a.stage) ?? 0) < (RANK.get(b.stage) ?? 0);
}

/** The one of its causes that something waited for; the later one by sequence where stamps are equal. */
function latest(causes: readonly Sighting[], { at }: Timeline): Sighting | undefined {
  let last: Sighting | undefined;
  for (const cause of causes) {
    if (last === undefined) last = cause;
    else {
      const apart = (at.get(cause) ?? 0) - (at.get(last) ?? 0);
      if (apart > 0 || (apart === 0 && cause.node === last.node && cause.seq > last.seq)) last = cause;
    }
  }
  return last;
}

function stageOf(
  seen: Sighting,
  cause: Sighting | undefined,
  since: (seen: Sighting) => number,
  critical: boolean,
): TraceStage | undefined {
  const { stage, node, peer, fsyncMs, bytes } = seen;
  if (!isStage(stage)) return undefined;
  const network = cause !== undefined && cause.node !== node;
  return {
    stage,
    node,
    ...(peer !== undefined && { peer }),
    startMs: cause === undefined ? since(seen) : since(cause),
    endMs: since(seen),
    via: network ? 'network' : 'work',
    ...(fsyncMs !== undefined && { fsyncMs }),
    ...(bytes !== undefined && { bytes }),
    critical,
  };
}

/** From the beginning to the answer, by what each moment waited for. */
function pathOf(graph: CauseGraph, timeline: Timeline): Sighting[] {
  const { server } = graph.parts;
  let at = graph.at('answered', CLIENT) ?? graph.at('replied', server);
  const path: Sighting[] = [];
  while (at !== undefined) {
    if (isStage(at.stage)) path.push(at);
    at = latest(graph.causesOf(at), timeline);
  }
  return path.reverse();
}

function stepsOf(
  path: readonly Sighting[],
  since: (seen: Sighting) => number,
  sightings: Sightings,
  graph: CauseGraph,
): TraceStep[] {
  return path.slice(1).flatMap((seen, i) => {
    const from = path[i];
    const { stage, node, peer, fsyncMs } = seen;
    if (from === undefined || !isStage(from.stage) || !isStage(stage)) return [];
    return [
      {
        stage,
        node,
        ...(peer !== undefined && { peer }),
        from: from.stage,
        fromNode: from.node,
        startMs: since(from),
        ms: since(seen) - since(from),
        via: from.node === node ? ('work' as const) : ('network' as const),
        ...(fsyncMs !== undefined && { fsyncMs }),
        untold: untoldBetween(from, seen, sightings, graph.parts),
      },
    ];
  });
}

function quorumOf(
  graph: CauseGraph,
  timeline: Timeline,
  since: (seen: Sighting) => number,
): TraceQuorum | undefined {
  const committed = graph.at('committed', graph.parts.leader);
  const acks = timeline.order
    .filter(({ seen }) => seen.stage === 'counted')
    .map(({ seen }) => ({ node: seen.peer ?? '', atMs: since(seen) }));
  if (committed === undefined) return undefined;
  const last = latest(graph.causesOf(committed), timeline);
  return { atMs: since(committed), by: last?.stage === 'counted' ? last.peer : undefined, acks };
}
