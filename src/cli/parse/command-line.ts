/** `zkt [options] command [arguments]`: what stands before the command. */
import { ZktError } from '../../base/errors.ts';
import type { ColourPolicy } from '../io.ts';
import { type GlobalOptions, OUTPUT_FORMATS, type OutputFormat } from '../settings/global-options.ts';
import { wholeNumber } from '../settings/settings.ts';
import { leadingOptions, type OptionSpec, type ParsedArgs, parseOptions } from './options.ts';

/** Options of every command. */
export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  {
    flag: 's',
    long: 'servers',
    value: 'LIST',
    says: 'servers: host:port,host:port[/chroot]; else ZKT_SERVERS',
  },
  { flag: 'o', long: 'output', value: 'FORMAT', says: 'table, json, ndjson or raw' },
  { long: 'timeout', value: 'MS', says: 'time for connecting and for each operation' },
  { long: 'auth-file', value: 'FILE', says: 'credentials, a line each: scheme:auth; else ZKT_AUTH' },
  { long: 'profile', value: 'NAME', says: 'settings of that name in profiles.json' },
  { long: 'read-only', says: 'refuse what would change data; else ZKT_READ_ONLY' },
  { flag: 'y', long: 'yes', says: 'do not ask' },
  { long: 'dry-run', says: 'only say what would be changed' },
  { long: 'color', value: 'WHEN', says: 'auto, always or never' },
  { flag: 'h', says: 'short help' },
  { long: 'help', says: 'help, with examples' },
];

/** A command line taken apart. */
export interface CommandLine {
  readonly before: ParsedArgs;
  /** The command; undefined where there is none. */
  readonly name: string | undefined;
  readonly rest: readonly string[];
}

/** Cuts a command line at its command: the first word that is no option nor the value of one. */
export function splitCommandLine(words: readonly string[]): CommandLine {
  const specs: OptionSpec[] = [...GLOBAL_OPTIONS, { flag: 'V', long: 'version', says: 'print the version' }];
  const at = leadingOptions(specs, words);
  const before = parseOptions(specs, words.slice(0, at));
  return { before, name: words[at], rest: words.slice(at + 1) };
}

/** Options of a verb with those of every command; where both have a letter, it is the verb's. */
export function withGlobals(own: readonly OptionSpec[]): OptionSpec[] {
  const taken = new Set(own.map((spec) => spec.flag));
  const globals = GLOBAL_OPTIONS.map((spec): OptionSpec => {
    if (spec.flag === undefined || !taken.has(spec.flag)) return spec;
    const { flag: _, ...rest } = spec;
    return rest;
  });
  return [...own, ...globals];
}

const IN_SHELL: ReadonlySet<string | undefined> = new Set(['output', 'yes', 'dry-run', 'help', undefined]);

/** Options of a verb in a shell: those of every command that mean something there, by their long names. */
export const withShellOptions = (own: readonly OptionSpec[]): OptionSpec[] => [
  ...own,
  ...GLOBAL_OPTIONS.filter(({ long }) => IN_SHELL.has(long)).map(
    ({ flag, ...rest }): OptionSpec => (flag === 'o' || flag === 'h' ? { flag, ...rest } : rest),
  ),
];

/** The options of every command out of parsed words; throws ZKT_USAGE for a value that is none. */
export function globalsFrom(args: ParsedArgs): GlobalOptions {
  const value = (name: string) => args.value(name);
  const timeout = value('timeout');
  const [servers, profile, authFile] = [value('servers'), value('profile'), value('auth-file')];
  const output = oneOf<OutputFormat>('output', value('output'), OUTPUT_FORMATS);
  const colour = oneOf<ColourPolicy>('color', value('color'), ['auto', 'always', 'never']);
  return {
    ...(servers !== undefined && { servers }),
    ...(profile !== undefined && { profile }),
    ...(authFile !== undefined && { authFile }),
    ...(args.has('read-only') && { readOnly: true }),
    ...(timeout !== undefined && { timeoutMs: wholeNumber(timeout, '--timeout') }),
    ...(output !== undefined && { output }),
    ...(colour !== undefined && { colour }),
    ...(args.has('yes') && { yes: true }),
    ...(args.has('dry-run') && { dryRun: true }),
  };
}

function oneOf<T extends string>(
  name: string,
  text: string | undefined,
  values: readonly T[],
): T | undefined {
  if (text === undefined) return undefined;
  const found = values.find((value) => value === text);
  if (found === undefined) {
    throw new ZktError('ZKT_USAGE', { why: `--${name} must be one of ${values.join(', ')}, not ${text}` });
  }
  return found;
}

/** How an option is written: `-s, --servers LIST`. */
export function optionText(spec: OptionSpec): string {
  const flag = spec.flag === undefined ? [] : [`-${spec.flag}`];
  const long = spec.long === undefined ? [] : [`--${spec.long}`];
  return `${[...flag, ...long].join(', ')}${spec.value === undefined ? '' : ` ${spec.value}`}`;
}
