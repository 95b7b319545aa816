/** Which stages a request goes through, and so which of them nobody told of. */
import type { Trace, TraceServer, TraceStageName } from '../../events/trace.ts';
import { TRACE_STAGES } from '../../events/trace.ts';
import { OPERATIONS } from '../../protocol/operations.ts';
import type { Parts } from './causes.ts';
import { type Sighting, type Sightings, sightingKey } from './sightings.ts';

/** What a request is to an ensemble. */
type RequestClass = 'write' | 'sync' | 'read';

const CLASSES: ReadonlyMap<string, string> = new Map(
  Object.values(OPERATIONS).map((op) => [op.name, op.class]),
);

/** By its operation; what got a zxid is a write, whatever it is called. */
function classOf({ op, zxid }: Pick<Sightings, 'op' | 'zxid'>): RequestClass {
  if (zxid !== undefined) return 'write';
  const known = CLASSES.get(op);
  if (known === 'sync') return 'sync';
  return known === 'write' || known === 'internal' ? 'write' : 'read';
}

/** A request refused before it became a transaction ends where it was refused. */
const endedEarly = ({ zxid, err }: Sightings): boolean =>
  zxid === undefined && err !== undefined && err !== 0;

/** Stages that the client's answer waits for, in order. `quorumBy` is whose ACK was the last needed. */
function chainOf(sightings: Sightings, { server, leader }: Parts, throughPeer: boolean): TraceStageName[] {
  const kind = classOf(sightings);
  if (kind === 'read' || endedEarly(sightings)) return ['sent', 'received', 'replied', 'answered'];
  const away = server !== leader;
  const chain: TraceStageName[] = ['sent', 'received'];
  if (away) chain.push('forwarded', 'arrived');
  if (kind === 'write') {
    chain.push('prepared', 'proposed');
    if (throughPeer) chain.push('offered', 'logged', 'acked');
    else chain.push('logged');
    chain.push('counted', 'committed');
    if (away) chain.push('told');
    chain.push('applied');
  }
  chain.push('replied', 'answered');
  return chain;
}

const rankOf = (stage: string): number => (TRACE_STAGES as readonly string[]).indexOf(stage);

/** Stages between two moments of the client's way that must have been, and were not told. */
export function untoldBetween(
  from: Sighting,
  to: Sighting,
  sightings: Sightings,
  parts: Parts,
): TraceStageName[] {
  if (isStandalone(sightings)) return [];
  const byPeer = to.stage === 'counted' && to.peer !== to.node;
  const throughPeer = byPeer || from.stage === 'offered' || to.stage === 'offered';
  const between = chainOf(sightings, parts, throughPeer).filter(
    (stage) => rankOf(stage) > rankOf(from.stage) && rankOf(stage) < rankOf(to.stage),
  );
  // From a server's own log nothing is missing to what follows it, whoever made the quorum.
  if (to.stage === 'applied' && from.node === to.node) return [];
  // A leader counts its own disk without a packet.
  if (to.stage === 'counted' && to.peer === to.node) return [];
  return between;
}

const isStandalone = ({ all }: Sightings): boolean => {
  let prepared = false;
  for (const { stage } of all.values()) {
    if (stage === 'prepared') prepared = true;
    if (stage === 'proposed' || stage === 'counted' || stage === 'committed' || stage === 'arrived')
      return false;
  }
  return prepared;
};

/**
 * Stages that servers which tell of requests should have told by the end. Servers that are not in step
 * (nothing of this transaction was sent to them) are not waited for.
 */
export function missingOf(
  sightings: Sightings,
  parts: Parts,
  servers: readonly TraceServer[],
): Trace['missing'] {
  const missing: { node: string; stage: TraceStageName }[] = [];
  for (const server of servers) {
    if (server.kind === 'apache' || server.silent !== undefined) continue;
    const wanted = wantedOf(server, sightings, parts);
    for (const stage of wanted) {
      if (!sightings.all.has(sightingKey(stage, server.node))) missing.push({ node: server.node, stage });
    }
  }
  return missing;
}

/** What one server has to tell of a request. */
function wantedOf({ node, role }: TraceServer, sightings: Sightings, parts: Parts): TraceStageName[] {
  const kind = classOf(sightings);
  const asked = node === parts.server;
  const early = kind === 'read' || endedEarly(sightings);
  const wanted: TraceStageName[] = asked ? ['received'] : [];
  const ends: TraceStageName[] = asked ? ['replied'] : [];
  if (early) return [...wanted, ...ends];
  if (role === 'leader' || role === 'standalone') {
    if (role === 'leader' && !asked) wanted.push('arrived');
    if (kind === 'write') {
      wanted.push('prepared', ...(role === 'leader' ? (['proposed'] as const) : []), 'logged');
      if (role === 'leader') wanted.push('committed');
      wanted.push('applied');
    }
    return [...wanted, ...ends];
  }
  if (asked) wanted.push('forwarded');
  if (kind === 'write') {
    if (role === 'follower') wanted.push('offered', 'logged', 'acked', 'told', 'applied');
    // The word that it is committed is the same packet.
    else if (role === 'observer') wanted.push('offered', 'logged', 'applied');
  }
  return [...wanted, ...ends];
}
