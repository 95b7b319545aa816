import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Bus } from '../../../src/events/bus.ts';
import type { ZktEvent } from '../../../src/events/table.ts';
import { systemSecrets } from '../../../src/platform/secrets.ts';
import type { HttpListener, HttpServing } from '../../../src/ports/http.ts';
import { type Health, HttpAdmin, type HttpAdminOptions } from '../../../src/server/admin/http-admin.ts';
import { Entries, jacksonText } from '../../../src/server/admin/jackson.ts';
import { openAdmin } from '../../../src/server/admin/open-admin.ts';
import { FakeReply, fakeRequest } from './fake-http.ts';

const TOKEN = 'sesame-sesame-sesame';

class Rig {
  now = 0;
  readonly told: ZktEvent[] = [];
  readonly bus = new Bus('1', { wallMs: () => 0 });
  health: Health = { healthy: true, mode: 'leader', why: '' };
  metrics = async () => ({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' });
  private readonly admin: HttpAdmin;
  private due: (() => void)[] = [];

  constructor(options: Partial<HttpAdminOptions> = {}) {
    this.bus.subscribe({ names: ['admin.refused'], take: (event) => void this.told.push(event) });
    this.admin = new HttpAdmin(
      {
        commandUrl: '/commands',
        token: undefined,
        commands: {
          names: ['dump', 'ruok'],
          run: (name, query) => {
            if (name === 'bad') throw new Error('a bug');
            return { asked: query.get('x'), command: name, error: null };
          },
        },
        health: () => this.health,
        metrics: () => this.metrics(),
        events: (_request, reply) => {
          reply.begin(200, { 'content-type': 'application/x-ndjson' });
          reply.write('{}\n');
        },
        ...options,
      },
      {
        clock: { monotonicMs: () => this.now, wallMs: () => 0 },
        timers: {
          after: (_ms, fn) => this.later(fn),
          every: () => ({ cancel() {} }),
          soon: (fn) => void this.later(fn),
        },
        secrets: systemSecrets,
        events: this.bus,
      },
    );
  }

  /** One turn of the loop; false when there is nothing to do in it. */
  turn(): boolean {
    const due = this.due.splice(0);
    for (const fn of due) fn();
    return due.length > 0;
  }

  private later(fn: () => void) {
    this.due.push(fn);
    return { cancel() {} };
  }

  ask(target: string, headers?: Readonly<Record<string, string>>, method?: string): FakeReply {
    const reply = new FakeReply();
    this.admin.handle(fakeRequest(target, headers, method), reply);
    return reply;
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a long answer', () => {
  const PATHS = 30_000;
  const long = (each = (_i: number): void => {}) =>
    new Rig({
      commands: {
        names: ['long'],
        run: () => ({
          paths: new Entries(function* () {
            for (let i = 0; i < PATHS; i++) {
              each(i);
              yield [`/a"\u202e${i}`, [BigInt(i)]] as const;
            }
          }),
          error: null,
        }),
      },
    });
  test('is made and written bit by bit, and is what it would be in one', () => {
    let made = 0;
    const rig = long(() => made++);
    const reply = rig.ask('/commands/long');
    const before = made;
    expect([reply.ended, reply.headers['content-length']]).toEqual([false, undefined]);
    expect(before).toBeLessThan(PATHS / 5);
    rig.turn();
    expect(made).toBeLessThan(2.2 * before);
    while (rig.turn());
    expect(reply.ended).toBe(true);
    const { paths } = JSON.parse(reply.body) as { paths: Record<string, number[]> };
    expect(Object.keys(paths)).toHaveLength(PATHS);
    expect(paths['/a"\u202e77']).toEqual([77]);
    const whole = new Map(Array.from({ length: PATHS }, (_, i) => [`/a"\u202e${i}`, [BigInt(i)]]));
    expect(reply.body).toBe(jacksonText({ paths: whole, error: null }));
  });
  test('waits for who reads slowly, ends for who has gone, and is given up for who hangs', () => {
    let made = 0;
    const rig = long(() => made++);
    const slow = rig.ask('/commands/long');
    slow.pendingBytes = 1024 * 1024;
    const before = made;
    for (let i = 0; i < 100; i++) rig.turn();
    expect([made, slow.ended]).toEqual([before, false]);
    slow.pendingBytes = 0;
    rig.turn();
    expect(made).toBeGreaterThan(before);
    slow.go();
    while (rig.turn());
    expect([slow.ended, made < PATHS]).toEqual([false, true]);
    const hung = rig.ask('/commands/long');
    hung.pendingBytes = 1024 * 1024;
    let turns = 0;
    while (rig.turn()) turns++;
    expect([hung.ended, turns]).toEqual([true, 3001]);
  });
  test('that fails in the middle ends there, and the server goes on', () => {
    const rig = long((i) => {
      if (i === PATHS - 1) throw new Error('a bug');
    });
    const reply = rig.ask('/commands/long');
    while (rig.turn());
    expect(reply.ended).toBe(true);
    expect(rig.told.map((e) => e.name)).toEqual(['admin.refused']);
  });
  test('HEAD begins it only', () => {
    const reply = long().ask('/commands/long', undefined, 'HEAD');
    expect([reply.status, reply.body, reply.ended]).toEqual([200, '', true]);
  });
});

describe('what there is', () => {
  test.each<[string, number, string, string]>([
    [
      '/commands/ruok?x=1',
      200,
      'application/json',
      '{\n  "asked" : "1",\n  "command" : "ruok",\n  "error" : null\n}',
    ],
    [
      '/commands/no%20such',
      200,
      'application/json',
      '{\n  "asked" : null,\n  "command" : "no such",\n  "error" : null\n}',
    ],
    ['/health', 200, 'application/json', '{\n  "healthy" : true,\n  "mode" : "leader",\n  "why" : ""\n}'],
    [
      '/',
      404,
      'application/json',
      '{\n  "error" : "nothing here; there is /commands, /metrics, /health, /events"\n}',
    ],
    [
      '/commandsx',
      404,
      'application/json',
      '{\n  "error" : "nothing here; there is /commands, /metrics, /health, /events"\n}',
    ],
    ['/events', 200, 'application/x-ndjson', '{}\n'],
  ])('%s', (target, status, type, body) => {
    const reply = new Rig().ask(target);
    expect([reply.status, reply.headers['content-type'], reply.body]).toEqual([status, type, body]);
  });

  test('the list is the one of Apache, with every name escaped', () => {
    const apache = readFileSync(new URL('../../../fixtures/admin/commands.html', import.meta.url), 'utf8');
    const names = [...apache.matchAll(/>([a-z_]+)<\/a>/g)].map((match) => match[1] as string);
    const rig = new Rig({ commands: { names, run: () => null } });
    expect(rig.ask('/commands').body).toBe(apache);
    expect(rig.ask('/commands/').body).toBe(apache);
    expect(rig.ask('/commands').headers['content-type']).toBe('text/html; charset=utf-8');
    const hostile = new Rig({ commands: { names: ['<script>"\'&'], run: () => null } }).ask('/commands').body;
    expect(hostile).not.toMatch(/<script|"'/);
  });

  test('another place for the commands', () => {
    const rig = new Rig({ commandUrl: '/zk/admin' });
    expect(rig.ask('/zk/admin/ruok').status).toBe(200);
    expect(rig.ask('/commands/ruok').status).toBe(404);
    expect(rig.ask('/zk/admin').body).toContain('href="/zk/admin/dump"');
  });

  test('who is not well says 503 and why', () => {
    const rig = new Rig();
    rig.health = { healthy: false, mode: 'looking', why: 'no leader' };
    const reply = rig.ask('/health');
    expect([reply.status, JSON.parse(reply.body)]).toEqual([
      503,
      { healthy: false, mode: 'looking', why: 'no leader' },
    ]);
  });

  test('metrics, and what becomes of one that fails', async () => {
    const rig = new Rig();
    const good = rig.ask('/metrics');
    await settled();
    expect([good.status, good.headers['content-type'], good.body]).toEqual([
      200,
      'text/plain; version=0.0.4',
      'up 1\n',
    ]);
    rig.metrics = () => Promise.reject(new Error('no room'));
    const bad = rig.ask('/metrics');
    await settled();
    expect([bad.status, bad.body]).toEqual([500, '{\n  "error" : "this failed in the server: no room"\n}']);
  });

  test('a bug costs that answer only', () => {
    const rig = new Rig();
    expect(rig.ask('/commands/bad').status).toBe(500);
    expect(rig.ask('/commands/ruok').status).toBe(200);
    expect(rig.told[0]?.fields).toMatchObject({
      what: 'GET /commands/bad',
      why: 'this failed in the server: a bug',
    });
  });

  test('HEAD has the head alone', () => {
    const rig = new Rig();
    for (const target of ['/health', '/commands', '/events', '/nowhere']) {
      const get = rig.ask(target);
      const head = rig.ask(target, undefined, 'HEAD');
      expect([head.status, head.body, head.ended]).toEqual([get.status, '', true]);
      if (target !== '/events')
        expect(head.headers['content-length']).toBe(String(Buffer.byteLength(get.body)));
    }
  });

  test('no answer is to be kept, guessed at or used by a page', () => {
    for (const target of ['/health', '/commands', '/commands/dump', '/nowhere']) {
      const { headers } = new Rig().ask(target);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['cache-control']).toBe('no-store');
      expect(Object.keys(headers).filter((name) => /access-control/i.test(name))).toEqual([]);
    }
  });
});

describe('who may ask', () => {
  const host = (name: string) => ({ host: name });

  test.each(['localhost', 'LOCALHOST:8080', '127.0.0.1', '127.1.2.3:80', '[::1]:8080', '[::1]'])(
    'without a token: %s',
    (name) => {
      expect(new Rig().ask('/health', host(name)).status).toBe(200);
    },
  );

  test.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example:80',
    '10.0.0.1:8080',
    '',
    '::1',
    '[::2]',
  ])('without a token not: %j', (name) => {
    const reply = new Rig().ask('/commands/dump', host(name));
    expect(reply.status).toBe(403);
    expect(reply.body).toContain('zkt.adminTokenFile');
  });

  test.each<[string, number]>([
    ['none', 200],
    ['same-origin', 200],
    ['same-site', 403],
    ['cross-site', 403],
  ])('a page in a browser: %s', (site, status) => {
    const headers = { host: 'localhost', 'sec-fetch-site': site };
    expect(new Rig().ask('/commands/stat_reset', headers).status).toBe(status);
  });

  test.each<[string | undefined, number]>([
    [undefined, 401],
    ['', 401],
    ['Bearer', 401],
    [`Basic ${TOKEN}`, 401],
    [`Bearer ${TOKEN}x`, 401],
    [`Bearer ${TOKEN.slice(1)}`, 401],
    [TOKEN, 401],
    [`Bearer ${TOKEN}`, 200],
    [`bearer   ${TOKEN} `, 200],
  ])('with a token: %j', (authorization, status) => {
    const headers = { host: 'anywhere.example', ...(authorization === undefined ? {} : { authorization }) };
    for (const target of ['/health', '/commands/dump', '/events', '/commands']) {
      const reply = new Rig({ token: TOKEN }).ask(target, headers);
      expect(reply.status).toBe(status);
      if (status === 401) {
        expect(reply.headers['www-authenticate']).toBe('Bearer realm="zkt"');
        expect(reply.body).not.toContain(TOKEN);
      }
    }
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE'])('%s is no question', (method) => {
    const reply = new Rig().ask('/commands/dump', undefined, method);
    expect([reply.status, reply.headers.allow]).toEqual([405, 'GET, HEAD']);
    expect(reply.body).toContain(method);
  });

  test('refusals are told, but not so often that they fill the log', () => {
    const rig = new Rig();
    for (let i = 0; i < 1000; i++) rig.ask(`/${'x'.repeat(1000)}`, host('evil.example'));
    expect(rig.told.length).toBe(1);
    rig.now = 1_500;
    rig.ask('/health', undefined, 'POST');
    expect(rig.told.map(({ fields }) => fields)).toEqual([
      expect.objectContaining({ remote: '127.0.0.1:40000', what: expect.stringMatching(/^GET \/x{10,}$/) }),
      expect.objectContaining({
        what: 'POST /health',
        why: 'only GET and HEAD, not POST; 999 more since the last that was told',
      }),
    ]);
    expect(JSON.stringify(rig.told[0]?.fields).length).toBeLessThan(400);
  });
});

