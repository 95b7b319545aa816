/** The checkers find what they are for: histories that are right, and the same with one thing wrong. */
import { describe, expect, it } from 'vitest';
import { OPEN_ACL } from '../../src/protocol/acl.ts';
import { OP } from '../../src/protocol/opcodes.ts';
import type { Txn, TxnEntry } from '../../src/protocol/txn.ts';
import { EVENT } from '../../src/protocol/watch-types.ts';
import { checkHistory } from '../../src/sim/checkers/check-history.ts';
import { checkWatches } from '../../src/sim/checkers/check-watches.ts';
import type { Arrival, History, HistoryConnection, HistoryRequest } from '../../src/sim/checkers/history.ts';
import { ModelTree } from '../../src/sim/checkers/model-tree.ts';

const SESSION = 7n;
const OTHER = 8n;
const acl = [...OPEN_ACL];

/** Writes histories down: each request is answered by the model, at the next zxid. */
class Story {
  readonly log: TxnEntry[] = [];
  readonly connections: HistoryConnection[] = [];
  private readonly model = new ModelTree();
  private now = 0;
  private cxid = 0;

  constructor() {
    for (const session of [SESSION, OTHER]) {
      this.append(session, 0, { type: OP.createSession, timeOut: 4000 });
      this.connections.push({ id: this.connections.length, session, requests: [], arrivals: [] });
    }
  }

  get zxid(): bigint {
    return BigInt(this.log.length);
  }

  append(session: bigint, cxid: number, txn: Txn): void {
    const zxid = this.zxid + 1n;
    const header = { clientId: session, cxid, zxid, time: 1000n + zxid, type: txn.type };
    this.log.push({ header, txn, digest: undefined });
  }

  create(path: string, who = 0, flags = 0): HistoryRequest {
    const data = Buffer.from(path);
    return this.write(who, OP.create, { path, data, acl, flags }, (made) => ({
      type: OP.create,
      path: made.path,
      data,
      acl,
      ephemeral: flags === 1,
      parentCVersion: 1,
    }));
  }

  set(path: string, text: string, who = 0): HistoryRequest {
    const data = Buffer.from(text);
    return this.write(who, OP.setData, { path, data, version: -1 }, () => ({
      type: OP.setData,
      path,
      data,
      version: 1,
    }));
  }

  get(path: string, who = 0, watch = false): HistoryRequest {
    const request = this.ask(who, OP.getData, { path, watch });
    const node = this.model.node(path);
    const body = node === undefined ? undefined : { data: node.data, stat: this.model.stat(path) };
    return this.answer(request, this.zxid, node === undefined ? -101 : 0, body);
  }

  event(who: number, type: 1 | 2 | 3 | 4, path: string): void {
    this.connection(who).arrivals.push({ kind: 'event', event: { type, state: 3, path }, atMs: ++this.now });
  }

  end(session: bigint, paths2Delete: string[]): void {
    this.append(session, 0, { type: OP.closeSession, paths2Delete });
    const { zxid } = this;
    this.model.closeSession({ zxid, time: 1000n + zxid, session });
  }

  history(): History {
    return { connections: this.connections };
  }

  rules(): string[] {
    const verdict = checkHistory(this.history(), this.log);
    const watches = checkWatches(this.history(), verdict.changes);
    return [...new Set([...verdict.violations, ...watches.violations].map(({ rule }) => rule))];
  }

  connection(who: number): HistoryConnection {
    return this.connections[who] as HistoryConnection;
  }

  private ask(who: number, op: number, body: unknown): HistoryRequest {
    const { id, session, requests } = this.connection(who);
    const request: HistoryRequest = {
      connection: id,
      session,
      cxid: ++this.cxid,
      op,
      body,
      sentMs: ++this.now,
      reply: undefined,
    };
    requests.push(request);
    return request;
  }

