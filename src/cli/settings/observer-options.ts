/**
 * Options of the tools that listen to an ensemble (events, record, top, hot, watches, trace): which servers,
 * which events, and with what token.
 */
import type { Command } from 'commander';
import { ZktError } from '../../base/errors.ts';
import { parseServerList, type ServerAddress } from '../../client/connect-string.ts';
import { EventFilter, FILTER_KEYS, type FilterKey, type FilterText } from '../../events/filter.ts';
import { readUserFile } from '../../platform/user-files.ts';
import type { Io } from '../io.ts';
import type { GlobalOptions } from './global-options.ts';
import { settle } from './settings.ts';
import { type ServerFlags, serverOptions, toolGlobals } from './tool-options.ts';

/** What commander makes of `observerOptions`. */
export interface ObserverFlags extends ServerFlags {
  readonly tokenFile?: string;
}
/** What commander makes of `filterOptions`. */
export interface FilterFlags {
  readonly names?: string;
  readonly level?: string;
  readonly session?: string;
  readonly path?: string;
  readonly op?: string;
  readonly zxid?: string;
  readonly node?: string;
  readonly filter?: readonly string[];
}

/** Whom to listen to, and how long to wait for each. */
export interface ObserverSettings {
  readonly servers: readonly ServerAddress[];
  readonly timeoutMs: number;
  /** What the HTTP admin of servers wants to see; undefined for none. */
  readonly token: string | undefined;
}

/** A server that says nothing for so long is told to hang; `--timeout` waits longer. */
const TIMEOUT_MS = 3_000;

/** Adds the options of a tool that listens to servers. */
export const observerOptions = (command: Command): Command =>
  serverOptions(command).option(
    '--token-file <file>',
    'holds the token of their HTTP admin; else ZKT_ADMIN_TOKEN',
  );

/** Adds the options that choose events; the same everywhere. */
export const filterOptions = (command: Command): Command =>
  command
    .option('--names <list>', 'events by name: request.*,zab.committed')
    .option('--level <level>', 'that level and above: trace, debug, info, warn, error')
    .option('--session <id>', 'what concerns that session (0x…), and its transactions wherever they go')
    .option('--path <path>', 'requests for that node and those below it')
    .option('--op <list>', 'operations: setData,create2')
    .option('--zxid <range>', '0x… or 0x…-0x…')
    .option('--node <list>', 'servers, by id')
    .option(
      '--filter <key=value>',
      `one of these as key=value (${FILTER_KEYS.join(', ')}); may be repeated`,
      (text: string, before: readonly string[] | undefined) => [...(before ?? []), text],
    );

/** Settles whom to listen to. Throws ZKT_USAGE and ZKT_FILE. */
export function observerSettings(
  flags: ObserverFlags,
  globals: GlobalOptions,
  env: Io['env'],
): ObserverSettings {
  const settings = settle(toolGlobals(flags, globals), env);
  return {
    servers: parseServerList(settings.servers).servers,
    timeoutMs: settings.timeoutGiven ? settings.timeoutMs : TIMEOUT_MS,
    token: tokenOf(flags.tokenFile, env),
  };
}

function tokenOf(file: string | undefined, env: Io['env']): string | undefined {
  if (file === undefined) return env.ZKT_ADMIN_TOKEN || undefined;
  const text = readUserFile(file)?.trim();
  if (text === undefined) throw new ZktError('ZKT_USAGE', { why: `--token-file: there is no file ${file}` });
  if (text === '') throw new ZktError('ZKT_USAGE', { why: `--token-file: ${file} is empty` });
  return text;
}

/** The filter that was asked for, checked. Throws ZKT_USAGE. */
export function filterFrom(flags: FilterFlags): FilterText {
  const text: { [K in FilterKey]?: string } = {};
  for (const pair of flags.filter ?? []) {
    const at = pair.indexOf('=');
    const key = pair.slice(0, Math.max(0, at)) as FilterKey;
    if (!FILTER_KEYS.includes(key)) {
      throw new ZktError('ZKT_USAGE', { why: `--filter takes ${FILTER_KEYS.join('=, ')}=, not ${pair}` });
    }
    text[key] = pair.slice(at + 1);
  }
  for (const key of FILTER_KEYS) {
    const value = flags[key];
    if (value !== undefined) text[key] = value;
  }
  new EventFilter(text);
  return text;
}
