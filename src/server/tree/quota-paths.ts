import { isWithin, parentPath, SYSTEM_PATHS } from '../../protocol/paths.ts';

/** The paths that have a quota. */
export class QuotaPaths {
  private readonly paths = new Set<string>();

  /** How many paths have one: 0 lets every write skip the search. */
  get size(): number {
    return this.paths.size;
  }

  add(path: string): void {
    this.paths.add(path);
  }

  delete(path: string): void {
    this.paths.delete(path);
  }

  /** The deepest path at or above `path` that has a quota. */
  deepest(path: string): string | undefined {
    if (this.paths.size === 0 || isWithin(path, SYSTEM_PATHS.zookeeper)) return undefined;
    for (let p = path; p !== '/'; p = parentPath(p)) if (this.paths.has(p)) return p;
    return undefined;
  }

  [Symbol.iterator](): IterableIterator<string> {
    return this.paths.values();
  }
}