  private write(
    who: number,
    op: number,
    body: unknown,
    txn: (made: { path: string }) => Txn,
  ): HistoryRequest {
    const request = this.ask(who, op, body);
    const at = { zxid: this.zxid + 1n, time: 1001n + this.zxid, session: request.session };
    const outcome = this.model.write(op, body, at);
    if (outcome === undefined) throw new Error('the model does not know it');
    const made =
      outcome.err === 0 ? txn(outcome.body as { path: string }) : { type: OP.error, err: outcome.err };
    this.append(request.session, request.cxid, made as Txn);
    return this.answer(request, at.zxid, outcome.err, outcome.body);
  }

  private answer(request: HistoryRequest, zxid: bigint, err: number, body: unknown): HistoryRequest {
    request.reply = { atMs: ++this.now, zxid, err, body: err === 0 ? body : undefined };
    this.connection(request.connection).arrivals.push({ kind: 'reply', request });
    return request;
  }
}

/** A history with a bit of everything, all of it right. */
const good = (): Story => {
  const story = new Story();
  story.create('/a');
  story.create('/a/s-', 1, 2);
  story.create('/a/s-', 0, 2);
  story.create('/e', 1, 1);
  story.set('/a', 'one');
  story.get('/a', 1);
  story.create('/a');
  story.get('/none');
  return story;
};

const reply = (request: HistoryRequest, change: object): void => {
  request.reply = { ...(request.reply as NonNullable<HistoryRequest['reply']>), ...change };
};

describe('a history', () => {
  it('that is right has nothing to object to', () => {
    expect(good().rules()).toEqual([]);
  });

  const wrong: readonly [rule: string, spoil: (story: Story) => void][] = [
    [
      'nothing acknowledged is lost',
      (s) => {
        s.set('/a', 'two');
        s.log.pop();
      },
    ],
    [
      'nothing is applied twice',
      (s) => {
        const { header, txn } = s.log.at(-1) as TxnEntry;
        s.append(header.clientId, header.cxid, txn);
      },
    ],
    [
      'nobody invents writes',
      (s) => s.append(SESSION, 999, { type: OP.setData, path: '/a', data: null, version: 5 }),
    ],
    ['zxids have no gaps', (s) => void s.log.splice(3, 1)],
    ['replies are right', (s) => reply(s.set('/a', 'two'), { err: -103 })],
    ['replies are right', (s) => reply(s.create('/a/s-', 0, 2), { body: { path: '/a/s-0000000001' } })],
    ['a reply bears its zxid', (s) => reply(s.set('/a', 'two'), { zxid: 2n })],
    ['reads are right', (s) => reply(s.get('/a'), { body: { data: Buffer.from('stale'), stat: {} } })],
    ['reads are right', (s) => reply(s.get('/a'), { err: -101 })],
    [
      'real time',
      (s) => {
        const read = s.get('/e', 1);
        s.set('/a', 'two');
        const late = s.get('/e', 1);
        reply(late, { zxid: (read.reply as { zxid: bigint }).zxid });
      },
    ],
    ['no reply from the future', (s) => reply(s.get('/a'), { zxid: 1000n })],
    [
      'zxids never fall in a session',
      (s) => {
        const first = s.get('/e', 0);
        s.set('/a', 'two', 1);
        s.get('/e', 0);
        const back = s.get('/e', 0);
        reply(back, { zxid: (first.reply as { zxid: bigint }).zxid });
      },
    ],
    ['ephemerals go with their session', (s) => s.end(OTHER, [])],
    ['ephemerals go with their session', (s) => s.end(SESSION, ['/e'])],
    [
      'nothing after the end of a session',
      (s) => {
        s.end(OTHER, ['/e']);
        s.set('/a', 'ghost', 1);
      },
    ],
    [
      'a session ends once',
      (s) => {
        s.end(OTHER, ['/e']);
        s.end(OTHER, []);
      },
    ],
    [
      'the log holds what was asked',
      (s) => {
        s.set('/a', 'two');
        const { header } = s.log.at(-1) as TxnEntry;
        s.log.splice(-1, 1, { header, txn: { type: OP.error, err: -103 }, digest: undefined });
      },
    ],
    ['only idle containers are reaped', (s) => s.append(0n, 0, { type: OP.deleteContainer, path: '/a' })],
    [
      'a session keeps its order',
      (s) => {
        const two = s.set('/a', 'two');
        const three = s.set('/a', 'three');
        for (const lost of [two, three]) lost.reply = undefined;
        s.connection(0).arrivals.splice(-2);
        const [a, b] = s.log.splice(-2) as [TxnEntry, TxnEntry];
        s.append(SESSION, three.cxid, b.txn);
        s.append(SESSION, two.cxid, a.txn);
      },
    ],
  ];
  it.each(wrong)('with one thing wrong: %s', (rule, spoil) => {
    const story = good();
    spoil(story);
    expect(story.rules()).toContain(rule);
  });

  it('may have done what was not answered, or not', () => {
    const done = good();
    done.set('/a', 'two').reply = undefined;
    done.connection(0).arrivals.pop();
    expect(done.rules()).toEqual([]);
    const undone = good();
    undone.set('/a', 'two').reply = undefined;
    undone.connection(0).arrivals.pop();
    undone.log.pop();
    expect(undone.rules()).toEqual([]);
  });
});

