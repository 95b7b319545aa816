import { describe, expect, it } from 'vitest';
import { parsePerms, permsText } from '../../src/protocol/acl.ts';
import {
  CONTAINER_OWNER,
  createTraits,
  ownerKind,
  sequenceSuffix,
  TTL_MAX,
  ttlOf,
  ttlOwner,
} from '../../src/protocol/create-mode.ts';
import {
  decodeInitialMessage,
  decodeNotification,
  encodeInitialMessage,
  encodeNotification,
  type Notification,
} from '../../src/protocol/election.ts';
import { ERR, errName, errText, keeperMessage } from '../../src/protocol/error-codes.ts';
import { fourLetterWord } from '../../src/protocol/four-letter.ts';
import { baseName, childPath, isWithin, parentPath, pathFault } from '../../src/protocol/paths.ts';
import { formatQuota, formatUsage, noQuota, parseQuota, quotaTarget } from '../../src/protocol/quota.ts';
import { EVENT, eventName, STATE, stateName } from '../../src/protocol/watch-types.ts';

describe('a path is refused with the rule', () => {
  const check = (path: string, fault: string | undefined): void =>
    it(JSON.stringify(path), () => expect(pathFault(path)).toBe(fault));
  check('/', undefined);
  check('/a/b.c/..d/e..', undefined);
  check('', 'Path length must be > 0');
  check('a', 'Path must start with / character');
  check('/a/', 'Path must not end with / character');
  check('/a//b', 'Invalid path string "/a//b" caused by empty node name specified @3');
  check('/a/./b', 'Invalid path string "/a/./b" caused by relative paths not allowed @3');
  check('/a/..', 'Invalid path string "/a/.." caused by relative paths not allowed @4');
  check('/\0', 'Invalid path string "/\0" caused by null character not allowed @1');
  check('/\u0001', 'Invalid path string "/\u0001" caused by invalid character @1');
  check('/\u007f', 'Invalid path string "/\u007f" caused by invalid character @1');
  check('/\ue000', 'Invalid path string "/\ue000" caused by invalid character @1');
  check('/é€', undefined);
});

it('paths have parents, children and names', () => {
  expect([
    parentPath('/a'),
    parentPath('/a/b'),
    baseName('/a/b'),
    childPath('/', 'a'),
    childPath('/a', 'b'),
  ]).toEqual(['/', '/a', 'b', '/a', '/a/b']);
  expect([isWithin('/a/b', '/a'), isWithin('/ab', '/a'), isWithin('/a', '/a'), isWithin('/x', '/')]).toEqual([
    true,
    false,
    true,
    true,
  ]);
});

it('errors have the words of Apache', () => {
  expect(keeperMessage(ERR.NONODE, '/a')).toBe('KeeperErrorCode = NoNode for /a');
  expect(keeperMessage(ERR.NOTEMPTY)).toBe('KeeperErrorCode = Directory not empty');
  expect([errName(-110), errName(7), errText(-999)]).toEqual(['NODEEXISTS', undefined, 'Unknown error -999']);
});

it('permissions have letters', () => {
  expect([permsText(31), permsText(1), permsText(0)]).toEqual(['cdrwa', 'r', '']);
  expect([parsePerms('cdrwa'), parsePerms('rz')]).toEqual([{ perms: 31 }, { unknown: 'z' }]);
});

describe('kinds of nodes', () => {
  const on = { enabled: true, emulate353: false };
  const check = (owner: bigint, kind: string, extended = on): void =>
    it(`${owner.toString(16)} is ${kind}`, () => expect(ownerKind(owner, extended)).toBe(kind));
  check(0n, 'none');
  check(0x100n, 'ephemeral');
  check(CONTAINER_OWNER, 'container');
  check(CONTAINER_OWNER, 'container', { enabled: false, emulate353: false });
  check(ttlOwner(1n), 'ttl');
  check(ttlOwner(1n), 'ephemeral', { enabled: false, emulate353: false });
  check(-5n, 'ephemeral');
  check(-(1n << 60n), 'ttl', { enabled: true, emulate353: true });
  it('a TTL is kept in the owner', () => expect(ttlOf(ttlOwner(TTL_MAX))).toBe(TTL_MAX));
  it('flags beyond the last mean nothing', () =>
    expect([createTraits(7), createTraits(-1)]).toEqual([undefined, undefined]));
});

