/** Which servers there are, as far as events tell: the faces that every pane is drawn with. */
import { isWildcard } from '../base/host-port.ts';
import type { EventName, ZktEvent } from '../events/table.ts';
import type { ServerFace } from './pane.ts';

/** Servers that are told apart; one more, and the one known for longest is forgotten. */
const SERVERS_MAX = 64;

/** What faces are made of. */
export const FACE_NAMES: readonly EventName[] = [
  'server.sampled',
  'server.starting',
  'server.serving',
  'server.stopping',
  'server.stopped',
  'server.failed',
  'peer.state',
  'peer.role-ended',
  'election.decided',
  'source.connected',
  'source.lost',
  'source.refused',
];

const MODES: Readonly<Record<string, string>> = {
  LOOKING: 'looking',
  LEADING: 'leader',
  FOLLOWING: 'follower',
  OBSERVING: 'observer',
};

type Mutable = { -readonly [K in keyof ServerFace]: ServerFace[K] };

/** Takes events in; answers the faces. Bounded by `SERVERS_MAX`. */
export class Faces {
  /** By node, in the order they were heard of first. */
  private readonly byNode = new Map<string, Mutable>();
  private sorted: readonly ServerFace[] | undefined;
  /** Servers forgotten because there were too many. */
  forgotten = 0;

  /** All servers heard of, by id, those without an id behind them by address. Immutable. */
  get list(): readonly ServerFace[] {
    this.sorted ??= [...this.byNode.values()].map((face) => ({ ...face })).sort(bySid);
    return this.sorted;
  }

  /** Takes an event of `FACE_NAMES`. */
  take(event: ZktEvent): void {
    const face = this.of(event.node);
    const before = { ...face };
    change(face, event);
    if (event.name === 'server.sampled') this.dropAlias(face);
    if (KEYS.some((key) => before[key] !== face[key])) this.sorted = undefined;
  }

  private of(node: string): Mutable {
    let face = this.byNode.get(node);
    if (face === undefined) {
      const sid = /^\d{1,9}$/.test(node) ? Number(node) : -1;
      face = { node, sid, mode: '', address: sid < 0 ? node : '', kind: '', up: true };
      this.byNode.set(node, face);
      this.sorted = undefined;
      for (const [oldest] of this.byNode) {
        if (this.byNode.size <= SERVERS_MAX) break;
        this.byNode.delete(oldest);
        this.forgotten++;
      }
    }
    return face;
  }

  /** A server that was known by its address only, until it told its id. */
  private dropAlias(face: ServerFace): void {
    if (face.address === face.node || face.address === '') return;
    if (this.byNode.delete(face.address)) this.sorted = undefined;
  }
}

const KEYS = ['sid', 'mode', 'address', 'kind', 'up'] as const;

function change(face: Mutable, event: ZktEvent): void {
  switch (event.name) {
    case 'server.sampled': {
      const { sid, mode, address, kind } = event.fields;
      if (sid >= 0n) face.sid = Number(sid);
      if (mode !== '') face.mode = mode;
      if (address !== '') face.address = address;
      if (kind !== '') face.kind = kind;
      face.up = true;
      break;
    }
    case 'server.serving': {
      const { host, port } = event.fields;
      const wildcard = isWildcard(host) || host === '';
      if (face.address === '' && !wildcard) face.address = `${host}:${port}`;
      face.up = true;
      break;
    }
    case 'peer.state':
      face.mode = MODES[event.fields.state] ?? face.mode;
      face.up = true;
      break;
    case 'election.decided':
      face.mode = MODES[event.fields.state] ?? face.mode;
      break;
    case 'peer.role-ended':
      face.mode = 'looking';
      break;
    case 'source.connected': {
      const { address, kind } = event.fields;
      if (address !== '') face.address = address;
      if (kind !== '') face.kind = kind;
      face.up = true;
      break;
    }
    case 'source.lost':
    case 'server.stopped':
    case 'server.failed':
      face.up = false;
      face.mode = '';
      break;
    case 'server.starting':
    case 'source.refused':
      face.up = true;
      break;
    default:
  }
}

function bySid(a: ServerFace, b: ServerFace): number {
  if (a.sid !== b.sid)
    return (a.sid < 0 ? Number.MAX_SAFE_INTEGER : a.sid) - (b.sid < 0 ? Number.MAX_SAFE_INTEGER : b.sid);
  return a.node < b.node ? -1 : a.node > b.node ? 1 : 0;
}

/** A server as people are told of it: `server 2`, or its address. */
export const faceName = ({ sid, node }: Pick<ServerFace, 'sid' | 'node'>): string =>
  sid >= 0 ? `server ${sid}` : node;
