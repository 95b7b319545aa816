/**
 * JSON as Apache's admin server writes it: Jackson's pretty printer (`"key" : value`, two blanks a level,
 * `[ ]` on one line, no line feed at the end), integers of 64 bits as numbers. Pure.
 */
import { realText } from './four-letter-text.ts';

/** A number with a fraction, which Java writes with one even where it is whole. */
export class Real {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
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
  | readonly Json[]
  | ReadonlyMap<string, Json>
  | { readonly [key: string]: Json };

const INDENT = '  ';

/** The text of a value. */
export const jacksonText = (value: Json): string => textAt(value, '');

function textAt(value: Json, indent: string): string {
  if (value instanceof Real) return realText(value.value);
  if (typeof value === 'bigint') return String(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) {
    return value.length === 0 ? '[ ]' : `[ ${value.map((it) => textAt(it, indent)).join(', ')} ]`;
  }
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  if (entries.length === 0) return '{ }';
  const deeper = indent + INDENT;
  const lines = entries.map(([key, it]) => `${deeper}${JSON.stringify(key)} : ${textAt(it, deeper)}`);
  return `{\n${lines.join(',\n')}\n${indent}}`;
}

const isList = (value: object): value is readonly Json[] => Array.isArray(value);
