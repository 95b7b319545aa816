// Wraps comment lines that are wider than the house allows; Biome formats code and leaves comments alone.
//
// Only paragraphs with a line that is too wide are touched, and are filled anew. Tables, drawings (two blanks
// in a row) and comments behind code stay as they are. Run by `npm run format`; names of files limit it to
// those.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const WIDTH = 110;
const LINE = /^(\s*)(\/\/|\*)( +)(\S.*)$/;
const ONE_LINE = /^(\s*)\/\*\* (.*) \*\/$/;
const STARTS_ANEW = /^(\s|```|[-*+|#@>]|\d+[.)] )/;
const LIST_ITEM = /^([-*+] |\d+[.)] )/;
const NOT_PROSE = /^\||\S {2,}\S/;

/** The line as prefix and prose, where it is prose of a comment. */
function parse(line) {
  const match = LINE.exec(line ?? '');
  if (match === null || NOT_PROSE.test(match[4])) return undefined;
  const [, indent, mark, gap, prose] = match;
  const hang = LIST_ITEM.exec(prose)?.[0].length ?? 0;
  return { prefix: `${indent}${mark}${gap}`, hanging: `${indent}${mark}${gap}${' '.repeat(hang)}`, prose };
}

/** One past the last line of the paragraph that begins at `start`. */
function paragraphEnd(lines, start, hanging) {
  let end = start + 1;
  for (let next = parse(lines[end]); next?.prefix === hanging; next = parse(lines[end])) {
    if (STARTS_ANEW.test(next.prose)) break;
    end++;
  }
  return end;
}

function fill(prefix, hanging, words) {
  const filled = [];
  let line = prefix + words[0];
  for (const word of words.slice(1)) {
    if (line.length + 1 + word.length <= WIDTH) {
      line += ` ${word}`;
    } else {
      filled.push(line);
      line = hanging + word;
    }
  }
  return [...filled, line];
}

/** `text` with its comments wrapped. */
export function wrapComments(text) {
  const lines = text.split('\n').flatMap((line) => {
    const one = ONE_LINE.exec(line);
    return one !== null && line.length > WIDTH
      ? [`${one[1]}/**`, `${one[1]} * ${one[2]}`, `${one[1]} */`]
      : [line];
  });
  for (let i = 0; i < lines.length; i++) {
    const first = parse(lines[i]);
    if (first === undefined) continue;
    const end = paragraphEnd(lines, i, first.hanging);
    const paragraph = lines.slice(i, end);
    if (paragraph.some((it) => it.length > WIDTH)) {
      const words = paragraph.flatMap((it) => parse(it).prose.split(' '));
      lines.splice(i, end - i, ...fill(first.prefix, first.hanging, words));
    }
    i = paragraphEnd(lines, i, first.hanging) - 1;
  }
  return lines.join('\n');
}

function main() {
  const root = path.join(import.meta.dirname, '..');
  const list = [
    'ls-files',
    '-z',
    '--cached',
    '--others',
    '--exclude-standard',
    'src',
    'test',
    'bench',
    'scripts',
  ];
  const named = process.argv.slice(2).map((it) => path.resolve(it));
  const all = execFileSync('git', list, { cwd: root, encoding: 'utf8' })
    .split('\0')
    .filter((it) => it !== '')
    .map((it) => path.join(root, it));
  for (const file of named.length > 0 ? named : all) {
    if (!/\.(ts|tsx|mjs|cjs)$/.test(file) || !existsSync(file)) continue;
    const text = readFileSync(file, 'utf8');
    const wrapped = wrapComments(text);
    if (wrapped !== text) writeFileSync(file, wrapped);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
