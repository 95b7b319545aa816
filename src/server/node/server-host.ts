import type { FourLetterWord } from '../../protocol/four-letter.ts';
import type { ClientLink } from '../net/client-link.ts';
import type { ServingServer } from './serving-server.ts';
import type { StoreHost } from './store.ts';

/** What the process around a server provides. */
export interface ServerHost extends StoreHost {
  /** Answers a four-letter word; undefined for one that has no answer here. */
  answerWord(server: ServingServer, word: FourLetterWord, more: Buffer, link: ClientLink): string | undefined;
  /**
   * Answers a four-letter word while no server serves clients (ruok, isro, ...): put it at
   * `ServiceGate.idle`.
   */
  answerIdle?(word: FourLetterWord, more: Buffer, link: ClientLink): string | undefined;
}
