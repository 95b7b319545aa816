/** What `wchs` and `wchp` tell of watches (facts 11.1). Pure; what is in them is foreign and bounded here. */
import { parse64 } from '../../base/brands.ts';

/** Longer paths are cut, as servers of zkt cut them in samples. */
const PATH_CHARS_MAX = 512;
const LINES_MAX = 500_000;

/** Watches by path and by session. */
export interface WatchTable {
  readonly paths: ReadonlyMap<string, number>;
  readonly sessions: ReadonlyMap<bigint, number>;
}

/** How many watches there are in all, by `wchs`; undefined where it does not tell. */
export function totalWatches(text: string): number | undefined {
  const total = /^Total watches:(\d{1,12})$/m.exec(text)?.[1];
  return total === undefined ? undefined : Number(total);
}

/** The text of `wchp`: a path, then the sessions that watch it, a tab before each. */
export function parseWchp(text: string): WatchTable {
  const paths = new Map<string, number>();
  const sessions = new Map<bigint, number>();
  let path: string | undefined;
  let lines = 0;
  for (const line of text.split('\n')) {
    if (++lines > LINES_MAX) break;
    const id = line.startsWith('\t0x') ? parse64(line.slice(1)) : undefined;
    if (id !== undefined && path !== undefined) {
      paths.set(path, (paths.get(path) ?? 0) + 1);
      sessions.set(id, (sessions.get(id) ?? 0) + 1);
    } else if (line.startsWith('/')) {
      path = line.length <= PATH_CHARS_MAX ? line : `${line.slice(0, PATH_CHARS_MAX)}…`;
    }
  }
  return { paths, sessions };
}

/** The most, first; at most `most` of them. */
export const topOf = <K>(counts: ReadonlyMap<K, number>, most: number): [K, number][] =>
  [...counts].sort(([, a], [, b]) => b - a).slice(0, most);
