/** What a server is: the first questions, before it is decided how to watch it. */
import { parseConf, parseSrvr } from '../ensemble/server-answer.ts';
import type { Roster } from './roster.ts';
import type { WordAnswer, WordAsker } from './words.ts';

/** What came of it. */
export type Contact =
  | { readonly state: 'silent'; readonly why: string; readonly id: undefined; readonly membership: false }
  | {
      /** `forbidden`: it lives, and may not tell how it is. `idle`: it serves no clients now. */
      readonly state: 'serving' | 'idle' | 'forbidden';
      readonly zkt: boolean;
      /** Empty where it is not told. */
      readonly version: string;
      readonly mode: string;
      /** The answer to `admn`; undefined where there is none. */
      readonly admin: string | undefined;
      readonly id: number | undefined;
      /** It told a configuration that is news. */
      readonly membership: boolean;
    };

/** Versions of zkt carry this. */
export const isZkt = (version: string): boolean => version.includes('-zkt-');

/** Asks. Never rejects. */
export async function contact(asker: WordAsker, roster: Roster): Promise<Contact> {
  const first = await asker.ask('srvr');
  if (first.kind === 'silent') return silent(first.why);
  const srvr = first.kind === 'text' ? parseSrvr(first.text) : undefined;
  if (srvr !== undefined && 'fault' in srvr) return silent(`it answers nonsense: ${srvr.fault}`);
  const version = srvr?.version ?? '';
  // Apache's servers know no such word, and log it: those that say what they are, are not asked.
  const admin = srvr === undefined || isZkt(version) ? await asker.ask('admn') : undefined;
  const url = admin?.kind === 'text' ? adminLine(admin.text) : undefined;
  const conf = await asker.ask('conf');
  return {
    state: srvr !== undefined ? 'serving' : first.kind === 'idle' ? 'idle' : 'forbidden',
    zkt: isZkt(version) || url !== undefined,
    version,
    mode: srvr?.mode ?? '',
    admin: url === '' ? undefined : url,
    ...whoIs(conf, roster),
  };
}

const silent = (why: string): Contact => ({ state: 'silent', why, id: undefined, membership: false });

/** An empty line says that there is no admin; undefined for what is no answer to `admn`. */
function adminLine(text: string): string | undefined {
  const line = text.trim();
  return line === '' || line.startsWith('http://') ? line : undefined;
}

/** What `conf` tells of the server's id and of the configuration, which the roster takes. */
export function whoIs(conf: WordAnswer, roster: Roster): { id: number | undefined; membership: boolean } {
  if (conf.kind !== 'text') return { id: undefined, membership: false };
  const { id, membership } = parseConf(conf.text);
  if (membership === undefined) return { id: undefined, membership: false };
  return { id, membership: roster.offer(membership) };
}
