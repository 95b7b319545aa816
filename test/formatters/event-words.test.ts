import { expect, test } from 'vitest';
import { Bus } from '../../src/events/bus.ts';
import type { EventName, FieldsOf } from '../../src/events/table.ts';
import { besides, wordsOf } from '../../src/formatters/event-words.ts';

/** The sentence of an event, and what stands beside it. */
function check<N extends EventName>(name: N, fields: FieldsOf<N>): [string, Record<string, unknown>] {
  const bus = new Bus('1', { wallMs: () => 0 });
  let found: [string, Record<string, unknown>] = ['', {}];
  bus.subscribe({
    names: [name],
    take: (event) => {
      const says = wordsOf(event);
      found = [says, Object.fromEntries(besides(event, says))];
    },
  });
  bus.emit(name, fields);
  return found;
}

test('a sentence with all there is to know stands alone', () => {
  expect(check('peer.state', { state: 'FOLLOWING', leader: 3n })).toEqual(['Following server 3.', {}]);
  expect(check('peer.state', { state: 'LOOKING', leader: -1n })).toEqual(['Looking for a leader.', {}]);
  expect(check('config.warning', { file: 'zoo.cfg', line: 5, message: 'unknown key x' })).toEqual([
    'zoo.cfg:5: unknown key x.',
    {},
  ]);
  expect(check('loop.stalled', { ms: 88.3 })).toEqual(['The event loop did nothing else for 88 ms.', {}]);
  expect(check('zab.stepped-down', { epoch: 2, why: 'no quorum of followers is in step' })).toEqual([
    'Leading epoch 2 no longer: no quorum of followers is in step.',
    {},
  ]);
});

test('what it leaves out stands beside it, zxids in hex, ids as numbers, times with one decimal', () => {
  expect(check('zab.synced', { leader: 2n, epoch: 1, zxid: 0x100000007n, ms: 115.406_350_999 })).toEqual([
    'In step with server 2 in epoch 1 at 0x100000007, after 115 ms; may serve.',
    {},
  ]);
  expect(
    check('zab.proposal-received', { session: 5n, cxid: 3, zxid: 0x100000000n, bytes: 0, leader: 1n })[1],
  ).toEqual({
    session: '0x5',
    cxid: 3,
    zxid: '0x100000000',
    bytes: 0,
    leader: 1,
  });
  expect(check('log.synced', { count: 3, zxid: 5n, ms: 0.123_456 })[1]).toMatchObject({ ms: 0.1 });
});

test('a number inside another word is not taken for said', () => {
  const [says, beside] = check('learner.connected', {
    sid: 1n,
    remote: '127.0.0.1:40010',
    kind: 'follower',
    epoch: 2,
  });
  expect(says).toBe('Server 1 came as follower.');
  expect(beside).toEqual({ remote: '127.0.0.1:40010', epoch: 2 });
});

test('an election is told in sentences that leave nothing out', () => {
  const vote = { leader: 2n, zxid: 0x100000007n, peerEpoch: 1, round: 3 };
  expect(check('election.vote-changed', { ...vote, rule: 'zxid', from: 3n })).toEqual([
    'Votes for server 2 (epoch 1, zxid 0x100000007, round 3) from now on: later zxid, told by server 3.',
    {},
  ]);
  expect(check('election.vote-told', { ...vote, leader: -1n, state: 'OBSERVING' })[0]).toBe(
    'Asked, it says: OBSERVING, for nobody (round 3).',
  );
  expect(check('zab.sync-sent', { sid: 1n, zxid: 5n, entries: 9, bytes: 70 })).toEqual([
    'Server 1 was sent all it missed, up to 0x5: 9 entries, 70 bytes.',
    {},
  ]);
});

test('why events were lost is told in words', () => {
  expect(check('feed.dropped', { why: 'slow', count: 7, ms: 0 })[0]).toBe(
    '7 events were not told: they came faster than they were read.',
  );
});
