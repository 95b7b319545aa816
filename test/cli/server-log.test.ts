import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LogLevel, ServerLog } from '../../src/cli/server-log.ts';
import { Bus } from '../../src/events/bus.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'zkt-log-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const clock = { monotonicMs: () => 0, wallMs: () => 1_700_000_000_000 };

/** What a log of that level and form holds after `before` was emitted, then the log opened, then `after`. */
async function logged(
  level: LogLevel,
  pretty: boolean,
  before: (bus: Bus) => void,
  after: (bus: Bus) => void = () => {},
): Promise<string> {
  const file = path.join(dir, `${Math.random()}`);
  const fd = openSync(file, 'w');
  const bus = new Bus('1', clock);
  const log = new ServerLog(bus, { level, pretty, colour: false, fd });
  before(bus);
  await log.open();
  after(bus);
  log.say('Serving.', clock.wallMs());
  log.close();
  closeSync(fd);
  return readFileSync(file, 'utf8');
}

const refuse =
  (remote: string) =>
  (bus: Bus): void =>
    bus.emit('connection.refused', { remote, limit: 'maxCnxns', value: 3 });

const records = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the log of a server', () => {
  test('JSON: what came before pino is there too, in order, with time, level, name and fields', async () => {
    const lines = records(await logged('info', false, refuse('first'), refuse('second')));
    expect(lines.map((l) => [l.level, l.seq, l.remote, l.msg])).toEqual([
      ['warn', 1, 'first', 'A client was turned away at the door.'],
      ['warn', 2, 'second', 'A client was turned away at the door.'],
      ['info', undefined, undefined, 'Serving.'],
    ]);
    expect(lines[0]).toMatchObject({
      time: '2023-11-14T22:13:20.000Z',
      name: 'connection.refused',
      node: '1',
      value: 3,
    });
  });

  test('no value can begin a line of its own', async () => {
    const text = await logged('info', false, refuse('x\n{"level":"error"}\r\n\u2028'));
    expect(text.trimEnd().split('\n').length).toBe(2);
  });

  test('pretty: one line an event, control characters shown as escapes', async () => {
    const text = await logged('info', true, refuse('evil\u001b[2J\nname\u202e'));
    expect(text.trimEnd().split('\n').length).toBe(2);
    expect(text).toContain('WARN');
    expect(text).not.toContain('\u001b');
    expect(text).not.toContain('\u202e');
  });

  test.each<[LogLevel, number]>([
    ['error', 0],
    ['warn', 1],
    ['info', 2],
    ['trace', 3],
  ])('level %s', async (level, lines) => {
    const text = await logged(level, false, (bus) => {
      if (bus.on['connection.refused']) refuse('a')(bus);
      if (bus.on['request.logged']) bus.emit('request.logged', { session: 1n, cxid: 1, zxid: 2n, ms: 1 });
    });
    expect(text === '' ? 0 : records(text).length).toBe(lines);
  });

  test('silent: nothing, and nobody listens', async () => {
    const bus = new Bus('1', clock);
    const log = new ServerLog(bus, { level: 'silent', pretty: false, colour: false, fd: 2 });
    await log.open();
    log.close();
    expect(bus.on['connection.refused']).toBe(false);
  });

  test('zxids and sessions are hexadecimal', async () => {
    const [line] = records(
      await logged('trace', false, (bus) =>
        bus.emit('request.logged', { session: -1n, cxid: 1, zxid: 255n, ms: 1 }),
      ),
    );
    expect([line?.session, line?.zxid]).toEqual(['0xffffffffffffffff', '0xff']);
  });

  test('what becomes of a member is said with who and why, and foreign texts in it are escaped', async () => {
    const elections = (bus: Bus): void => {
      bus.emit('peer.state', { state: 'LOOKING', leader: -1n });
      bus.emit('election.decided', {
        state: 'FOLLOWING',
        leader: 3n,
        zxid: 0x100000007n,
        peerEpoch: 1,
        round: 2,
        how: 'quorum',
        ms: 203.4,
      });
      bus.emit('peer.state', { state: 'FOLLOWING', leader: 3n });
      bus.emit('peer.role-ended', { state: 'FOLLOWING', why: 'gone\x1b[2J' });
    };
    const said = records(await logged('info', false, elections)).map((l) => l.msg);
    expect(said.slice(0, 3)).toEqual([
      'Looking for a leader.',
      'Server 3 is elected after 203 ms (quorum, round 2); its history ends at 0x100000007.',
      'Following server 3.',
    ]);
    const pretty = await logged('info', true, elections);
    expect(pretty).toContain('No longer following: gone\\x1b[2J.');
    expect(pretty).not.toContain('\x1b[2J');
  });
});
