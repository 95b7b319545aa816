import { type ExtendedTypes, ownerKind } from '../../protocol/create-mode.ts';

/** The nodes that do not last by themselves: ephemerals by session, containers, nodes with a time to live. */
export class OwnedNodes {
  readonly ephemerals = new Map<bigint, Set<string>>();
  readonly containers = new Set<string>();
  readonly ttls = new Set<string>();
  private readonly extended: ExtendedTypes;
  private ephemeralNodes = 0;

  constructor(extended: ExtendedTypes) {
    this.extended = extended;
  }

  /** Ephemeral nodes held. */
  get ephemeralCount(): number {
    return this.ephemeralNodes;
  }

  /** Ephemeral nodes of a session. */
  countOf(session: bigint): number {
    return this.ephemerals.get(session)?.size ?? 0;
  }

  /** Paths of a session's ephemerals, oldest first. */
  ephemeralsOf(session: bigint): string[] {
    return [...(this.ephemerals.get(session) ?? [])];
  }

  /** A node with that stored owner (not 0) appeared. */
  add(path: string, owner: bigint): void {
    const kind = ownerKind(owner, this.extended);
    if (kind === 'container') this.containers.add(path);
    else if (kind === 'ttl') this.ttls.add(path);
    else {
      const paths = this.ephemerals.get(owner);
      if (paths?.has(path) === true) return;
      this.ephemeralNodes++;
      if (paths === undefined) this.ephemerals.set(owner, new Set([path]));
      else paths.add(path);
    }
  }

  /** It is gone. */
  delete(path: string, owner: bigint): void {
    const kind = ownerKind(owner, this.extended);
    if (kind === 'container') this.containers.delete(path);
    else if (kind === 'ttl') this.ttls.delete(path);
    else {
      const paths = this.ephemerals.get(owner);
      if (paths?.delete(path) === true) this.ephemeralNodes--;
      if (paths?.size === 0) this.ephemerals.delete(owner);
    }
  }
}
