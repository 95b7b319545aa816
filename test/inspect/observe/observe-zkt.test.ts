import { expect, test } from 'vitest';
import { LINE_BYTES_MAX } from '../../../src/inspect/observe/feed-lines.ts';
import {
  at,
  conf,
  type FakeRequest,
  FakeWorld,
  forbidden,
  NOT_SERVING,
  srvr,
  WALL_START_MS,
  ZKT,
} from './fake-world.ts';

/** A line of a stream: an event of server 1. */
const line = (seq: number, name: string, fields: Record<string, unknown>, ms = seq): string =>
  `${JSON.stringify({ v: 1, time: new Date(WALL_START_MS + ms).toISOString(), node: '1', seq, name, ...fields })}\n`;
const began = (replayed = 0, sid = 1): string =>
  line(0, 'feed.began', { version: ZKT, sid, replayed, forgotten: 0 });
const round = (seq: number, ms = seq): string =>
  line(seq, 'election.round-started', { round: seq, zxid: '0x1', peerEpoch: 1, votes: true }, ms);

/** A world with one server of zkt, in an ensemble of its own, at port 21. */
function zktWorld(admin = 'http://127.0.0.1:8081\n'): FakeWorld {
  const world = new FakeWorld();
  const words: Record<string, string> = { srvr: srvr('leader', ZKT), admn: admin, conf: conf(1, [1], 20) };
  world.servers.set('127.0.0.1:21', { words: (word) => words[word] });
  return world;
}

test('its events pass through, and it is told what it is', async () => {
  const world = zktWorld();
  world.http = (request) => {
    request.begin(200);
    request.send(began() + round(7));
  };
  const stop = world.observe({
    servers: at(21),
    budget: 400,
    last: 5,
    token: 'secret',
    filter: { names: 'election.*' },
  });
  expect(world.events).toEqual([]);
  await world.pass(100);
  expect(world.told(/./)).toEqual([
    `1 source.connected zkt`,
    `1 feed.began 1 0 0`,
    '1 election.round-started 7 1 1 true',
  ]);
  const [request] = world.requests as [FakeRequest];
  expect(request.url).toBe('http://127.0.0.1:8081/events?names=election.*&last=5&budget=400');
  expect(request.headers).toEqual({ authorization: 'Bearer secret' });
  stop();
  await world.pass(60_000);
  expect([world.events, world.open, world.waiting, world.requests.length]).toEqual([[], 0, 0, 1]);
});

test('after a cut only what was missed is told', async () => {
  const world = zktWorld();
  const streams = [
    [began(2), round(1), round(2), round(3), round(4).slice(0, 20)],
    [began(4), round(1), round(2), round(3), round(4), round(5)],
    // The server was started anew.
    [began(1), round(1, 900), round(2, 901)],
  ];
  world.http = (request) => {
    const pieces = streams.shift() ?? [began()];
    request.begin(200);
    for (const piece of pieces) request.send(piece);
    if (streams.length > 0) request.end(new Error('the connection was cut'));
  };
  const stop = world.observe({ servers: at(21), last: 2 });
  await world.pass(5_000);
  expect(world.told(/election|lost|connected|dropped/)).toEqual([
    '1 source.connected zkt',
    '1 election.round-started 1 1 1 true',
    '1 election.round-started 2 1 1 true',
    '1 election.round-started 3 1 1 true',
    '1 feed.dropped garbage 1 0',
    '1 source.lost the connection was cut',
    '1 source.connected zkt',
    '1 election.round-started 4 1 1 true',
    '1 election.round-started 5 1 1 true',
    '1 source.lost the connection was cut',
    '1 source.connected zkt',
    '1 election.round-started 1 1 1 true',
    '1 election.round-started 2 1 1 true',
  ]);
  expect(world.requests.map(({ url }) => /last=\d+/.exec(url)?.[0])).toEqual([
    'last=2',
    'last=1000',
    'last=1000',
  ]);
  stop();
});