describe('watches', () => {
  const watched = (): Story => {
    const story = good();
    story.get('/a', 1, true);
    return story;
  };

  it('that fire once, before the reply that shows the change, are right', () => {
    const story = watched();
    story.set('/a', 'two');
    story.event(1, EVENT.nodeDataChanged, '/a');
    story.get('/a', 1);
    story.set('/a', 'three');
    story.get('/a', 1);
    expect(story.rules()).toEqual([]);
  });

  it('that never fire are found', () => {
    const story = watched();
    story.set('/a', 'two');
    story.get('/a', 1);
    expect(story.rules()).toEqual(['no event is lost, none comes late']);
  });

  it('that fire after the reply that shows the change are found', () => {
    const story = watched();
    story.set('/a', 'two');
    story.get('/a', 1);
    story.event(1, EVENT.nodeDataChanged, '/a');
    story.get('/a', 1);
    expect(story.rules()).toEqual(['no event is lost, none comes late', 'no event without a change']);
  });

  it('that fire twice, or for nothing, are found', () => {
    const story = watched();
    story.set('/a', 'two');
    story.event(1, EVENT.nodeDataChanged, '/a');
    story.get('/a', 1);
    story.event(1, EVENT.nodeDataChanged, '/a');
    story.get('/a', 1);
    expect(story.rules()).toEqual(['no event without a change']);
    const other = watched();
    other.event(1, EVENT.nodeDeleted, '/a');
    other.get('/a', 1);
    expect(other.rules()).toEqual(['no event without a change']);
  });

  it('are told what they missed in answer to setWatches', () => {
    for (const told of [true, false]) {
      const story = watched();
      const seen = story.zxid;
      story.set('/a', 'two');
      const connection: HistoryConnection = { id: 2, session: OTHER, requests: [], arrivals: [] };
      story.connections.push(connection);
      const body = { relativeZxid: seen, dataWatches: ['/a'], existWatches: [], childWatches: [] };
      const request: HistoryRequest = {
        connection: 2,
        session: OTHER,
        cxid: -8,
        op: OP.setWatches,
        body,
        sentMs: 900,
        reply: { atMs: 901, zxid: story.zxid, err: 0, body: {} },
      };
      connection.requests.push(request);
      const event = { type: EVENT.nodeDataChanged, state: 3, path: '/a' };
      const arrivals: Arrival[] = told ? [{ kind: 'event', event, atMs: 900 }] : [];
      connection.arrivals.push(...arrivals, { kind: 'reply', request });
      expect(story.rules()).toEqual(told ? [] : ['no event is lost, none comes late']);
    }
  });
});
