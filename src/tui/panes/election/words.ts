/** An election in words. */
import type { ZktEvent } from '../../../events/table.ts';
import { wordsOf } from '../../../formatters/event-words.ts';
import { forWhom } from '../../../formatters/vote-words.ts';
import { eventText } from '../../event-line.ts';
import type { Tone } from '../../lines.ts';

/** An event of an election as a sentence. */
export function storyText(event: ZktEvent): string {
  switch (event.name) {
    case 'election.notification-sent': {
      const { to, state } = event.fields;
      return `tells server ${to}: ${state}, for ${forWhom(event.fields)}`;
    }
    case 'election.notification-received': {
      const { from, state } = event.fields;
      return `hears from server ${from}: ${state}, for ${forWhom(event.fields)}`;
    }
    case 'peer.state':
    case 'election.round-started':
    case 'election.vote-changed':
    case 'election.vote-told':
    case 'election.connected':
    case 'election.disconnected':
    case 'election.unreachable':
    case 'election.decided':
    case 'zab.epoch-entered':
    case 'zab.sync-sent':
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
