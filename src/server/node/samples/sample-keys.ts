/** What paths and clients are called in samples, where each is one of many. */

/** Longer keys are cut: a path may be a megabyte. */
const KEY_CHARS_MAX = 512;

/** A key as it is told. */
export const cutKey = (key: string): string =>
  key.length <= KEY_CHARS_MAX ? key : `${key.slice(0, KEY_CHARS_MAX)}…`;

/** `address`, or `name@address` of a client that says what it is called. */
export const clientKey = (clientName: string, address: string): string =>
  clientName === '' ? address : `${clientName}@${address}`;
