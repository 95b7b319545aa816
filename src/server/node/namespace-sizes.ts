/**
 * Sizes by namespace: `a` of `/a/b`. Asked for with every request, and requests that follow each other are
 * mostly of one namespace: the last one is recognised without cutting a string or looking it up.
 */
import { Summary } from '../../base/summary.ts';
import { cutNamespace } from '../admin/reports.ts';

/** More namespaces than this are not told apart. */
export const NAMESPACES_MAX = 200;
const SLASH = 47;

/** See the head of the file. */
export class NamespaceSizes {
  readonly byName = new Map<string, Summary>();
  /** `/a`, and its summary. */
  private last = '/';
  private lastSummary: Summary | undefined;

  /** The summary of the namespace that a path is in; undefined for the root, and for one too many. */
  of(path: string): Summary | undefined {
    const { last } = this;
    const { length } = last;
    if (path.startsWith(last) && (path.length === length || path.charCodeAt(length) === SLASH))
      return this.lastSummary;
    return this.find(path);
  }

  private find(path: string): Summary | undefined {
    const name = namespaceOf(path);
    if (name === undefined) return undefined;
    const key = cutNamespace(name);
    let summary = this.byName.get(key);
    if (summary === undefined) {
      if (this.byName.size >= NAMESPACES_MAX) return undefined;
      summary = new Summary();
      // A copy: a part of a path would keep all of it in memory.
      this.byName.set(Buffer.from(key).toString(), summary);
    }
    this.last = `/${name}`;
    this.lastSummary = summary;
    return summary;
  }
}

/** `a` of `/a/b`; undefined for the root. */
export function namespaceOf(path: string): string | undefined {
  if (path.length < 2) return undefined;
  const end = path.indexOf('/', 1);
  return end < 0 ? path.slice(1) : path.slice(1, end);
}
