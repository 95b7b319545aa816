/** Values inside JSON: bytes in the form asked for, 64-bit numbers as hex, times in ISO-8601. */
import { hex0x } from '../base/brands.ts';
import { type Acl, permsText } from '../protocol/acl.ts';

/** How bytes are written in JSON. */
export const VALUE_FORMS = ['text', 'hex', 'base64'] as const;
/** How bytes are written in JSON. */
export type ValueForm = (typeof VALUE_FORMS)[number];

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A value: null, or a string in the form asked for. `text` falls back to an object `{base64}` where the bytes
 * are not UTF-8, so that nothing is lost.
 */
export function valueJson(data: Buffer | null, form: ValueForm): string | null | { readonly base64: string } {
  if (data === null) return null;
  if (form !== 'text') return data.toString(form);
  try {
    return decoder.decode(data);
  } catch {
    return { base64: data.toString('base64') };
  }
}

/** A zxid, session id or owner. */
export const idJson = (v: bigint): string => hex0x(v);

/** A time in ISO-8601 UTC; the number as text where it is no time. */
export const timeJson = (ms: bigint): string => {
  const date = new Date(Number(ms));
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
};

/** An ACL list: `[{perms: "cdrwa", scheme, id}]`. */
export const aclJson = (acl: readonly Acl[] | null): unknown =>
  acl === null
    ? null
    : acl.map(({ perms, id }) => ({ perms: permsText(perms), scheme: id.scheme, id: id.id }));
