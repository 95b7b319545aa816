/**
 * The escaping printer: what came from a server (data, names, ACL ids, messages) could carry escape
 * sequences, text that runs backwards, or characters that cannot be seen. All of it passes through here on
 * its way to a terminal or a file.
 *
 * Shown as escapes: control characters (Cc), format characters and everything Unicode says may be ignored on
 * display (Cf and Default_Ignorable_Code_Point: bidi overrides, zero-width, tags, variation selectors,
 * fillers), line and paragraph separators, and surrogates without a partner. Below 0x100 as `\xNN`, above as
 * `\u{N}`. A backslash stays itself, so that ordinary text is printed unchanged.
 */

const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
const PLAIN = /^[\x20-\x7e]*$/;
const PLAIN_LINES = /^[\x20-\x7e\n\t]*$/;

function escaped(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}

/** One line of foreign text: names, paths, ids, messages. Line breaks and tabs are escaped too. */
export const escapeLine = (text: string): string => (PLAIN.test(text) ? text : text.replace(HIDDEN, escaped));

/** Foreign text that may have lines and tabs: the data of a node. */
export const escapeText = (text: string): string =>
  PLAIN_LINES.test(text)
    ? text
    : text.replace(HIDDEN, (char) => (char === '\n' || char === '\t' ? char : escaped(char)));

/** JSON text in which hidden characters are written as `\\uNNNN`: the same value, safe to look at. */
export const escapeJson = (json: string): string =>
  PLAIN_LINES.test(json) ? json : json.replace(HIDDEN, (char) => (char === '\n' ? char : jsonEscaped(char)));

function jsonEscaped(char: string): string {
  let text = '';
  for (let i = 0; i < char.length; i++) text += `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`;
  return text;
}
