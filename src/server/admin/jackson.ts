/**
 * JSON as Apache's admin server writes it: Jackson's pretty printer (`"key" : value`, two blanks a level,
 * `[ ]` on one line, no line feed at the end), integers of 64 bits as numbers. Pure.
 */
import { Real, realText } from './real.ts';

/**
 * An object of very many keys, made one by one while it is written: each at its time, and so not of one
 * moment.
 */
export class Entries {
  readonly each: () => Iterable<readonly [key: string, value: Json]>;

  constructor(each: () => Iterable<readonly [key: string, value: Json]>) {
    this.each = each;
  }
}

/** A list of very many items, likewise. */
export class Items {
  readonly each: () => Iterable<Json>;

  constructor(each: () => Iterable<Json>) {
    this.each = each;
  }
}

/** What can be written. A map is an object whose keys come from outside. */
export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | Real
  | Entries
  | Items
  | readonly Json[]
  | ReadonlyMap<string, Json>
  | { readonly [key: string]: Json };

const INDENT = '  ';

/** Control signs that JSON would leave, signs without width, and signs that turn text around. */
const HIDDEN = /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** Nothing to be quoted: most texts are such. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** JSON is shown in terminals, too: nothing in it may be taken for anything but text. */
const quoted = (text: string): string =>
  PLAIN.test(text)
    ? `"${text}"`
    : JSON.stringify(text).replace(HIDDEN, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** The text of a value. */
export const jacksonText = (value: Json): string => [...jacksonFragments(value)].join('');

/** The text of a value in small parts, each made when it is asked for. */
export const jacksonFragments = (value: Json): Generator<string, void> => fragments(value, '');

function* fragments(value: Json, indent: string): Generator<string, void> {
  if (value instanceof Real || value === null || typeof value !== 'object') yield leaf(value);
  else if (value instanceof Items) yield* listFragments(value.each(), indent);
  else if (isList(value)) yield* listFragments(value, indent);
  else {
    const entries =
      value instanceof Entries ? value.each() : value instanceof Map ? value : Object.entries(value);
    const deeper = indent + INDENT;
    let head = '{';
    for (const [key, it] of entries) {
      yield `${head}\n${deeper}${quoted(key)} : `;
      yield* fragments(it, deeper);
      head = ',';
    }
    yield head === '{' ? '{ }' : `\n${indent}}`;
  }
}

function* listFragments(list: Iterable<Json>, indent: string): Generator<string, void> {
  let head = '[ ';
  for (const it of list) {
    yield head;
    yield* fragments(it, indent);
    head = ', ';
  }
  yield head === '[ ' ? '[ ]' : ' ]';
}

function leaf(value: null | boolean | number | bigint | string | Real): string {
  if (value instanceof Real) return realText(value.value);
  return typeof value === 'string' ? quoted(value) : String(value);
}

const isList = (value: object): value is readonly Json[] => Array.isArray(value);
