/**
 * JSON as Apache's admin server writes it: Jackson's pretty printer (`"key" : value`, two blanks a level,
 * `[ ]` on one line, no line feed at the end), integers of 64 bits as numbers. Pure.
 */
import { Real, realText } from './real.ts';

/** What can be written. A map is an object whose keys come from outside. */
export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | Real
  | readonly Json[]
  | ReadonlyMap<string, Json>
  | { readonly [key: string]: Json };

const INDENT = '  ';

/** Control signs that JSON would leave, signs without width, and signs that turn text around. */
const HIDDEN = /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** JSON is shown in terminals, too: nothing in it may be taken for anything but text. */
const quoted = (text: string): string =>
  JSON.stringify(text).replace(HIDDEN, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** The text of a value. */
export const jacksonText = (value: Json): string => textAt(value, '');

function textAt(value: Json, indent: string): string {
  if (value instanceof Real) return realText(value.value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'string') return quoted(value);
  if (value === null || typeof value !== 'object') return String(value);
  if (isList(value)) {
    return value.length === 0 ? '[ ]' : `[ ${value.map((it) => textAt(it, indent)).join(', ')} ]`;
  }
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  if (entries.length === 0) return '{ }';
  const deeper = indent + INDENT;
  const lines = entries.map(([key, it]) => `${deeper}${quoted(key)} : ${textAt(it, deeper)}`);
  return `{\n${lines.join(',\n')}\n${indent}}`;
}

const isList = (value: object): value is readonly Json[] => Array.isArray(value);