test('garbage is counted, and told once a second', async () => {
  const world = zktWorld();
  let stream: FakeRequest | undefined;
  world.http = (request) => {
    stream = request;
    request.begin(200);
    request.send(`${began()}nonsense\n{"name":"no.such"}\n[]\n\u001b[2J\n${round(1)}{"name":`);
  };
  const stop = world.observe({ servers: at(21) });
  await world.pass(990);
  expect(world.told(/election|dropped/)).toEqual(['1 election.round-started 1 1 1 true']);
  await world.pass(100);
  expect(world.told(/dropped/)).toEqual(['1 feed.dropped garbage 4 0']);
  stream?.send(Buffer.alloc(LINE_BYTES_MAX, 'x'));
  stream?.send(`\n${round(2)}`);
  await world.pass(1_100);
  expect(world.told(/election|dropped/)).toEqual([
    '1 election.round-started 2 1 1 true',
    '1 feed.dropped garbage 1 0',
  ]);
  stop();
});

test('an answer that is no stream of events: it is said, and the server is asked instead', async () => {
  const world = zktWorld();
  world.http = (request) => {
    if (!request.url.includes('/events')) return request.end(new Error('connect ECONNREFUSED'));
    request.begin(200);
    request.send('<html>\n'.repeat(5));
  };
  const stop = world.observe({ servers: at(21) });
  await world.pass(3_000);
  expect(world.told(/source|dropped|peer/)).toEqual([
    '1 feed.dropped garbage 5 0',
    '1 source.refused what its HTTP admin sends are no events',
    '1 source.connected zkt',
    '1 peer.state LEADING 1',
    '1 source.limited its events cannot be heard: what its HTTP admin sends are no events',
  ]);
  stop();
});

const refusals: [what: string, status: number, body: string, token: string | undefined, why: string][] = [
  [
    'no token',
    401,
    '',
    undefined,
    'its HTTP admin wants a token: give it with --token-file or ZKT_ADMIN_TOKEN',
  ],
  ['a wrong token', 401, '', 'x', 'its HTTP admin does not take this token'],
  ['forbidden', 403, '', 'x', 'its HTTP admin does not take this token'],
  [
    'full',
    503,
    '{"error":"there are 32 listeners already"}',
    undefined,
    'its HTTP admin answers 503 to /events: there are 32 listeners already',
  ],
  ['another program', 404, '<html>', undefined, 'its HTTP admin answers 404 to /events'],
  ['endless', 500, 'x'.repeat(9000), undefined, 'its HTTP admin answers 500 to /events'],
];
test.each(refusals)('refused: %s', async (_what, status, body, token, why) => {
  const world = zktWorld();
  world.http = (request) => {
    request.begin(status);
    request.send(body);
    request.end();
  };
  const stop = world.observe({ servers: at(21), token });
  await world.pass(5_000);
  // That it answers questions does not make one forget what is missing.
  expect(world.told(/refused|connected|limited/)).toEqual([
    `1 source.refused ${why}`,
    '1 source.connected zkt',
    `1 source.limited its events cannot be heard: ${why}`,
  ]);
  const before = world.requests.filter(({ url }) => url.includes('/events')).length;
  expect(before).toBe(1);
  // It is tried again, and is then listened to.
  world.http = (request) => {
    request.begin(200);
    request.send(began() + round(1));
  };
  await world.pass(40_000);
  expect(world.told(/election|refused/)).toEqual(['1 election.round-started 1 1 1 true']);
  stop();
});

