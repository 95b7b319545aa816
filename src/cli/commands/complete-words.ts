/**
 * `zkt complete-words`: candidates for the last of some words, one a line. The completion scripts call it.
 */
import type { Command } from 'commander';
import { connect } from '../../client/index.ts';
import { FOUR_LETTER_WORDS } from '../../protocol/four-letter.ts';
import { VERBS } from '../catalogue.ts';
import { Printer } from '../output/printer.ts';
import { GLOBAL_OPTIONS, globalsFrom, splitCommandLine } from '../parse/command-line.ts';
import { quoteWord } from '../parse/words.ts';
import { settle } from '../settings/settings.ts';
import { childrenSoon, complete } from '../shell/complete.ts';
import type { ToolContext } from '../tool.ts';
import { TOOLS } from '../tools.ts';

const CONNECT_MS = 1_000;

/** What stands behind the name of a tool. */
const FIRST_WORDS = new Map<string, readonly string[]>([
  ['4lw', FOUR_LETTER_WORDS],
  ['completion', ['bash', 'fish', 'zsh']],
  ['log', ['chop', 'dump', 'repair', 'tail', 'verify']],
  ['snapshot', ['compare', 'dump', 'summary', 'verify']],
]);

/** See `ToolModule`. */
export function build(command: Command, context: ToolContext): void {
  command.argument('[words...]').action(async (words: string[]) => {
    const candidates = await candidatesFor(words, context);
    new Printer(context.io.stdout).lines(candidates.map((candidate) => candidate.replace(/ $/, '')));
  });
}

/** Never throws for what is wrong with words or servers: there are no candidates then. */
async function candidatesFor(words: readonly string[], context: ToolContext): Promise<readonly string[]> {
  const typed = words.at(-1) ?? '';
  try {
    const { before, name, rest } = splitCommandLine(words.slice(0, -1));
    if (name === undefined) {
      const options = GLOBAL_OPTIONS.flatMap(({ long }) => (long === undefined ? [] : [`--${long}`]));
      return (typed.startsWith('-') ? options : [...TOOLS.keys(), ...VERBS])
        .filter((it) => it.startsWith(typed))
        .sort();
    }
    const firstWords = FIRST_WORDS.get(name);
    if (firstWords !== undefined)
      return rest.length > 0 ? [] : firstWords.filter((it) => it.startsWith(typed)).sort();
    const line = [name, ...rest, typed].map((word, i, all) =>
      i === all.length - 1 ? word : (quoteWord(word) ?? word),
    );
    return await nodeCandidates(line.join(' '), {
      ...context,
      globals: { ...context.globals, ...globalsFrom(before) },
    });
  } catch {
    return [];
  }
}

async function nodeCandidates(line: string, { io, globals }: ToolContext): Promise<readonly string[]> {
  const { servers, auth } = settle(globals, io.env);
  let client: ReturnType<typeof connect> | undefined;
  try {
    const children = async (path: string) => {
      client ??= connect({ servers, auth, connectTimeoutMs: CONNECT_MS });
      await client.connected(CONNECT_MS, 1).catch(() => {});
      return await childrenSoon(client, path, CONNECT_MS);
    };
    return (await complete(line, { children, directory: undefined, verbs: VERBS })).candidates;
  } finally {
    await client?.close();
  }
}
