/** The servers of a trace: their roles, as far as the request shows them, and which do not tell. */
import { CLIENT, type TraceServer } from '../../events/trace.ts';
import type { Parts } from './causes.ts';
import type { Face, Faces } from './faces.ts';
import type { Sightings } from './sightings.ts';

/** In the order of their ids. */
export function serversOf(
  sightings: Sightings,
  parts: Parts,
  clocks: ReadonlyMap<string, number>,
  faces: Faces,
): TraceServer[] {
  const nodes = new Set(faces.all.map(({ node }) => node));
  const told = new Set<string>();
  for (const { node, peer } of sightings.all.values()) {
    nodes.add(node);
    told.add(node);
    if (peer !== undefined) nodes.add(peer);
  }
  nodes.delete(CLIENT);
  return [...nodes].sort(byId).map((node) => {
    const face = faces.get(node);
    const role = roleOf(node, sightings, parts, face);
    const silent = told.has(node) ? undefined : silenceOf(face);
    return {
      node,
      role,
      kind: told.has(node) ? 'zkt' : (face?.kind ?? ''),
      ...(silent !== undefined && { silent }),
      correctedMs: clocks.get(node) ?? 0,
    };
  });
}

const byId = (a: string, b: string): number => {
  const [x, y] = [Number(a), Number(b)];
  return Number.isNaN(x) || Number.isNaN(y) ? (a < b ? -1 : 1) : x - y;
};

function roleOf(
  node: string,
  { all, observers }: Sightings,
  { leader }: Parts,
  face: Face | undefined,
): TraceServer['role'] {
  if (observers.has(node)) return 'observer';
  let alone = true;
  let follows = false;
  for (const seen of all.values()) {
    if (seen.stage === 'proposed' || seen.stage === 'counted' || seen.stage === 'arrived') alone = false;
    if (seen.node === node && (seen.stage === 'acked' || seen.stage === 'offered')) follows = true;
    if (seen.peer === node && (seen.stage === 'counted' || seen.stage === 'offer-sent')) follows = true;
  }
  if (node === leader && !alone) return 'leader';
  if (node === leader && face === undefined) return 'standalone';
  if (follows && face?.role !== 'observer') return 'follower';
  return face?.role ?? '';
}

/** Why a server that told nothing of this request did not; undefined where it had nothing to tell. */
function silenceOf(face: Face | undefined): string | undefined {
  if (face === undefined) return 'its events are not heard';
  if (face.kind === 'apache') return 'tells nothing of requests';
  if (face.tells) return undefined;
  return face.why ?? face.limited ?? 'its events are not heard';
}