test('a token goes to the server that was named and to no other', async () => {
  for (const [admin, url] of [
    ['http://10.1.2.3:8081\n', 'http://127.0.0.1:8081/events'],
    ['http://[2001:db8::1]:8082\n', 'http://127.0.0.1:8082/events'],
    ['http://evil.example@127.0.0.1:80/\n', undefined],
    ['http://evil.example/x:80\n', undefined],
    ['http://127.0.0.1:0\n', undefined],
    ['http://127.0.0.1:99999\n', undefined],
  ] as const) {
    const world = zktWorld(admin);
    const stop = world.observe({ servers: at(21), token: 'secret' });
    await world.pass(300);
    expect(world.requests.find((r) => r.url.includes('/events'))?.url).toBe(url);
    stop();
  }
});

test('a server without an admin, or one that is not in step with a leader', async () => {
  const world = zktWorld('\n');
  const stop = world.observe({ servers: at(21) });
  await world.pass(3_000);
  expect(world.told(/source/)).toEqual([
    '1 source.connected zkt',
    '1 source.limited it has no HTTP admin: its events cannot be heard',
  ]);
  stop();

  const young = new FakeWorld();
  let admin = '\n';
  const words = (word: string) => ({ srvr: srvr('leader', ZKT), admn: admin, conf: conf(1, [1], 20) })[word];
  young.servers.set('127.0.0.1:21', { words });
  young.http = (request) => {
    request.begin(200);
    request.send(began() + round(1));
  };
  const stopYoung = young.observe({ servers: at(21) });
  await young.pass(200);
  admin = 'http://127.0.0.1:8081\n';
  await young.pass(1_500);
  expect(young.told(/source.limited|election/)).toEqual(['1 election.round-started 1 1 1 true']);
  stopYoung();

  const idle = new FakeWorld();
  idle.servers.set('127.0.0.1:21', {
    words: (w) => (w === 'admn' ? 'http://127.0.0.1:8081\n' : NOT_SERVING),
  });
  idle.http = (request) => {
    request.begin(200);
    request.send(began() + round(1));
  };
  const stopIdle = idle.observe({ servers: at(21) });
  await idle.pass(2_000);
  expect(idle.told(/source|election/)).toEqual([
    '1 source.connected zkt',
    '1 election.round-started 1 1 1 true',
  ]);
  stopIdle();
});

test('one stream is one server, whatever its lines say', async () => {
  const world = zktWorld();
  world.http = (request) => {
    request.begin(200);
    request.send(began() + round(1).replace('"node":"1"', '"node":"2"'));
  };
  const stop = world.observe({ servers: at(21) });
  await world.pass(500);
  expect(world.told(/election/)).toEqual(['1 election.round-started 1 1 1 true']);
  stop();
});

test('a stream that says nothing is lost after half a minute, if the server answers; at once, if not', async () => {
  const world = zktWorld();
  world.http = (request) => {
    request.begin(200);
    request.send(began());
  };
  const stop = world.observe({ servers: at(21) });
  await world.pass(29_000);
  expect(world.told(/source/)).toEqual(['1 source.connected zkt']);
  await world.pass(2_500);
  expect(world.told(/source/)).toEqual([
    '1 source.lost its stream of events says nothing, not even that it lives, for 30 s',
    '1 source.connected zkt',
  ]);
  world.servers.set('127.0.0.1:21', 'hang');
  await world.pass(14_500);
  expect(world.told(/source/)).toEqual([
    '1 source.lost no answer within 200 ms: it hangs, or packets are lost',
  ]);
  stop();
});

test('words that may not be asked: the id comes with the stream', async () => {
  const world = new FakeWorld();
  const words: Record<string, string> = { admn: 'http://127.0.0.1:8081\n' };
  world.servers.set('127.0.0.1:21', { words: (word) => words[word] ?? forbidden(word) });
  world.http = (request) => {
    request.begin(200);
    request.send(began(0, 3) + round(1));
  };
  const stop = world.observe({ servers: at(21) });
  await world.pass(1_000);
  expect(world.told(/source|election/)).toEqual([
    '3 source.connected zkt',
    '3 election.round-started 1 1 1 true',
  ]);
  stop();
});
