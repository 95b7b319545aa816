/** Events of roles, elections and the ports between servers. */
import { type EventSpec, event } from './declare.ts';

/** A part of the table of events. */
export const ELECTION_EVENTS = {
  'peer.state': event(
    'info',
    'none',
    'A member of an ensemble looks for a leader, leads, follows or observes.',
    {
      state: 'text',
      leader: 'sid',
    },
  ),
  'peer.leaderless': event(
    'warn',
    'none',
    'A member has found no leader for a while. Ids of the others, by whether they are connected for elections.',
    {
      ms: 'number',
      connected: 'text',
      missing: 'text',
    },
  ),
  'peer.role-ended': event('warn', 'counter', 'A member leads, follows or observes no longer.', {
    state: 'text',
    why: 'text',
  }),
  'election.round-started': event(
    'debug',
    'counter',
    'This server votes for itself in a new round of an election.',
    { round: 'number', zxid: 'zxid', peerEpoch: 'number', votes: 'flag' },
  ),
  'election.notification-sent': event('debug', 'counter', 'A vote was told to another server.', {
    to: 'sid',
    state: 'text',
    leader: 'sid',
    zxid: 'zxid',
    peerEpoch: 'number',
    round: 'number',
    version: 'number',
  }),
  'election.notification-received': event('debug', 'counter', 'Another server told its vote.', {
    from: 'sid',
    state: 'text',
    leader: 'sid',
    zxid: 'zxid',
    peerEpoch: 'number',
    round: 'number',
    version: 'number',
  }),
  'election.vote-changed': event(
    'debug',
    'counter',
    'This server votes for another: the rule says what made the vote better (epoch, zxid, sid, weight, round).',
    {
      leader: 'sid',
      zxid: 'zxid',
      peerEpoch: 'number',
      round: 'number',
      rule: 'text',
      from: 'sid',
    },
  ),
  'election.decided': event(
    'info',
    'summary',
    'The election is over for this server: everybody that can be reached agrees (unanimous), a quorum did for a while ' +
      '(quorum), a quorum had settled before (standing), or a reconfiguration named the leader (designated).',
    {
      state: 'text',
      leader: 'sid',
      zxid: 'zxid',
      peerEpoch: 'number',
      round: 'number',
      how: 'text',
      ms: 'number',
    },
  ),
  'election.config-heard': event('info', 'counter', 'Another server knows a newer configuration.', {
    from: 'sid',
    version: 'zxid',
    known: 'zxid',
  }),
  'election.connected': event('debug', 'counter', 'A connection to another server for elections.', {
    sid: 'sid',
    remote: 'text',
    dialled: 'flag',
  }),
  'election.disconnected': event('debug', 'counter', 'A connection for elections ended.', {
    sid: 'sid',
    remote: 'text',
    why: 'text',
  }),
  'election.unreachable': event('debug', 'counter', 'Another server cannot be connected to for elections.', {
    sid: 'sid',
    remote: 'text',
    why: 'text',
  }),
  'election.vote-told': event(
    'debug',
    'none',
    'A server told its vote to somebody who asked at its election port, as a member that looks for a leader would.',
    {
      state: 'text',
      leader: 'sid',
      zxid: 'zxid',
      peerEpoch: 'number',
      round: 'number',
    },
  ),
  'election.notification-ignored': event('warn', 'counter', 'A vote could not be understood.', {
    from: 'sid',
    bytes: 'number',
  }),
  'quorum.peer-refused': event(
    'warn',
    'counter',
    'A connection on the quorum or election port was closed for what came over it.',
    { port: 'text', remote: 'text', why: 'text' },
  ),
  'quorum.slow-peer': event(
    'warn',
    'counter',
    'A server does not read what is sent to it; it was disconnected.',
    { remote: 'text', bytes: 'number', limit: 'number' },
  ),
} as const satisfies Record<string, EventSpec>;
