/**
 * The syntax of Java's `Properties` files, which zoo.cfg is written in.
 *
 * Lines end with LF, CR or CR LF. A line whose first character that is no blank is `#` or `!` is a comment. A
 * line that ends with an odd number of backslashes goes on in the next one, whose leading blanks do not
 * count. A key ends at the first `=`, `:` or blank that has no backslash before it; blanks around the
 * separator do not count. `\t \n \r \f` and `\uXXXX` are what they are in Java; a backslash before any other
 * character is dropped.
 *
 * Unlike Java, which reads Latin-1, the text is UTF-8: paths mean what an editor shows.
 */

/** One line `key=value`, and where it began (from 1). Values are trimmed, as ZooKeeper does. */
export interface PropertyLine {
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

/** Why a text is no properties file. */
export interface PropertiesFault {
  readonly line: number;
  readonly message: string;
}

const isBlank = (c: string | undefined): boolean => c === ' ' || c === '\t' || c === '\f';

/** The lines of a text in their order, duplicates included; or the first line that is none. */
export function parseProperties(text: string): PropertyLine[] | PropertiesFault {
  const found: PropertyLine[] = [];
  const natural = text.split(/\r\n|\r|\n/);
  for (let i = 0; i < natural.length; i++) {
    const line = i + 1;
    let logical = trimStart(natural[i] as string);
    if (logical === '' || logical.startsWith('#') || logical.startsWith('!')) continue;
    const parts: string[] = [];
    while (endsOpen(logical)) {
      parts.push(logical.slice(0, -1));
      i++;
      logical = i < natural.length ? trimStart(natural[i] as string) : '';
    }
    parts.push(logical);
    const entry = splitLine(parts.join(''));
    const key = decodeEscapes(entry.key);
    const value = decodeEscapes(entry.value);
    if (key === undefined || value === undefined) {
      return { line, message: 'a \\u escape needs four hexadecimal digits' };
    }
    found.push({ key, value: value.trim(), line });
  }
  return found;
}

const trimStart = (line: string): string => {
  let at = 0;
  while (isBlank(line[at])) at++;
  return line.slice(at);
};

/** True for a line that ends with an odd number of backslashes. */
const endsOpen = (line: string): boolean => {
  let count = 0;
  while (line[line.length - 1 - count] === '\\') count++;
  return count % 2 === 1;
};

const splitLine = (line: string): { key: string; value: string } => {
  let end = 0;
  while (end < line.length) {
    const c = line[end] as string;
    if (c === '\\') end += 2;
    else if (c === '=' || c === ':' || isBlank(c)) break;
    else end++;
  }
  let start = Math.min(end, line.length);
  while (isBlank(line[start])) start++;
  if (line[start] === '=' || line[start] === ':') {
    start++;
    while (isBlank(line[start])) start++;
  }
  return { key: line.slice(0, end), value: line.slice(start) };
};

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

const decodeEscapes = (text: string): string | undefined => {
  if (!text.includes('\\')) return text;
  const parts: string[] = [];
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string;
    if (c !== '\\') {
      parts.push(c);
      continue;
    }
    i++;
    const escaped = text[i];
    if (escaped === undefined) break;
    if (escaped !== 'u') {
      parts.push(ESCAPES[escaped] ?? escaped);
      continue;
    }
    const digits = text.slice(i + 1, i + 5);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) return undefined;
    parts.push(String.fromCharCode(Number.parseInt(digits, 16)));
    i += 4;
  }
  return parts.join('');
};
