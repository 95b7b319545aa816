/** What Apache's admin servers answered (fixtures/admin and fixtures/admin-ensemble, PROVENANCE.md). */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Json } from '../../../src/server/admin/jackson.ts';
import { Real } from '../../../src/server/admin/real.ts';

const DIR = new URL('../../../fixtures/', import.meta.url);

/** Folders of answers: `admin/busy`, `admin-ensemble/leader`, ... */
export const FOLDERS: readonly string[] = [
  ...['idle', 'busy'].map((it) => `admin/${it}`),
  ...['leader', 'follower', 'observer', 'looking', 'read-only'].map((it) => `admin-ensemble/${it}`),
];

/** The commands with an answer in a folder. */
export const commandsIn = (folder: string): string[] =>
  readdirSync(new URL(folder, DIR))
    .map((name) => name.replace('.json', ''))
    .sort();

/** The text of an answer; undefined where there is none. */
export function apacheText(folder: string, command: string): string | undefined {
  const file = new URL(`${folder}/${command}.json`, DIR);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** JSON with its numbers as they are written: whole ones as bigint, others as `Real`. */
export function parseJackson(text: string): Json {
  const tagged = text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:E-?\d+)?/g, (token) =>
    token.startsWith('"') ? `"s${token.slice(1)}` : `"n${token}"`,
  );
  const revive = (value: unknown): Json => {
    if (typeof value === 'string') {
      if (value.startsWith('s')) return value.slice(1);
      const digits = value.slice(1);
      return /[.E]/.test(digits) ? new Real(Number(digits)) : BigInt(digits);
    }
    if (Array.isArray(value)) return value.map(revive);
    if (typeof value !== 'object' || value === null) return value as boolean | null;
    return new Map(Object.entries(value).map(([key, it]) => [key.slice(1), revive(it)]));
  };
  return revive(JSON.parse(tagged));
}

/**
 * The shape of a value: the type of each key; of a list, that of its first entry. Keys that are data (ids,
 * paths, namespaces) are one key `*`.
 */
export function shapeOf(value: Json, keysAreData = false): unknown {
  if (value instanceof Real) return 'real';
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0] as Json)];
  if (typeof value !== 'object') return typeof value === 'bigint' ? 'whole' : typeof value;
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  const first = entries[0]?.[1] as Json | undefined;
  if (keysAreData) return first === undefined ? {} : { '*': shapeOf(first) };
  return Object.fromEntries(entries.map(([key, it]) => [key, shapeOf(it as Json, DATA_KEYS.has(key))]));
}

const DATA_KEYS: ReadonlySet<string> = new Set([
  'expiry_time_to_session_ids',
  'session_id_to_ephemeral_paths',
  'session_id_to_watched_paths',
  'path_to_session_ids',
  'current_config',
]);
