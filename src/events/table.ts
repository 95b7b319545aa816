/**
 * The one table of events. Name, fields, level, sentence and metric of everything zkt tells about itself; the
 * union type, the NDJSON line, the server's log, metrics, `docs/events.md`, dashboards, traces and checkers
 * derive from it.
 *
 * Names are `noun.happened`. Machines only emit; the bus stamps node, sequence and time.
 */

/** Field types: how a value is typed, and how it is written in NDJSON. */
export interface FieldKinds {
  /** Any text; written escaped. */
  text: string;
  /** A count, a size in bytes, a duration in milliseconds: the field's name says which. */
  number: number;
  flag: boolean;
  /** Written as `0x…`. */
  zxid: bigint;
  /** Written as `0x…`. */
  session: bigint;
  /** The id of a server; -1 for none. Written as a number. */
  sid: bigint;
}
/** The name of a field type. */
export type FieldKind = keyof FieldKinds;
/** Importance: `trace` for events a busy server emits per request, up to `error`. */
export type EventLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';
/** How an event feeds metrics: counted, or its `ms` field summarised. */
export type MetricKind = 'none' | 'counter' | 'summary';

/** The declaration of one event. */
export interface EventSpec {
  readonly level: EventLevel;
  readonly says: string;
  readonly metric: MetricKind;
  readonly fields: Readonly<Record<string, FieldKind>>;
}

const event = <const F extends Record<string, FieldKind>>(
  level: EventLevel,
  metric: MetricKind,
  says: string,
  fields: F,
) => ({ level, metric, says, fields });