it('a sequence number has ten digits', () => {
  expect([sequenceSuffix(0), sequenceSuffix(12), sequenceSuffix(-3), sequenceSuffix(2147483647)]).toEqual([
    '0000000000',
    '0000000012',
    '-000000003',
    '2147483647',
  ]);
});

describe('quota texts', () => {
  it('are those of Apache', () => {
    expect(formatQuota({ ...noQuota(), count: 5 })).toBe('count=5,bytes=-1');
    expect(formatQuota({ count: 5, bytes: -1, countHard: 1, bytesHard: -1 })).toBe(
      'count=5,bytes=-1=;byteHardLimit=-1;countHardLimit=1',
    );
    expect(formatUsage(2, 3)).toBe('count=2,bytes=3');
  });
  it('are read, odd ones too', () => {
    const text = 'count=5,bytes=-1=;byteHardLimit=7;countHardLimit=1';
    expect(parseQuota(text)).toEqual({ count: 5, bytes: -1, countHard: 1, bytesHard: 7 });
    expect(parseQuota('count=,,x,bytes=abc;=3')).toEqual(noQuota());
  });
  it('stand where the path says', () => {
    expect(quotaTarget('/zookeeper/quota/a/b/zookeeper_limits', 'zookeeper_limits')).toBe('/a/b');
    expect(quotaTarget('/zookeeper/quota/zookeeper_limits', 'zookeeper_limits')).toBeUndefined();
    expect(quotaTarget('/a/zookeeper_limits', 'zookeeper_limits')).toBeUndefined();
  });
});

it('words, events and states have names', () => {
  expect([fourLetterWord(Buffer.from('ruok').readInt32BE(0)), fourLetterWord(45)]).toEqual([
    'ruok',
    undefined,
  ]);
  expect([eventName(EVENT.nodeCreated), eventName(99)]).toEqual(['NodeCreated', 'Unknown(99)']);
  expect([stateName(STATE.syncConnected), stateName(99)]).toEqual(['SyncConnected', 'Unknown(99)']);
});

describe('election messages', () => {
  const vote: Notification = {
    state: 'LOOKING',
    leader: 3n,
    zxid: 0x100000002n,
    electionEpoch: 1n,
    peerEpoch: 1n,
    version: 2,
    config: 'server.1=a:1:2',
  };
  it('a notification is read as it was written', () => {
    expect(decodeNotification(encodeNotification(vote))).toEqual(vote);
  });
  it('older ones are told by their length', () => {
    const bytes = encodeNotification(vote);
    expect(decodeNotification(bytes.subarray(0, 28))).toMatchObject({
      peerEpoch: 1n,
      version: 0,
      config: undefined,
    });
    expect(decodeNotification(bytes.subarray(0, 40))).toMatchObject({ version: 0, config: undefined });
    expect(decodeNotification(bytes.subarray(0, 27))).toBeUndefined();
    expect(decodeNotification(bytes.subarray(0, 46))).toBeUndefined();
  });
  it('an opening message comes in three versions, in any pieces', () => {
    const address = ['host:3888'];
    const all = [
      { version: 'legacy', sid: 2n, addresses: [] },
      { version: 'v1', sid: 2n, addresses: address },
      { version: 'v2', sid: 2n, addresses: [...address, 'b:1'] },
    ] as const;
    for (const message of all) {
      const bytes = encodeInitialMessage(message);
      expect(decodeInitialMessage(bytes)).toEqual({ message, length: bytes.length });
      for (let i = 0; i < bytes.length; i++)
        expect(decodeInitialMessage(bytes.subarray(0, i))).toBeUndefined();
    }
    expect(() => decodeInitialMessage(Buffer.from('ffffffffffff0005', 'hex'))).toThrow(
      'unknown election protocol',
    );
  });
});
