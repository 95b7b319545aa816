/**
 * When a word is asked again: each round, unless its answers are long, slow, or refused. A server is to be
 * looked at, not worked with.
 */
import type { FourLetterWord } from '../../protocol/four-letter.ts';
import type { WordAnswer, WordAsker } from './words.ts';

/** One round of rest for each of these, bytes. */
const BYTES_A_ROUND = 256 * 1024;
/** Rounds until a refused word, or one that was not answered in time, is tried again. */
const REFUSED_ROUNDS = 60;
const SLOW_ROUNDS = 20;
const ROUNDS_MAX = 60;

/** See the head of the file. */
export class WordPace {
  private readonly asker: WordAsker;
  private readonly dueAt = new Map<FourLetterWord, number>();
  private readonly refused = new Set<FourLetterWord>();
  private round = 0;

  constructor(asker: WordAsker) {
    this.asker = asker;
  }

  /** Words that are not in the whitelist, in the order of the alphabet. */
  get forbidden(): readonly FourLetterWord[] {
    return [...this.refused].sort();
  }

  /** A round begins. */
  next(): void {
    this.round++;
  }

  /**
   * Asks, unless it is too early; `rounds`: no more often than that. Undefined where nothing was answered.
   */
  async ask(word: FourLetterWord, rounds = 1): Promise<string | undefined> {
    if (this.round < (this.dueAt.get(word) ?? 0)) return undefined;
    const answer = await this.asker.ask(word);
    this.dueAt.set(word, this.round + Math.max(rounds, restAfter(answer)));
    if (answer.kind === 'forbidden') this.refused.add(word);
    else if (answer.kind === 'text') this.refused.delete(word);
    return answer.kind === 'text' ? answer.text : undefined;
  }
}

function restAfter(answer: WordAnswer): number {
  if (answer.kind === 'forbidden') return REFUSED_ROUNDS;
  if (answer.kind === 'silent') return SLOW_ROUNDS;
  return answer.kind === 'idle' ? 1 : Math.min(ROUNDS_MAX, 1 + Math.floor(answer.bytes / BYTES_A_ROUND));
}
