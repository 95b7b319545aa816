/** What the environment says of the language and the signs of a terminal. */

/** Whether a terminal knows more than ASCII. */
export const knowsUtf8 = (env: Readonly<Record<string, string | undefined>>): boolean =>
  /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || '');
