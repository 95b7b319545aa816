import type { Acl } from '../../protocol/acl.ts';
import { OPEN_ACL } from '../../protocol/acl.ts';

/**
 * The number of the open ACL (world:anyone may do all); it is never in the cache or in a snapshot (facts 7).
 */
const OPEN_ACL_ID = -1;
/** Stands for a list that is not known (yet): it lets nobody do anything. */
const UNKNOWN: readonly Acl[] = [{ perms: 0, id: { scheme: 'world', id: 'anyone' } }];

/**
 * Every distinct ACL list once, by number; nodes hold the number. A list nobody refers to is dropped, so that
 * a node whose ACL is changed over and over does not fill the memory.
 */
export class AclCache {
  private readonly byId = new Map<number, { key: string; acl: readonly Acl[]; uses: number }>();
  private readonly byKey = new Map<string, number>();
  private nextId = 1;

  /** Lists held. */
  get size(): number {
    return this.byId.size;
  }

  /** The list's number, taken into use once more. */
  hold(acl: readonly Acl[]): number {
    if (isOpen(acl)) return OPEN_ACL_ID;
    const key = keyOf(acl);
    const known = this.byKey.get(key);
    if (known !== undefined) {
      (this.byId.get(known) as { uses: number }).uses++;
      return known;
    }
    const id = this.nextId++;
    this.byId.set(id, { key, acl, uses: 1 });
    this.byKey.set(key, id);
    return id;
  }

  /**
   * Takes a number into use once more. A number without a list is held as unknown: in a fuzzy snapshot a node
   * may refer to an ACL that was made after the cache was written, and the replay of its create brings it
   * (ZOOKEEPER-3306, 4846).
   */
  holdId(id: number): void {
    if (id === OPEN_ACL_ID) return;
    const entry = this.byId.get(id);
    if (entry === undefined) {
      this.byId.set(id, { key: `?${id}`, acl: UNKNOWN, uses: 1 });
      this.nextId = Math.max(this.nextId, id + 1);
    } else entry.uses++;
  }

  /** Numbers in use whose list never came; a tree with such nodes must not be served. */
  unknown(): number[] {
    return [...this.byId].filter(([, e]) => e.acl === UNKNOWN && e.uses > 0).map(([id]) => id);
  }

  /** Gives one use back. */
  release(id: number): void {
    const entry = this.byId.get(id);
    if (entry === undefined || --entry.uses > 0) return;
    this.byId.delete(id);
    if (this.byKey.get(entry.key) === id) this.byKey.delete(entry.key);
  }

  /** The list of a number. */
  get(id: number): readonly Acl[] {
    return id === OPEN_ACL_ID ? OPEN_ACL : (this.byId.get(id)?.acl ?? UNKNOWN);
  }

  /** Puts a list from a snapshot under the number it has there, without a use; see `dropUnused`. */
  restore(id: number, acl: readonly Acl[]): void {
    const key = keyOf(acl);
    this.byId.set(id, { key, acl, uses: 0 });
    this.byKey.set(key, id);
    this.nextId = Math.max(this.nextId, id + 1);
  }

  /** After a load: forgets the lists no node refers to. */
  dropUnused(): void {
    for (const [id, entry] of this.byId) {
      if (entry.uses > 0) continue;
      this.byId.delete(id);
      if (this.byKey.get(entry.key) === id) this.byKey.delete(entry.key);
    }
  }

  /** Numbers and lists, for a snapshot. */
  *entries(): IterableIterator<[id: number, acl: readonly Acl[]]> {
    for (const [id, { acl }] of this.byId) yield [id, acl];
  }
}

const isOpen = (acl: readonly Acl[]): boolean => {
  const only = acl[0];
  return acl.length === 1 && only?.perms === 31 && only.id.scheme === 'world' && only.id.id === 'anyone';
};

/** Lists are equal if and only if their keys are: lengths keep `a:b` + `c` apart from `a` + `b:c`. */
const keyOf = (acl: readonly Acl[]): string =>
  acl.map(({ perms, id }) => `${perms}:${id.scheme.length}:${id.scheme}:${id.id.length}:${id.id}`).join('|');
