/** An election in words. */
import { hex0x } from '../../../base/brands.ts';
import type { ZktEvent } from '../../../events/table.ts';
import { wordsOf } from '../../../formatters/event-words.ts';
import { eventText } from '../../event-line.ts';
import type { Tone } from '../../lines.ts';
import type { CastVote } from './state.ts';

/**
 * Why a vote is better than another: the rules of `election.vote-changed`, and what else a vote comes from.
 */
const RULES: Readonly<Record<string, string>> = {
  first: 'for itself',
  told: 'when asked',
  epoch: 'higher epoch',
  zxid: 'later zxid',
  sid: 'higher id',
  weight: 'has weight',
  round: 'newer round',
  standing: 'leads already',
  designated: 'was named',
};

/** The rule of a vote in at most 12 columns; what the server says where it is none of those known. */
export const ruleText = ({ rule, leader }: Pick<CastVote, 'rule' | 'leader'>): string =>
  rule === 'first' && leader < 0n ? 'has no vote' : (RULES[rule] ?? rule);

/** What is not told is below 0. */
const epochText = (epoch: number): string => (epoch < 0 ? '?' : String(epoch));
const zxidText = (zxid: bigint): string => (zxid < 0n ? '?' : hex0x(zxid));

/** A vote: leader, epoch, zxid. */
export const voteText = ({
  leader,
  peerEpoch,
  zxid,
}: Pick<CastVote, 'leader' | 'peerEpoch' | 'zxid'>): string =>
  leader < 0n ? 'nobody' : `${leader} e${epochText(peerEpoch)} ${zxidText(zxid)}`;

const forWhom = (vote: { leader: bigint; peerEpoch: number; zxid: bigint; round: number }): string =>
  vote.leader < 0n
    ? `nobody (round ${vote.round})`
    : `server ${vote.leader} (epoch ${epochText(vote.peerEpoch)}, zxid ${zxidText(vote.zxid)}, round ${vote.round})`;

/** An event of an election as a sentence. */
export function storyText(event: ZktEvent): string {
  switch (event.name) {
    case 'election.round-started': {
      const { round, zxid, peerEpoch, votes } = event.fields;
      return votes
        ? `Round ${round}: votes for itself (epoch ${peerEpoch}, zxid ${hex0x(zxid)}).`
        : `Round ${round}: looks on, without a vote.`;
    }
    case 'election.notification-sent': {
      const { to, state } = event.fields;
      return `tells server ${to}: ${state}, for ${forWhom(event.fields)}`;
    }
    case 'election.notification-received': {
      const { from, state } = event.fields;
      return `hears from server ${from}: ${state}, for ${forWhom(event.fields)}`;
    }
    case 'election.vote-changed': {
      const { from, rule, leader } = event.fields;
      return `Votes for ${forWhom(event.fields)} from now on: ${ruleText({ rule, leader })}, told by server ${from}.`;
    }
    case 'election.vote-told':
      return `Asked, it says: ${event.fields.state}, for ${forWhom(event.fields)}.`;
    case 'election.connected': {
      const { sid, remote, dialled } = event.fields;
      return `Connected with server ${sid} for votes (${dialled ? 'dialled' : 'was dialled from'} ${remote}).`;
    }
    case 'election.disconnected':
      return `Connection with server ${event.fields.sid} for votes ended: ${event.fields.why}.`;
    case 'election.unreachable':
      return `Cannot reach server ${event.fields.sid} at ${event.fields.remote}: ${event.fields.why}.`;
    case 'zab.epoch-entered':
      return `A quorum has accepted epoch ${event.fields.epoch}.`;
    case 'zab.sync-sent': {
      const { sid, zxid, entries, bytes } = event.fields;
      return `Server ${sid} was sent all it missed, up to ${hex0x(zxid)}: ${entries} entries, ${bytes} bytes.`;
    }
    case 'peer.state':
    case 'election.decided':
      return wordsOf(event);
    default:
      return eventText(event);
  }
}

/** How an event of an election looks. */
export function storyTone({ name }: ZktEvent): Tone {
  switch (name) {
    case 'election.notification-sent':
    case 'election.notification-received':
    case 'election.connected':
    case 'election.disconnected':
      return 'dim';
    case 'election.vote-changed':
      return 'accent';
    case 'election.decided':
    case 'zab.established':
    case 'zab.synced':
    case 'learner.ready':
      return 'good';
    case 'peer.role-ended':
    case 'peer.leaderless':
    case 'zab.leader-left':
    case 'zab.stepped-down':
    case 'zab.leader-refused':
    case 'learner.gone':
    case 'source.lost':
      return 'warn';
    case 'server.failed':
      return 'bad';
    default:
      return 'plain';
  }
}
