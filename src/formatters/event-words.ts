/**
 * What people read of an event: a sentence with who, whom, which epoch and why in it, where the table's own
 * would leave out the point; and what of its fields the sentence does not say. For logs on a terminal and
 * for transcripts; a program reads the fields. Pure.
 */
import { hex0x } from '../base/brands.ts';
import { EVENTS, type EventName, type FieldsOf, type ZktEvent } from '../events/table.ts';
import { forWhom, ruleText } from './vote-words.ts';

type Words = { readonly [N in EventName]?: (fields: FieldsOf<N>) => string };

const DOING: Readonly<Record<string, string>> = {
  LEADING: 'leading',
  FOLLOWING: 'following',
  OBSERVING: 'observing',
};
/** Why events were lost, by the words of `feed.dropped`. */
const LOST: Readonly<Record<string, string>> = {
  slow: 'they came faster than they were read',
  disk: 'they could not be written',
  garbage: 'what came was no event',
  flood: 'more came than is looked at',
};
const rounded = (ms: number): string => `${Math.round(ms)} ms`;

const WORDS: Words = {
  'config.warning': ({ file, line, message }) => `${file}${line === 0 ? '' : `:${line}`}: ${message}.`,
  'server.failed': ({ message }) => `The server cannot go on and ends: ${message}.`,
  'peer.state': ({ state, leader }) => {
    if (state === 'LEADING') return 'Elected: this server is to lead.';
    const doing = DOING[state];
    return doing === undefined
      ? 'Looking for a leader.'
      : `${doing[0]?.toUpperCase()}${doing.slice(1)} server ${leader}.`;
  },
  'peer.leaderless': ({ ms, connected, missing }) => {
    const seconds = `No leader for ${Math.round(ms / 1000)} s: `;
    const there =
      connected === '' ? 'no other server' : `server${connected.includes(',') ? 's' : ''} ${connected}`;
    return missing === ''
      ? `${seconds}connected to ${there}, and no quorum agrees.`
      : `${seconds}connected to ${there}; not to ${missing}.`;
  },
  'peer.role-ended': ({ state, why }) => `No longer ${DOING[state] ?? state}: ${why}.`,
  'election.round-started': ({ round, zxid, peerEpoch, votes }) =>
    votes
      ? `Round ${round}: votes for itself (epoch ${peerEpoch}, zxid ${hex0x(zxid)}).`
      : `Round ${round}: looks on, without a vote.`,
  'election.vote-changed': ({ from, rule, ...vote }) =>
    `Votes for ${forWhom(vote)} from now on: ${ruleText({ rule, ...vote })}, told by server ${from}.`,
  'election.vote-told': ({ state, ...vote }) => `Asked, it says: ${state}, for ${forWhom(vote)}.`,
  'election.connected': ({ sid, remote, dialled }) =>
    `Connected with server ${sid} for votes (${dialled ? 'dialled' : 'was dialled from'} ${remote}).`,
  'election.disconnected': ({ sid, why }) => `Connection with server ${sid} for votes ended: ${why}.`,
  'election.unreachable': ({ sid, remote, why }) => `Cannot reach server ${sid} at ${remote}: ${why}.`,
  'election.decided': ({ leader, zxid, round, how, ms }) =>
    `Server ${leader} is elected after ${rounded(ms)} (${how}, round ${round}); its history ends at ${hex0x(zxid)}.`,
  'election.config-heard': ({ from, version }) =>
    `Server ${from} knows a newer configuration, version ${hex0x(version)}.`,
  'zab.epoch-entered': ({ epoch }) => `A quorum has accepted epoch ${epoch}.`,
  'zab.sync-sent': ({ sid, zxid, entries, bytes }) =>
    `Server ${sid} was sent all it missed, up to ${hex0x(zxid)}: ${entries} entries, ${bytes} bytes.`,
  'zab.epoch-chosen': ({ epoch }) => `Epoch ${epoch} begins.`,
  'zab.established': ({ epoch, ms }) =>
    `Leading in epoch ${epoch}: a quorum has its history on disk, after ${rounded(ms)}.`,
  'zab.stepped-down': ({ epoch, why }) =>
    epoch < 0 ? `Leading no longer: ${why}.` : `Leading epoch ${epoch} no longer: ${why}.`,
  'zab.sync-chosen': ({ sid, plan, peer, why }) =>
    `Server ${sid}, whose history ends at ${hex0x(peer)}, is sent ${plan}: ${why}.`,
  'zab.reconfigured': ({ servers, leader }) =>
    `A new configuration with ${servers} servers is in force; server ${leader} leads it.`,
  'zab.epoch-accepted': ({ leader, epoch }) => `Accepted epoch ${epoch} of server ${leader}.`,
  'zab.sync-started': ({ leader, way, from }) =>
    `Server ${leader} sends ${way}: this server's history ends at ${hex0x(from)}.`,
  'zab.synced': ({ leader, epoch, zxid, ms }) =>
    `In step with server ${leader} in epoch ${epoch} at ${hex0x(zxid)}, after ${rounded(ms)}; may serve.`,
  'zab.leader-left': ({ leader, why }) => `Lost server ${leader}, the leader: ${why}.`,
  'zab.leader-refused': ({ leader, why }) => `Server ${leader} sent what no leader may send: ${why}.`,
  'learner.connected': ({ sid, kind }) => `Server ${sid} came as ${kind}.`,
  'learner.ready': ({ sid, kind, zxid }) =>
    `Server ${sid} (${kind}) is in step at ${hex0x(zxid)} and may serve.`,
  'learner.gone': ({ sid, why }) => `Server ${sid} is gone: ${why}.`,
  'quorum.peer-refused': ({ port, remote, why }) =>
    `A connection from ${remote} to the ${port} port was closed: ${why}.`,
  'source.connected': ({ address, kind }) => `Listening to ${address}, a server of ${kind}.`,
  'source.limited': ({ address, what }) => `${address}: ${what}.`,
  'source.lost': ({ address, why }) => `${address} is lost: ${why}.`,
  'source.refused': ({ address, why }) => `${address} does not tell us: ${why}.`,
  'feed.began': ({ replayed, forgotten }) =>
    `The stream begins, with ${replayed} events of before${forgotten > 0 ? `; ${forgotten} more are forgotten` : ''}.`,
  'feed.dropped': ({ why, count, ms }) =>
    why === 'budget'
      ? `Single requests were not told for ${rounded(ms)}: more happen than were asked for (budget).`
      : `${count} events were not told: ${LOST[why] ?? why}.`,
  'admin.listening': ({ host, port }) => `The HTTP admin answers on ${host}:${port}.`,
  'admin.unavailable': ({ host, port, why }) =>
    `There is no HTTP admin: ${host}:${port} cannot be opened: ${why}.`,
  'simulation.said': ({ who, text }) => (who === '' ? `${text}.` : `${who} ${text}.`),
  'request.slow': ({ op, path, ms, stages }) =>
    `${path === '' ? op : `${op} ${path}`} took ${rounded(ms)}: ${stages}.`,
  'request.over-limit': ({ op, limit, value }) => `${op} asks for more than ${limit} allows, ${value}.`,
  'loop.stalled': ({ ms }) => `The event loop did nothing else for ${rounded(ms)}.`,
};

