/** Kinds of configuration values: how a text is read, and what is said when it is none. */

/** One kind of value, with the value it has when nothing is configured. */
export interface ValueKind<T> {
  /** Ends the sentence "expected …". */
  readonly expected: string;
  readonly fallback: T;
  /** The value, or undefined for a text that is none. */
  readonly parse: (text: string) => T | undefined;
}

const INT_MAX = 0x7fffffff;

/** A whole number in `[min, max]`; by default what a Java int holds from 0 on. */
export const whole = (fallback: number, min = 0, max = INT_MAX): ValueKind<number> => ({
  fallback,
  expected: max >= INT_MAX ? `a whole number from ${min} on` : `a whole number from ${min} to ${max}`,
  parse: (text) => {
    if (!/^[+-]?\d{1,16}$/.test(text)) return undefined;
    const value = Number(text);
    return value >= min && value <= max ? value : undefined;
  },
});

/** As `whole`, and -1 for "not set". */
export const wholeOrUnset = (max = INT_MAX): ValueKind<number> => ({
  ...whole(-1, -1, max),
  expected: 'a whole number, or -1 for the default',
});

/** A number with a fraction. */
export const fraction = (fallback: number): ValueKind<number> => ({
  fallback,
  expected: 'a number',
  parse: (text) => (/^[+-]?(\d{1,15}(\.\d{0,15})?|\.\d{1,15})$/.test(text) ? Number(text) : undefined),
});

/** `true` or `false`, in any case. */
export const flag = (fallback: boolean): ValueKind<boolean> => ({
  fallback,
  expected: 'true or false',
  parse: (text) => ({ true: true, false: false })[text.toLowerCase()],
});

/** `yes` or `no`: the two old properties that are spelled so. */
export const yesNo = (fallback: boolean): ValueKind<boolean> => ({
  fallback,
  expected: 'yes or no',
  parse: (text) => ({ yes: true, no: false })[text.toLowerCase()],
});

/** Any text; `''` when not given. */
export const text: ValueKind<string> = { fallback: '', expected: 'a text', parse: (t) => t };

/** Any text, with a default. */
export const textOr = (fallback: string): ValueKind<string> => ({ ...text, fallback });

/** A hash by Java's name. */
export const hash: ValueKind<string> = {
  fallback: 'SHA1',
  expected: 'a hash, such as SHA1, SHA-256 or SHA3-256',
  parse: (t) =>
    /^(MD5|SHA-?1|SHA-?(224|256|384|512)|SHA-?512\/(224|256)|SHA3-(224|256|384|512))$/i.test(t)
      ? t
      : undefined,
};

/** A path that can be one: not empty, no NUL. */
export const path: ValueKind<string> = {
  fallback: '',
  expected: 'a path',
  parse: (t) => (t !== '' && !t.includes('\0') ? t : undefined),
};

/** One of the words, in any case; the value is spelled as in `words`. */
export const oneOf = <const W extends string>(fallback: W, words: readonly W[]): ValueKind<W> => ({
  fallback,
  expected: words.map((w) => (w === '' ? 'nothing' : w)).join(', '),
  parse: (t) => words.find((w) => w.toLowerCase() === t.toLowerCase()),
});

/** A TCP port. */
export const port = (fallback: number): ValueKind<number> => whole(fallback, 0, 65_535);

/** A host name or address, brackets around IPv6 allowed; `''` when not given. */
export const host: ValueKind<string> = {
  fallback: '',
  expected: 'a host name or an address',
  parse: (t) => {
    const bare = t.startsWith('[') && t.endsWith(']') ? t.slice(1, -1) : t;
    return /^[0-9A-Za-z._:%-]{1,255}$/.test(bare) ? bare : undefined;
  },
};

/** A path of an HTTP server, without a slash at its end. */
export const urlPath = (fallback: string): ValueKind<string> => ({
  fallback,
  expected: `a path such as ${fallback}`,
  parse: (t) => (/^(\/[0-9A-Za-z._~-]{1,64}){1,8}$/.test(t) ? t : undefined),
});

/** A token, as a header of HTTP can hold it: long enough not to be guessed. */
export const token: ValueKind<string> = {
  fallback: '',
  expected: '16 to 512 letters, digits and signs without blanks',
  parse: (t) => (/^[\x21-\x7e]{16,512}$/.test(t) ? t : undefined),
};
