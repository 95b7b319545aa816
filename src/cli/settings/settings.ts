/** What a run is set to: flag > environment > profile > default. */
import path from 'node:path';
import { ZktError } from '../../base/errors.ts';
import type { Credential } from '../../client/api.ts';
import { homeDir, othersMayRead, readUserFile } from '../../platform/user-files.ts';
import type { Io } from '../io.ts';
import type { GlobalOptions, OutputFormat } from './global-options.ts';

/** See the top of the file. */
export interface Settings {
  readonly servers: string;
  readonly auth: readonly Credential[];
  readonly readOnly: boolean;
  /** Time for connecting and for each operation, ms. */
  readonly timeoutMs: number;
  /** Whether the timeout was asked for, in any place. */
  readonly timeoutGiven: boolean;
  readonly output: OutputFormat;
  readonly yes: boolean;
  readonly dryRun: boolean;
}

/** Where a server is looked for that nobody named. */
export const DEFAULT_SERVERS = '127.0.0.1:2181';
const DEFAULT_TIMEOUT_MS = 10_000;

/** XDG folders of this program. */
export const folders = (env: Io['env']) => ({
  config: path.join(env.XDG_CONFIG_HOME || path.join(homeDir(), '.config'), 'zkt'),
  state: path.join(env.XDG_STATE_HOME || path.join(homeDir(), '.local', 'state'), 'zkt'),
});

/** A named set of settings in `$XDG_CONFIG_HOME/zkt/profiles.json`. */
interface Profile {
  readonly servers?: string;
  readonly authFile?: string;
  readonly readOnly?: boolean;
  readonly timeoutMs?: number;
}

/** Settles the settings. Throws ZKT_USAGE, ZKT_CONFIG_UNREADABLE, ZKT_CONFIG_MISSING and ZKT_FILE. */
export function settle(options: GlobalOptions, env: Io['env']): Settings {
  const profile = chosenProfile(options.profile ?? (env.ZKT_PROFILE || undefined), env);
  const timeoutMs = options.timeoutMs ?? numberFrom(env.ZKT_TIMEOUT, 'ZKT_TIMEOUT') ?? profile.timeoutMs;
  return {
    servers: options.servers ?? (env.ZKT_SERVERS || undefined) ?? profile.servers ?? DEFAULT_SERVERS,
    auth: credentials(options.authFile, env.ZKT_AUTH, profile.authFile),
    readOnly: options.readOnly ?? flagFrom(env.ZKT_READ_ONLY) ?? profile.readOnly ?? false,
    timeoutMs: timeoutMs ?? DEFAULT_TIMEOUT_MS,
    timeoutGiven: timeoutMs !== undefined,
    output: options.output ?? 'table',
    yes: options.yes ?? false,
    dryRun: options.dryRun ?? false,
  };
}

const flagFrom = (text: string | undefined): boolean | undefined =>
  text === undefined || text === '' ? undefined : !/^(0|false|no|off)$/i.test(text);

function numberFrom(text: string | undefined, name: string): number | undefined {
  if (text === undefined || text === '') return undefined;
  return wholeNumber(text, name);
}

/** A whole number > 0 that a timer can hold; throws ZKT_USAGE with `name`. */
export function wholeNumber(text: string, name: string): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > 0x7fffffff) {
    throw new ZktError('ZKT_USAGE', {
      why: `${name} must be a whole number from 1 to 2147483647, not ${text}`,
    });
  }
  return value;
}

function chosenProfile(name: string | undefined, env: Io['env']): Profile {
  const file = path.join(folders(env).config, 'profiles.json');
  const text = readUserFile(file);
  if (text === undefined) {
    if (name === undefined) return {};
    throw new ZktError('ZKT_CONFIG_UNREADABLE', {
      file,
      why: `it does not exist, and profile ${name} was asked for`,
    });
  }
  const profiles = parseProfiles(file, text);
  const wanted = name ?? 'default';
  const profile = profiles.get(wanted);
  if (profile !== undefined) return checkedProfile(file, wanted, profile);
  if (name === undefined) return {};
  const known = [...profiles.keys()].join(', ');
  throw new ZktError('ZKT_CONFIG_MISSING', {
    file,
    key: name,
    why: `the profiles there are: ${known || 'none'}`,
  });
}

/** The file is an object of profiles by name; `default` is used where none is named. */
function parseProfiles(file: string, text: string): Map<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new Error('expected an object');
    return new Map(Object.entries(value));
  } catch (error) {
    throw new ZktError('ZKT_CONFIG_UNREADABLE', { file, why: (error as Error).message });
  }
}

const PROFILE_TYPES = {
  servers: 'string',
  authFile: 'string',
  readOnly: 'boolean',
  timeoutMs: 'number',
} as const;

function checkedProfile(file: string, name: string, value: unknown): Profile {
  const bad = (why: string) =>
    new ZktError('ZKT_CONFIG_UNREADABLE', { file, why: `profile ${name}: ${why}` });
  if (typeof value !== 'object' || value === null) throw bad('expected an object');
  for (const [key, field] of Object.entries(value)) {
    const type = Object.hasOwn(PROFILE_TYPES, key)
      ? PROFILE_TYPES[key as keyof typeof PROFILE_TYPES]
      : undefined;
    if (type === undefined)
      throw bad(`unknown key ${key}; known are ${Object.keys(PROFILE_TYPES).join(', ')}`);
    if (typeof field !== type) throw bad(`${key} must be a ${type}`);
  }
  const profile = value as Profile;
  if (profile.timeoutMs !== undefined) wholeNumber(String(profile.timeoutMs), `timeoutMs of profile ${name}`);
  if (profile.authFile === undefined) return profile;
  return { ...profile, authFile: path.resolve(path.dirname(file), profile.authFile) };
}

function credentials(
  flag: string | undefined,
  env: string | undefined,
  profile: string | undefined,
): Credential[] {
  if (flag !== undefined) return credentialsFrom(flag);
  if (env !== undefined && env !== '') return [credential(env, 'ZKT_AUTH')];
  return profile === undefined ? [] : credentialsFrom(profile);
}

/** A line each, `scheme:auth`; empty lines and those that begin with `#` are passed over. */
function credentialsFrom(file: string): Credential[] {
  const text = readUserFile(file);
  if (text === undefined) throw new ZktError('ZKT_FILE', { file, what: 'read', why: 'it does not exist' });
  if (othersMayRead(file)) {
    throw new ZktError('ZKT_FILE', { file, what: 'use', why: `others may read it; run chmod 600 ${file}` });
  }
  return text
    .split(/\r?\n/)
    .map((line, i) => ({ line: line.trim(), where: `${file}:${i + 1}` }))
    .filter(({ line }) => line !== '' && !line.startsWith('#'))
    .map(({ line, where }) => credential(line, where));
}

function credential(text: string, where: string): Credential {
  const colon = text.indexOf(':');
  if (colon < 1)
    throw new ZktError('ZKT_USAGE', { why: `${where}: expected scheme:auth, such as digest:user:password` });
  return { scheme: text.slice(0, colon), auth: text.slice(colon + 1) };
}
