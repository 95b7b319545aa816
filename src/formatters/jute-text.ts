/**
 * Records as jute's `toString` writes them: fields joined by commas, `'` before strings, `s{}` and `v{}`
 * around.
 */
import type { Acl } from '../protocol/acl.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '%00',
  '\n': '%0A',
  '\r': '%0D',
  ',': '%2C',
  '}': '%7D',
  '%': '%25',
};

/** A string: `'` and the text with separators escaped. */
export const juteString = (text: string): string =>
  `'${/[\0\n\r,}%]/.test(text) ? text.replace(/[\0\n\r,}%]/g, (c) => ESCAPES[c] as string) : text}`;

/** An ACL's fields: `31,s{'world,'anyone}`. */
export const juteAcl = ({ perms, id }: Acl): string =>
  `${perms},s{${juteString(id.scheme)},${juteString(id.id)}}`;

/** A vector of elements that are text already; null is empty. */
export const juteVector = (elements: readonly string[] | null): string => `v{${(elements ?? []).join(',')}}`;

/** A Java list of ACLs: each record ends with a line break, as a record's `toString` does. */
export const javaAclList = (list: readonly Acl[] | null): string =>
  list === null ? 'null' : `[${list.map((acl) => `${juteAcl(acl)}\n`).join(', ')}]`;