describe('the port', () => {
  /** Opens all ports but those. */
  const serving = (taken: Readonly<Record<number, string>>, asked: number[]): HttpServing => ({
    listen({ host, port }, _handler, done) {
      asked.push(port);
      const code = taken[port];
      if (code !== undefined) done({ error: Object.assign(new Error(code), { code }) });
      else done({ listener: { host, port: port === 0 ? 40_001 : port, close() {} } });
    },
  });

  function open(taken: Readonly<Record<number, string>>, portGiven: boolean) {
    const [asked, told, opened]: [number[], ZktEvent[], HttpListener[]] = [[], [], []];
    const bus = new Bus('1', { wallMs: () => 0 });
    bus.subscribe({
      names: ['admin.listening', 'admin.unavailable'],
      take: (event) => void told.push(event),
    });
    const at = { host: '127.0.0.1', port: 8080, portGiven, idleTimeoutMs: 1 };
    openAdmin(
      serving(taken, asked),
      at,
      () => {},
      bus,
      (listener) => void opened.push(listener),
    );
    return { asked, told: told.map(({ name, fields }) => ({ name, ...fields })), opened };
  }

  test('is the one it is told', () => {
    const { told, opened } = open({}, true);
    expect(told).toEqual([{ name: 'admin.listening', host: '127.0.0.1', port: 8080 }]);
    expect(opened.length).toBe(1);
  });

  test('is any free one where nobody chose it', () => {
    const { asked, told } = open({ 8080: 'EADDRINUSE' }, false);
    expect(asked).toEqual([8080, 0]);
    expect(told).toEqual([{ name: 'admin.listening', host: '127.0.0.1', port: 40_001 }]);
  });

  test.each<[string, boolean, number[]]>([
    ['EADDRINUSE', true, [8080]],
    ['EACCES', true, [8080]],
    ['EACCES', false, [8080]],
  ])('that cannot be had is told: %s, chosen %s', (code, given, tried) => {
    const { asked, told, opened } = open({ 8080: code }, given);
    expect([asked, opened]).toEqual([tried, []]);
    expect(told).toEqual([expect.objectContaining({ name: 'admin.unavailable', port: 8080 })]);
  });
});
