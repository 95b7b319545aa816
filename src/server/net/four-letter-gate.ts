/** Which four-letter words are answered, and what is said to the others; Apache's texts. */
import type { FourLetterWord } from '../../protocol/four-letter.ts';
import type { ClientService } from './client-service.ts';

const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests\n';

/** Words that need no serving server. */
const ALWAYS: ReadonlySet<string> = new Set(['admn', 'ruok', 'isro', 'envi', 'gtmk', 'stmk']);

/** A word of zkt's own, which says no more than a port that anybody can find: no list has to name it. */
const OWN = 'admn';

/** The refusal of a word that is not on the list. */
const refusal = (word: string): string => `${word} is not executed because it is not in the whitelist.\n`;

/** The text to send for a word, refusals included; undefined for a word that has no answer. */
export function answerWord<L>(
  service: ClientService<L>,
  allowed: ReadonlySet<string>,
  link: L,
  word: FourLetterWord,
  more: Buffer,
): string | undefined {
  if (word !== OWN && !allowed.has('*') && !allowed.has(word)) return refusal(word);
  if (!service.serving && !ALWAYS.has(word)) return NOT_SERVING;
  return service.command(link, word, more);
}
