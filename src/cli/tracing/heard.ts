/** Waits until every server of an ensemble tells its events, or is known not to; and asks for their roles. */
import { parseServerList } from '../../client/connect-string.ts';
import { askWho } from '../../inspect/ensemble/server-answer.ts';
import type { ObserverPorts } from '../../inspect/observe/observe-ensemble.ts';
import type { Face, Faces } from '../../inspect/trace/faces.ts';

/** Streams of events that have not begun by then are not waited for. */
const BEGIN_MS_MAX = 3_000;
const POLL_MS = 10;
/** Nothing more is expected when no server was heard of for so long, where nobody tells who there is. */
const QUIET_MS = 400;
const ROLE_MS_MAX = 1_000;

/** See the head of the file. `members` are the ids of the servers there are; none where that is not known. */
export async function allHeard(
  ports: ObserverPorts,
  faces: Faces,
  members: readonly string[],
): Promise<void> {
  const { clock, timers } = ports;
  const started = clock.monotonicMs();
  let known = 0;
  let knownMs = started;
  for (;;) {
    const now = clock.monotonicMs();
    const { all } = faces;
    if (all.length !== known) {
      known = all.length;
      knownMs = now;
    }
    const wanted = members.length > 0 ? members.map((id) => faces.get(id)) : all;
    const settled = wanted.length > 0 && wanted.every(isSettled);
    if (settled && (members.length > 0 || now - knownMs >= QUIET_MS)) break;
    if (now - started >= BEGIN_MS_MAX) break;
    await new Promise<void>((resolve) => void timers.after(POLL_MS, resolve));
  }
  await Promise.all(faces.all.map((face) => askRole(ports, faces, face)));
}

const isSettled = (face: Face | undefined): boolean =>
  face !== undefined &&
  (face.tells || face.kind === 'apache' || face.why !== undefined || face.limited !== undefined);

/** Requests show the roles of those that take part; of the others, only they themselves can say. */
async function askRole(ports: ObserverPorts, faces: Faces, { node, address, role }: Face): Promise<void> {
  if (role !== '' || address === '') return;
  const [at] = parseServerList(address).servers;
  if (at === undefined) return;
  const { srvr } = await askWho(ports, at, ROLE_MS_MAX);
  if (srvr !== undefined) faces.setRole(node, srvr.mode);
}
