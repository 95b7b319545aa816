/** Where the HTTP admin of a server is, from what it says and from how it was reached. */
import { addressText, type ServerAddress } from '../../client/connect-string.ts';
import { plainHost } from '../ensemble/server-answer.ts';

const URL_TEXT = /^http:\/\/(\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z_.-]{1,255}):(\d{1,5})\s*$/;
const LOOPBACK = '127.0.0.1';

/**
 * Reads the answer to `admn`; undefined where there is none. The host is the one the server was reached by:
 * what it takes for its own address may lead elsewhere from here, and a token is for the server that was
 * named and for no other. Only a server on this machine is believed when it names loopback.
 */
export function adminUrlOf(
  text: string,
  asked: ServerAddress,
  reached: { readonly sameMachine: boolean },
): string | undefined {
  const found = URL_TEXT.exec(text);
  const port = Number(found?.[2]);
  if (found === null || port < 1 || port > 65_535) return undefined;
  const told = (found[1] as string).replace(/^\[|\]$/g, '');
  const host = reached.sameMachine && plainHost(told) === LOOPBACK ? told : asked.host;
  return `http://${addressText({ host, port })}`;
}