/** Every event there is. */
export const EVENTS = {
  'server.starting': event('info', 'none', 'The server begins to start.', {
    version: 'text',
    dataDir: 'text',
  }),
  'server.serving': event('info', 'none', 'The server answers clients.', {
    host: 'text',
    port: 'number',
    zxid: 'zxid',
    nodes: 'number',
    sessions: 'number',
    ms: 'number',
  }),
  'server.stopping': event('info', 'none', 'The server stops in good order.', { reason: 'text' }),
  'server.stopped': event('info', 'none', 'The server has stopped.', { zxid: 'zxid' }),
  'server.failed': event('error', 'none', 'The server cannot go on and ends.', {
    code: 'text',
    message: 'text',
  }),
  'config.seen': event(
    'info',
    'counter',
    'A configuration of the ensemble newer than the one in force was heard of: it may come into force.',
    { version: 'zxid', servers: 'number' },
  ),
  'config.activated': event('info', 'counter', 'A configuration of the ensemble is in force from now on.', {
    version: 'zxid',
    servers: 'number',
    file: 'text',
  }),
  'config.warning': event(
    'warn',
    'counter',
    'A line of the configuration does not do what it seems to say.',
    {
      file: 'text',
      line: 'number',
      message: 'text',
    },
  ),

  'connection.opened': event('debug', 'counter', 'A client connected.', {
    connection: 'number',
    remote: 'text',
  }),
  'connection.closed': event('debug', 'counter', 'A client connection ended.', {
    connection: 'number',
    remote: 'text',
    session: 'session',
    reason: 'text',
  }),
  'connection.refused': event('warn', 'counter', 'A client was turned away at the door.', {
    remote: 'text',
    limit: 'text',
    value: 'number',
  }),
  'connection.bad-input': event(
    'warn',
    'counter',
    'A client sent bytes that are no request; it was disconnected.',
    {
      connection: 'number',
      remote: 'text',
      message: 'text',
    },
  ),
  'connection.throttled': event(
    'debug',
    'counter',
    'A connection is not read from until its requests are answered.',
    {
      connection: 'number',
      outstanding: 'number',
      limit: 'text',
    },
  ),
  'connection.slow-reader': event(
    'warn',
    'counter',
    'A client does not read its replies; it was disconnected.',
    {
      connection: 'number',
      remote: 'text',
      bytes: 'number',
    },
  ),
  'command.four-letter': event('debug', 'counter', 'A four-letter word was asked.', {
    word: 'text',
    remote: 'text',
  }),

  'session.created': event('debug', 'counter', 'A session began.', {
    session: 'session',
    timeoutMs: 'number',
    bucketMs: 'number',
  }),
  'session.resumed': event('debug', 'counter', 'A client came back to its session.', {
    session: 'session',
    timeoutMs: 'number',
  }),
  'session.refused': event(
    'debug',
    'counter',
    'A session was not resumed: unknown, expired or a wrong password.',
    {
      session: 'session',
      why: 'text',
    },
  ),
  'session.touched': event('trace', 'none', 'A session moved to another expiry bucket.', {
    session: 'session',
    bucketMs: 'number',
  }),
  'session.expired': event('info', 'counter', 'A session was silent for too long.', {
    session: 'session',
    timeoutMs: 'number',
    bucketMs: 'number',
  }),
  'session.moved': event('debug', 'counter', 'A client went on with its session at another server.', {
    session: 'session',
  }),
  'session.upgraded': event('debug', 'counter', 'A local session becomes one of the ensemble.', {
    session: 'session',
  }),
  'session.closed': event('debug', 'counter', 'A session ended and its ephemerals are gone.', {
    session: 'session',
    ephemerals: 'number',
    zxid: 'zxid',
  }),

  'request.received': event('trace', 'none', 'A request arrived.', {
    session: 'session',
    cxid: 'number',
    op: 'text',
    path: 'text',
    bytes: 'number',
  }),
  'request.prepared': event('trace', 'none', 'A write was checked and became a transaction.', {
    session: 'session',
    cxid: 'number',
    op: 'text',
    zxid: 'zxid',
    err: 'number',
  }),
  'request.logged': event('trace', 'none', 'A transaction is on disk.', {
    session: 'session',
    cxid: 'number',
    zxid: 'zxid',
  }),
  'request.applied': event('trace', 'none', 'A transaction changed the tree.', {
    session: 'session',
    cxid: 'number',
    zxid: 'zxid',
  }),
  'request.replied': event('trace', 'none', 'A request was answered.', {
    session: 'session',
    cxid: 'number',
    op: 'text',
    zxid: 'zxid',
    err: 'number',
    ms: 'number',
  }),
  'request.throttled': event('debug', 'counter', 'Requests wait because too many are in flight.', {
    outstanding: 'number',
    limit: 'text',
  }),

  'watch.set': event('trace', 'none', 'A watch was set.', { session: 'session', path: 'text', mode: 'text' }),
  'watch.fired': event('trace', 'counter', 'A watch fired.', {
    session: 'session',
    path: 'text',
    type: 'text',
    zxid: 'zxid',
  }),
  'watch.limit': event('warn', 'counter', 'A connection holds too many watches; it was disconnected.', {
    session: 'session',
    watches: 'number',
  }),

  'tree.quota-exceeded': event('warn', 'counter', 'A soft quota is exceeded.', {
    path: 'text',
    what: 'text',
    used: 'number',
    limit: 'number',
  }),
  'tree.ttl-off': event(
    'warn',
    'none',
    'There are TTL nodes, and extendedTypesEnabled is off: they are kept and do not expire.',
    { nodes: 'number', example: 'text' },
  ),
  'tree.digest-mismatch': event('error', 'counter', 'The tree differs from what the log says it should be.', {
    zxid: 'zxid',
    expected: 'text',
    actual: 'text',
  }),

  'log.rolled': event('info', 'counter', 'A new transaction log was begun.', { file: 'text' }),
  'log.appended': event('trace', 'none', 'Transactions were written to the log.', {
    count: 'number',
    bytes: 'number',
    zxid: 'zxid',
  }),
  'log.synced': event('trace', 'summary', 'The log was forced to disk.', {
    count: 'number',
    zxid: 'zxid',
    ms: 'number',
  }),
  'log.slow-sync': event('warn', 'counter', 'Forcing the log to disk took too long.', {
    file: 'text',
    ms: 'number',
  }),
  'log.recovered': event('info', 'none', 'A log was replayed at start.', {
    file: 'text',
    count: 'number',
    lastZxid: 'zxid',
    end: 'text',
  }),
  'log.tail-cut': event(
    'warn',
    'counter',
    'The end of a log had not been forced to disk when the server died, so nobody was told of it; it was cut off.',
    { file: 'text', offset: 'number', bytes: 'number', why: 'text' },
  ),
  'log.damage-passed': event(
    'warn',
    'counter',
    'A damaged log record was passed over, since the snapshot or a later record covers it.',
    { file: 'text', offset: 'number', why: 'text' },
  ),
  'snapshot.started': event('info', 'none', 'A snapshot is being written.', { file: 'text', zxid: 'zxid' }),
  'snapshot.finished': event('info', 'summary', 'A snapshot is complete and on disk.', {
    file: 'text',
    zxid: 'zxid',
    nodes: 'number',
    bytes: 'number',
    ms: 'number',
  }),
  'snapshot.sent': event('info', 'summary', 'A snapshot was sent to a learner.', {
    remote: 'text',
    zxid: 'zxid',
    nodes: 'number',
    bytes: 'number',
    ms: 'number',
  }),
  'snapshot.failed': event('error', 'counter', 'A snapshot could not be written.', {
    file: 'text',
    message: 'text',
  }),
  'snapshot.loaded': event('info', 'summary', 'A snapshot was loaded at start.', {
    file: 'text',
    zxid: 'zxid',
    nodes: 'number',
    ms: 'number',
  }),
  'snapshot.skipped': event('warn', 'counter', 'A snapshot file was passed over at start.', {
    file: 'text',
    why: 'text',
  }),
  'purge.removed': event('info', 'counter', 'An old file was removed.', { file: 'text' }),
  'purge.failed': event('warn', 'counter', 'Old files could not be removed; the next purge tries again.', {
    file: 'text',
    message: 'text',
  }),
  'disk.full': event('error', 'counter', 'There is no space left; writes are refused until there is.', {
    file: 'text',
    message: 'text',
  }),
  'disk.recovered': event('info', 'counter', 'There is space again; writes are accepted.', { file: 'text' }),

  'peer.state': event(
    'info',
    'none',
    'A member of an ensemble looks for a leader, leads, follows or observes.',
    {
      state: 'text',
      leader: 'sid',
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
    bytes: 'number',
    followers: 'number',
  }),
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

  'loop.stalled': event('warn', 'summary', 'The event loop did nothing else for a while.', { ms: 'number' }),
} as const satisfies Record<string, EventSpec>;

/** The name of an event. */
export type EventName = keyof typeof EVENTS;
/** The fields of an event, by its name. */
export type FieldsOf<N extends EventName> = {
  -readonly [K in keyof (typeof EVENTS)[N]['fields']]: (typeof EVENTS)[N]['fields'][K] extends FieldKind
    ? FieldKinds[(typeof EVENTS)[N]['fields'][K]]
    : never;
};

/** An event as it happened: which, where, in what order, when (wall clock, ms since 1970), and its fields. */
export type ZktEvent = {
  [N in EventName]: {
    readonly name: N;
    readonly node: string;
    readonly seq: number;
    readonly time: number;
    readonly fields: FieldsOf<N>;
  };
}[EventName];

/** Every event name. */
export const EVENT_NAMES = Object.keys(EVENTS) as EventName[];
