/** What a word that is being typed could become: commands, options, and paths of nodes. */
import type { Client } from '../../client/api.ts';
import { escapeLine } from '../../formatters/escape.ts';
import { systemTimers } from '../../platform/timers.ts';
import { childPath } from '../../protocol/paths.ts';
import { loadCommand, VERBS } from '../catalogue.ts';
import type { Command } from '../command.ts';
import { resolvePath } from '../nodes/relative-path.ts';
import { withGlobals } from '../parse/command-line.ts';
import type { OptionSpec } from '../parse/options.ts';
import { quoteWord, type Word, wordsSoFar } from '../parse/words.ts';

/** More are not worth looking at. */
const CANDIDATES_MAX = 500;

/** Candidates, and the text of the line they stand for. */
export interface Completion {
  readonly candidates: readonly string[];
  readonly typed: string;
}

/** Where completion looks. */
export interface CompletionPlace {
  /** The names of the children of a node; empty where they cannot be had. */
  children(path: string): Promise<readonly string[]>;
  /** Where relative paths start; undefined where they are not allowed. */
  readonly directory: string | undefined;
  readonly verbs: readonly string[];
}

/** Children by way of a client that may be away: asked for a while only. */
export async function childrenSoon(
  client: Client | undefined,
  path: string,
  ms: number,
): Promise<readonly string[]> {
  if (client === undefined || (client.state !== 'connected' && client.state !== 'connectedReadOnly'))
    return [];
  let giveUp: () => void = () => {};
  const late = new Promise<readonly string[]>((resolve) => {
    giveUp = () => resolve([]);
  });
  const timer = systemTimers.after(ms, giveUp);
  const asked = client.getChildren(path).then(
    ({ children }) => children,
    () => [],
  );
  try {
    return await Promise.race([asked, late]);
  } finally {
    timer.cancel();
  }
}

/** Completes the last word of `line`. */
export async function complete(line: string, place: CompletionPlace): Promise<Completion> {
  const words = wordsSoFar(line);
  const last = words.at(-1);
  const typing = last !== undefined && last.to === line.length && (last.quote === undefined || !last.closed);
  const current = typing ? last : undefined;
  const before = typing ? words.slice(0, -1) : words;
  const typed = current === undefined ? '' : line.slice(current.from);
  const text = current?.text ?? '';
  if (before.length === 0) return { candidates: startingWith([...place.verbs, 'help'], text, ' '), typed };
  const command = await loadCommand(before[0]?.text ?? '');
  if (command === undefined) return { candidates: [], typed };
  return { candidates: await argumentsFor(command, before.slice(1), current, place), typed };
}

const startingWith = (names: readonly string[], text: string, end = ''): string[] =>
  [...new Set(names)]
    .filter((name) => name.startsWith(text))
    .sort()
    .slice(0, CANDIDATES_MAX)
    .map((name) => name + end);

async function argumentsFor(
  command: Command,
  before: readonly Word[],
  current: Word | undefined,
  place: CompletionPlace,
): Promise<string[]> {
  const text = current?.text ?? '';
  const specs = withGlobals(command.options);
  if (text.startsWith('-') && current?.quote === undefined) {
    return startingWith(command.options.map(shortest), text, ' ');
  }
  if (before.at(-1) !== undefined && takesValue(before.at(-1)?.text ?? '', specs)) return [];
  const position = countArguments(before, specs);
  const kind = command.arguments[Math.min(position, command.arguments.length - 1)];
  if (kind === 'path' && position < command.arguments.length) return await paths(text, current, place);
  if (kind === 'command') return startingWith(['create', 'set', 'delete', 'check'], text, ' ');
  if (command.name === 'printwatches') return startingWith(['on', 'off'], text, ' ');
  return [];
}

const shortest = (spec: OptionSpec): string => (spec.flag === undefined ? `--${spec.long}` : `-${spec.flag}`);

function takesValue(word: string, specs: readonly OptionSpec[]): boolean {
  return specs.some((it) => it.value !== undefined && (word === `-${it.flag}` || word === `--${it.long}`));
}

function countArguments(words: readonly Word[], specs: readonly OptionSpec[]): number {
  let count = 0;
  for (let i = 0; i < words.length; i++) {
    const text = words[i]?.text ?? '';
    if (takesValue(text, specs)) i++;
    else if (!text.startsWith('-') || text === '-') count++;
  }
  return count;
}

/**
 * Children of the node in front of the last slash. Names that could not be told apart on the screen are left
 * out.
 */
async function paths(text: string, current: Word | undefined, place: CompletionPlace): Promise<string[]> {
  if (!text.startsWith('/') && place.directory === undefined) return text === '' ? ['/'] : [];
  const slash = text.lastIndexOf('/');
  const typedParent = text.slice(0, slash + 1);
  const parent = resolvePath(place.directory ?? '/', typedParent);
  const wanted = text.slice(slash + 1);
  const names = (await place.children(parent)).filter(
    (name) => name.startsWith(wanted) && escapeLine(name) === name,
  );
  const candidates: string[] = [];
  for (const name of [...names].sort().slice(0, CANDIDATES_MAX)) {
    const path = typedParent === '/' ? childPath('/', name) : typedParent + name;
    const quoted = current?.quote === undefined ? quoteWord(path) : quotedAs(path, current.quote);
    if (quoted !== undefined) candidates.push(quoted);
  }
  // The only one may have children of its own: then a slash, else a blank, brings the next word nearer.
  const only = candidates[0];
  if (candidates.length !== 1 || only === undefined || names.length !== 1) return candidates;
  const below = await place.children(childPath(parent, names[0] as string));
  const open = current?.quote !== undefined || only.startsWith('"') || only.startsWith("'");
  if (below.length > 0) return [open ? `${only.slice(0, -1)}/` : `${only}/`];
  return [`${only} `];
}

const quotedAs = (word: string, quote: '"' | "'"): string | undefined =>
  word.includes(quote) ? undefined : `${quote}${word}${quote}`;

/** Names a shell completes as commands. */
export const SHELL_VERBS: readonly string[] = VERBS;