/** The sentence for an event; texts in it are as they came, to be escaped where they are shown. */
export function wordsOf(event: ZktEvent): string {
  const words = WORDS[event.name] as ((fields: ZktEvent['fields']) => string) | undefined;
  return words === undefined ? EVENTS[event.name].says : words(event.fields);
}

/** Fields of an event that `sentence` does not say, each with its value as people read it. */
export function besides(
  event: ZktEvent,
  sentence: string,
): [name: string, value: string | number | boolean][] {
  const kinds: Readonly<Record<string, string>> = EVENTS[event.name].fields;
  const words = new Set(
    sentence
      .toLowerCase()
      .split(/[\s,;()]+/)
      .map((word) => word.replace(/[.:]$/, '')),
  );
  const said = (value: unknown): boolean =>
    typeof value === 'string' && /\s/.test(value)
      ? sentence.includes(value)
      : words.has(String(value).toLowerCase());
  // All is said, if not word by word.
  if (event.name === 'peer.leaderless' || event.name === 'config.warning') return [];
  return Object.entries(event.fields).flatMap(([name, value]) => {
    if (kinds[name] === 'sid' && value === -1n) return [];
    const shown = readable(value, kinds[name]);
    return said(shown) || (typeof value === 'number' && said(Math.round(value))) ? [] : [[name, shown]];
  });
}

/** A zxid or session in hex, a server id as a number, a measured number with one decimal. */
function readable(value: bigint | string | number | boolean, kind: string | undefined) {
  if (typeof value === 'bigint') return kind === 'sid' ? Number(value) : hex0x(value);
  return typeof value === 'number' ? Math.round(value * 10) / 10 : value;
}
