/** The arguments of `zkt shell`: zkCli's, which begin with one dash, and those of every command of zkt. */

import { GLOBAL_OPTIONS, globalsFrom } from '../parse/command-line.ts';
import { type OptionSpec, parseOptions } from '../parse/options.ts';
import type { GlobalOptions } from '../settings/global-options.ts';

const SESSION_TIMEOUT_MS = 30_000;

/** See the top of the file. */
export interface ShellArguments {
  readonly globals: GlobalOptions;
  readonly sessionTimeoutMs: number;
  readonly acceptReadOnly: boolean;
  readonly waitForConnection: boolean;
  readonly quiet: boolean;
  /** The command to run instead of a prompt; empty for none. */
  readonly command: readonly string[];
  /** Options of zkCli at the end whose value is missing. */
  readonly incomplete: readonly string[];
}

/**
 * Reads them. As in zkCli, the command begins at the first word without a dash, and unknown options are
 * passed over.
 */
export function shellArguments(words: readonly string[]): ShellArguments {
  const zkCli = new Map<string, string | true>();
  const incomplete: string[] = [];
  const ours: string[] = [];
  let at = 0;
  while (at < words.length && words[at]?.startsWith('-')) {
    const word = words[at++] as string;
    const spec = ourOption(word);
    if (VALUED.has(word)) {
      const value = words[at++];
      if (value === undefined) incomplete.push(word);
      else zkCli.set(word, value);
    } else if (spec !== undefined) {
      ours.push(word);
      if (spec.value !== undefined && !word.includes('=') && at < words.length)
        ours.push(words[at++] as string);
    } else zkCli.set(word, true);
  }
  const globals = globalsFrom(parseOptions(GLOBAL_OPTIONS, ours));
  const servers = zkCli.get('-server');
  const timeout = Number(zkCli.get('-timeout'));
  return {
    globals: typeof servers === 'string' ? { ...globals, servers } : globals,
    sessionTimeoutMs:
      Number.isInteger(timeout) && timeout > 0 ? Math.min(timeout, 0x7fffffff) : SESSION_TIMEOUT_MS,
    acceptReadOnly: zkCli.has('-r') || zkCli.has('-readonly'),
    waitForConnection: zkCli.has('-waitforconnection'),
    quiet: zkCli.has('-q') || zkCli.has('--quiet'),
    command: words.slice(at),
    incomplete,
  };
}

/** zkCli's options that take a value. TLS settings of its properties file have no counterpart here. */
const VALUED: ReadonlySet<string> = new Set(['-server', '-timeout', '-client-configuration']);

function ourOption(word: string): OptionSpec | undefined {
  const name = word.replace(/=.*$/s, '');
  return GLOBAL_OPTIONS.find((spec) => name === `--${spec.long}` || word === `-${spec.flag}`);
}
