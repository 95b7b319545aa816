/** Four-letter words asked of one server, one after the other, and what came of each. */
import { ZktError } from '../../base/errors.ts';
import type { ServerAddress } from '../../client/connect-string.ts';
import type { FourLetterWord } from '../../protocol/four-letter.ts';
import { type AskPorts, askServer } from '../ensemble/ask-server.ts';

/** Longer answers are cut at the last whole line. */
const REPLY_BYTES_MAX = 16 * 1024 * 1024;

/** What came of a question. */
export type WordAnswer =
  | { readonly kind: 'text'; readonly text: string; readonly bytes: number }
  /** Not in `4lw.commands.whitelist`. */
  | { readonly kind: 'forbidden' }
  /** It has no leader, or is not in step with it. */
  | { readonly kind: 'idle' }
  /** No answer; why, in words. `closed`: it was reached, and said nothing. */
  | { readonly kind: 'silent'; readonly why: string; readonly closed: boolean };

/** Asks one server. */
export class WordAsker {
  /** Questions asked so far: a server counts them among its requests. */
  asked = 0;
  /** The address that its name led to; empty before it was reached. */
  reachedHost = '';
  /** Whether it runs on this machine, as far as addresses tell. */
  sameMachine = false;
  private readonly ports: AskPorts;
  private readonly address: ServerAddress;
  private readonly timeoutMs: number;

  constructor(ports: AskPorts, address: ServerAddress, timeoutMs: number) {
    this.ports = ports;
    this.address = address;
    this.timeoutMs = timeoutMs;
  }

  /** Never rejects: what is wrong is the answer. */
  async ask(word: FourLetterWord): Promise<WordAnswer> {
    this.asked++;
    const reached = (host: string, _port: number, local: string): void => {
      if (host !== '') this.reachedHost = host;
      this.sameMachine = host !== '' && host === local;
    };
    const options = { replyBytesMax: REPLY_BYTES_MAX, reached };
    try {
      const reply = await askServer(this.ports, this.address, Buffer.from(word), this.timeoutMs, options);
      return answerOf(reply);
    } catch (error) {
      if (!(error instanceof ZktError)) throw error;
      return silence(error, this.timeoutMs);
    }
  }
}

function answerOf(reply: Buffer): WordAnswer {
  let text = reply.toString('utf8');
  if (reply.length >= REPLY_BYTES_MAX) text = text.slice(0, text.lastIndexOf('\n') + 1);
  const start = text.slice(0, 100);
  if (start.includes('is not executed because it is not in the whitelist')) return { kind: 'forbidden' };
  if (start.startsWith('This ZooKeeper instance is not currently serving requests')) return { kind: 'idle' };
  return { kind: 'text', text, bytes: reply.length };
}

function silence(error: ZktError, timeoutMs: number): WordAnswer {
  if (error.code === 'ZKT_TIMEOUT') {
    return {
      kind: 'silent',
      why: `no answer within ${timeoutMs} ms: it hangs, or packets are lost`,
      closed: false,
    };
  }
  const closed = error.message.endsWith('without a word');
  const why = 'why' in error.context ? String(error.context.why) : error.message;
  if (/ECONNREFUSED/.test(why))
    return { kind: 'silent', why: 'connection refused: nobody listens there', closed };
  return { kind: 'silent', why, closed };
}
