/** Events of leader and learners agreeing. */
import { type EventSpec, event } from './declare.ts';

/** A part of the table of events. */
export const ZAB_EVENTS = {
  'learner.connected': event('info', 'counter', 'A learner said who it is.', {
    sid: 'sid',
    remote: 'text',
    kind: 'text',
    epoch: 'number',
  }),
  'learner.ready': event(
    'info',
    'counter',
    'A learner has the history of the epoch and may serve (UPTODATE).',
    {
      sid: 'sid',
      kind: 'text',
      zxid: 'zxid',
    },
  ),
  'learner.gone': event('warn', 'counter', 'The connection of a learner has ended.', {
    sid: 'sid',
    remote: 'text',
    why: 'text',
  }),
  'learner.throttled': event('warn', 'counter', 'Too many learners are brought up to date; one must wait.', {
    sid: 'sid',
    plan: 'text',
    limit: 'number',
  }),
  'zab.epoch-chosen': event(
    'info',
    'none',
    'A quorum has told its epochs; the new one is chosen and written.',
    {
      epoch: 'number',
    },
  ),
  'zab.epoch-entered': event('info', 'none', 'A quorum has accepted the epoch; its leader has entered it.', {
    epoch: 'number',
  }),
  'zab.established': event('info', 'counter', 'A quorum has the history of the epoch on disk.', {
    epoch: 'number',
    ms: 'number',
  }),
  'zab.stepped-down': event('warn', 'counter', 'This server leads no longer.', {
    epoch: 'number',
    why: 'text',
  }),
  'zab.sync-chosen': event('info', 'counter', 'How a learner gets to the history of its leader, and why.', {
    sid: 'sid',
    plan: 'text',
    peer: 'zxid',
    zxid: 'zxid',
    why: 'text',
  }),
  'zab.sync-sent': event('info', 'none', 'A learner was sent all it missed.', {
    sid: 'sid',
    zxid: 'zxid',
    entries: 'number',
    bytes: 'number',
  }),
  'zab.proposed': event('trace', 'counter', 'The leader sent a proposal to its followers.', {
    zxid: 'zxid',
    session: 'session',
    cxid: 'number',
    bytes: 'number',
    followers: 'number',
  }),
  'zab.proposal-received': event(
    'trace',
    'none',
    'A learner got a proposal, or what was committed without it.',
    {
      zxid: 'zxid',
      session: 'session',
      cxid: 'number',
      bytes: 'number',
      leader: 'sid',
    },
  ),
  'zab.acked': event('trace', 'counter', 'A server has everything up to that proposal on disk.', {
    sid: 'sid',
    zxid: 'zxid',
  }),
  'zab.committed': event('trace', 'counter', 'A quorum has everything up to that proposal on disk.', {
    zxid: 'zxid',
  }),
  'zab.reconfigured': event('info', 'counter', 'A reconfiguration was committed.', {
    zxid: 'zxid',
    servers: 'number',
    leader: 'sid',
  }),
  'zab.epoch-accepted': event('info', 'none', 'A learner has promised to hear no older leader.', {
    leader: 'sid',
    epoch: 'number',
  }),
  'zab.sync-started': event(
    'info',
    'counter',
    'The leader says how this server gets to its history: DIFF (what is missing), TRUNC (the end is cut off first) or ' +
      'SNAP (a whole snapshot).',
    { leader: 'sid', way: 'text', from: 'zxid', zxid: 'zxid' },
  ),
  'zab.synced': event(
    'info',
    'summary',
    'This server has the history of its leader and may serve (UPTODATE).',
    {
      leader: 'sid',
      epoch: 'number',
      zxid: 'zxid',
      ms: 'number',
    },
  ),
  'zab.leader-refused': event('warn', 'counter', 'A leader sent what no leader may send.', {
    leader: 'sid',
    why: 'text',
  }),
  'zab.leader-left': event('info', 'counter', 'This server follows its leader no longer.', {
    leader: 'sid',
    why: 'text',
    received: 'zxid',
    logged: 'zxid',
    committed: 'zxid',
  }),
  'zab.packet-sent': event('trace', 'counter', 'A packet was sent on the quorum port.', {
    peer: 'sid',
    type: 'number',
    zxid: 'zxid',
    bytes: 'number',
  }),
  'zab.packet-received': event('trace', 'counter', 'A packet arrived on the quorum port.', {
    peer: 'sid',
    type: 'number',
    zxid: 'zxid',
    bytes: 'number',
  }),
  'zab.learner-sampled': event('trace', 'none', 'How far a learner is, as its leader sees it.', {
    sid: 'sid',
    kind: 'text',
    phase: 'text',
    acked: 'zxid',
    lag: 'number',
    queuedBytes: 'number',
  }),
  'zab.packets-sampled': event(
    'trace',
    'none',
    'Packets of one type to and from one server on the quorum port, since the sample before.',
    { peer: 'sid', type: 'number', sent: 'number', received: 'number', bytes: 'number', ms: 'number' },
  ),
} as const satisfies Record<string, EventSpec>;
