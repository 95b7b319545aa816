/**
 * Path rules (facts 2.7): non-empty, starts with `/`, no trailing `/` but for the root, no empty component,
 * no `.` or `..` component, no control characters, surrogates, private-use characters or specials.
 */

/** Why a path is refused, in Apache's words; undefined for a good one. */
export function pathFault(path: string): string | undefined {
  if (path.length === 0) return 'Path length must be > 0';
  if (path.charCodeAt(0) !== SLASH) return 'Path must start with / character';
  if (path.length === 1) return undefined;
  if (path.charCodeAt(path.length - 1) === SLASH) return 'Path must not end with / character';
  for (let i = 1, last = SLASH; i < path.length; i++) {
    const c = path.charCodeAt(i);
    const reason = charFault(path, i, c, last);
    if (reason !== undefined) return `Invalid path string "${path}" caused by ${reason}`;
    last = c;
  }
  return undefined;
}

const SLASH = 0x2f;
const DOT = 0x2e;

function charFault(path: string, i: number, c: number, last: number): string | undefined {
  if (c === 0) return `null character not allowed @${i}`;
  if (c === SLASH && last === SLASH) return `empty node name specified @${i}`;
  if (c === DOT) {
    const ends = i + 1 === path.length || path.charCodeAt(i + 1) === SLASH;
    if (!ends) return undefined;
    if (last === SLASH) return `relative paths not allowed @${i}`;
    if (last === DOT && path.charCodeAt(i - 2) === SLASH) return `relative paths not allowed @${i}`;
    return undefined;
  }
  const invalid =
    c <= 0x1f || (c >= 0x7f && c <= 0x9f) || (c >= 0xd800 && c <= 0xf8ff) || (c >= 0xfff0 && c <= 0xffff);
  return invalid ? `invalid character @${i}` : undefined;
}

/** The parent's path: `/` for a child of the root. Only for a path that holds a slash. */
export const parentPath = (path: string): string => {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
};

/** The last component. */
export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The path of a child by name. */
export const childPath = (parent: string, name: string): string =>
  parent === '/' ? `/${name}` : `${parent}/${name}`;

/** True when `path` is `ancestor` or lies below it. */
export const isWithin = (path: string, ancestor: string): boolean =>
  ancestor === '/' ||
  path === ancestor ||
  (path.startsWith(ancestor) && path.charCodeAt(ancestor.length) === SLASH);

/** Nodes every tree holds. */
export const SYSTEM_PATHS = {
  root: '/',
  zookeeper: '/zookeeper',
  quota: '/zookeeper/quota',
  config: '/zookeeper/config',
} as const;
/** The node that holds the limits of a quota, below `/zookeeper/quota<path>`. */
export const QUOTA_LIMITS_NODE = 'zookeeper_limits';
/** The node that holds the usage of a quota. */
export const QUOTA_STATS_NODE = 'zookeeper_stats';
