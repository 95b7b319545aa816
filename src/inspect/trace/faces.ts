/** What a stream of events says of the servers it comes from: which kind they are, and which do not tell. */

import type { ZktEvent } from '../../events/table.ts';
import type { TraceServer } from '../../events/trace.ts';

/** A server as it presents itself. */
export interface Face {
  readonly node: string;
  role: TraceServer['role'];
  kind: TraceServer['kind'];
  /** True once its own events come. */
  tells: boolean;
  /** Why it does not tell, or no longer. */
  why: string | undefined;
  /** What it cannot tell, whatever happens. */
  limited: string | undefined;
  /** Where its clients connect, if that was told. */
  address: string;
}

const ROLES: Readonly<Record<string, TraceServer['role']>> = {
  leader: 'leader',
  follower: 'follower',
  observer: 'observer',
  standalone: 'standalone',
};

/** Servers of an ensemble by node; grows with the ensemble, and with nothing else. */
export class Faces {
  private readonly byNode = new Map<string, Face>();

  /** All of them, in the order they were met. */
  get all(): readonly Face[] {
    return [...this.byNode.values()];
  }

  /** The server of that name. */
  get(node: string): Face | undefined {
    return this.byNode.get(node);
  }

  /** What a server says of its role when it is asked. */
  setRole(node: string, mode: string): void {
    const face = this.of(node);
    face.role = ROLES[mode] ?? face.role;
  }

  /** The node whose clients connect to that address. */
  nodeAt(address: string | undefined): string | undefined {
    return this.all.find((face) => face.address !== '' && face.address === address)?.node;
  }

  /** Takes any event; most say nothing of servers. */
  take(event: ZktEvent): void {
    const { name, node, fields } = event;
    switch (name) {
      case 'source.connected': {
        const face = this.of(node);
        face.kind = fields.kind === 'apache' ? 'apache' : 'zkt';
        face.address = fields.address;
        face.why = undefined;
        return;
      }
      case 'source.limited': {
        const face = this.of(node);
        face.address ||= fields.address;
        face.limited ??= fields.what;
        return;
      }
      case 'source.lost':
      case 'source.refused': {
        const face = this.of(node);
        face.why = fields.why;
        face.tells = false;
        face.address ||= fields.address;
        return;
      }
      case 'feed.began': {
        const face = this.of(node);
        face.kind = 'zkt';
        face.tells = true;
        face.why = undefined;
        return;
      }
      case 'server.sampled': {
        const face = this.of(node);
        face.role = ROLES[fields.mode] ?? face.role;
        face.address ||= fields.address;
        if (fields.kind === 'zkt' || fields.kind === 'apache') face.kind = fields.kind;
        return;
      }
      case 'peer.state':
        if (fields.state === 'LEADING') this.of(node).role = 'leader';
        else if (fields.state === 'FOLLOWING') this.of(node).role = 'follower';
        else if (fields.state === 'OBSERVING') this.of(node).role = 'observer';
        return;
      default:
        return;
    }
  }

  private of(node: string): Face {
    const found = this.byNode.get(node);
    if (found !== undefined) return found;
    const face: Face = {
      node,
      role: '',
      kind: '',
      tells: false,
      why: undefined,
      limited: undefined,
      address: '',
    };
    this.byNode.set(node, face);
    return face;
  }
}
