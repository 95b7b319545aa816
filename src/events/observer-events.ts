/** Events of those who look on: what a dashboard or a recorder knows of the servers it listens to. */
import { type EventSpec, event } from './declare.ts';

/** A part of the table of events. Their node is the server that is looked at. */
export const OBSERVER_EVENTS = {
  'source.connected': event('info', 'none', 'A server is listened to (kind: zkt or apache).', {
    address: 'text',
    kind: 'text',
    version: 'text',
  }),
  'source.limited': event('info', 'none', 'What cannot be known of a server, and why.', {
    address: 'text',
    what: 'text',
  }),
  'source.lost': event('warn', 'none', 'A server does not answer any more, or answers nonsense.', {
    address: 'text',
    why: 'text',
  }),
  'source.refused': event(
    'warn',
    'none',
    'A server answers, but not to us: a token is wanted, or a word is not allowed.',
    {
      address: 'text',
      why: 'text',
    },
  ),
  'simulation.said': event(
    'info',
    'none',
    'The simulator says what it does to the ensemble, or what happens to a client.',
    { who: 'text', text: 'text' },
  ),
} as const satisfies Record<string, EventSpec>;
