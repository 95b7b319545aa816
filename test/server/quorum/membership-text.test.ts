import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Member, Membership } from '../../../src/server/quorum/membership.ts';
import { memberOf } from '../../../src/server/quorum/membership.ts';
import { isMembershipKey, parseMembership } from '../../../src/server/quorum/membership-lines.ts';
import {
  membershipText,
  memberText,
  parseMembershipText,
} from '../../../src/server/quorum/membership-text.ts';

const parseLines = (text: string, several = true) => {
  const lines = text.split('\n').map((raw, i) => {
    const equals = raw.indexOf('=');
    return { key: raw.slice(0, equals), value: raw.slice(equals + 1), line: i + 1 };
  });
  return parseMembership(lines, several, 0n);
};
const one = (spec: string): Member => {
  const result = parseLines(`server.7=${spec}`.replace(':observer', ':participant'));
  if (!('membership' in result)) throw new Error(JSON.stringify(result));
  return (result.membership as Membership).members[0] as Member;
};

describe('server lines', () => {
  test.each([
    ['a:1:2', 'a:1:2:participant'],
    ['a:1:2:PARTICIPANT', 'a:1:2:participant'],
    ['10.0.0.1:2888:3888;2181', '10.0.0.1:2888:3888:participant;0.0.0.0:2181'],
    ['a:1:2:participant;b:2181', 'a:1:2:participant;b:2181'],
    ['a:1:2; b:2181 ', 'a:1:2:participant;b:2181'],
    ['[::1]:1:2;[fe80::2]:3', '[::1]:1:2:participant;[fe80::2]:3'],
    ['a:1:2|b:3:4', 'a:1:2|b:3:4:participant'],
    ['a:1:2|[::1]:3:4;5', 'a:1:2|[::1]:3:4:participant;0.0.0.0:5'],
  ])('%s is %s', (spec, text) => {
    expect(memberText(one(spec))).toBe(text);
    expect(memberText(one(text))).toBe(text);
  });

  test.each([
    '',
    'a',
    'a:1',
    'a:1:1',
    'a:0:2',
    'a:1:65536',
    'a:1:2:leader',
    'a:1:2:participant:3',
    'a:x:2',
    ':1:2',
    'a:1:2;',
    'a:1:2;x',
    'a:1:2;b:c:3',
    '[::1:1:2',
    '::1]:1:2',
    'a:1:2|',
    'a b:1:2',
    'a:-1:2',
    'a:1e3:2',
  ])('%j is no server', (spec) => {
    expect(parseLines(`server.1=${spec}`)).toMatchObject({ line: { key: 'server.1', line: 1 } });
  });

  test('several addresses only where they are allowed', () => {
    expect(parseLines('server.1=a:1:2|b:3:4', false)).toMatchObject({ line: { key: 'server.1' } });
  });

  test.each([
    ['server.256=a:1:2', 'server id'],
    ['server.x=a:1:2', 'number'],
    ['server.-1=a:1:2', 'number'],
    ['server.1=a:1:2\nweight.2=1', 'server.2'],
    ['server.1=a:1:2\nweight.1=-1', 'weight'],
    ['server.1=a:1:2\ngroup.1=2', 'server.'],
    ['server.1=a:1:2\ngroup.1=1:x', 'ids'],
    ['server.1=a:1:2\ngroup.1=1\ngroup.2=1', 'one group'],
    ['server.1=a:1:2\nserver.2=b:1:2\ngroup.1=1', 'server 2'],
    ['server.1=a:1:2:observer', 'participant'],
  ])('%j is refused for %s', (text, why) => {
    const result = parseLines(text);
    if (!('expected' in result)) throw new Error('it was taken');
    expect(result.expected).toContain(why);
  });

  test('an observer need not be in a group', () => {
    expect(parseLines('server.1=a:1:2\nserver.2=b:1:2:observer\ngroup.1=1')).toHaveProperty(
      'membership.members.length',
      2,
    );
  });

  test('no lines are no ensemble', () => {
    expect(parseMembership([], true, 0n)).toEqual({ membership: undefined });
  });

  test('members are in the order of their ids, and found by them', () => {
    const text = 'server.10=a:1:2\nserver.9=b:1:2\nserver.2=c:1:2';
    const membership = parseMembershipText(text) as Membership;
    expect(membership.members.map((m) => m.id)).toEqual([2, 9, 10]);
    expect(memberOf(membership, 9n)?.addresses[0]?.host).toBe('b');
    expect(memberOf(membership, 3n)).toBeUndefined();
  });

  test.each([
    ['server.1', true],
    ['group.1', true],
    ['weight.1', true],
    ['serverCnxnFactory', false],
    ['tickTime', false],
  ])('%s belongs to the membership: %s', (key, belongs) => {
    expect(isMembershipKey(key)).toBe(belongs);
  });
});

describe('the text of a configuration', () => {
  test('is what Apache writes', () => {
    const text = [
      'server.1=127.0.0.1:2888:3888:participant;0.0.0.0:2181',
      'server.2=h2:2888:3888:observer',
      'group.1=1',
      'weight.1=3',
      'version=100000003',
    ].join('\n');
    const membership = parseMembershipText(text) as Membership;
    expect(membership.version).toBe(0x1_0000_0003n);
    expect(membershipText(membership)).toBe(text);
  });

  test.each([
    '',
    'version=0',
    'rubbish',
    'server.1=a:1:2\nversion=xyz',
    'server.1=a:1',
    'server.1=a:1:2\nport=3x\nfoo',
  ])('%j is none', (text) => {
    expect(parseMembershipText(text)).toBeUndefined();
  });

  test('blank lines and blanks around do not matter', () => {
    expect(parseMembershipText('\n server.1 = a:1:2 \r\n\nversion=a\n')?.version).toBe(10n);
  });

  test('any text: a membership or none, never a throw', () => {
    const piece = fc.constantFrom(
      'server.1=',
      'group.',
      'weight.1=',
      'version=',
      'a:1:2',
      '\n',
      ':',
      ';',
      '[',
      ']',
      '|',
      '1',
      '=',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 4 }))), (pieces) => {
        const membership = parseMembershipText(pieces.join(''));
        if (membership !== undefined) {
          expect(parseMembershipText(membershipText(membership))).toEqual(membership);
        }
      }),
    );
  });

  test('every membership is read back', () => {
    const port = fc.integer({ min: 1, max: 65_534 });
    const host = fc.constantFrom('h', 'zk-1.example.org', '10.1.2.3', 'fe80::1');
    const member = fc.record({
      host,
      port,
      role: fc.constantFrom('participant' as const, 'observer' as const),
      client: fc.option(fc.record({ host, port }), { nil: undefined }),
      weight: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(
        fc.array(member, { minLength: 1, maxLength: 9 }),
        fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }),
        (all, version) => {
          const members = all.map((m, i) => ({
            id: i + 1,
            addresses: [{ host: m.host, quorumPort: m.port, electionPort: m.port + 1 }],
            role: i === 0 ? ('participant' as const) : m.role,
            client: m.client,
          }));
          const plain: Membership = { members, groups: new Map(), weights: new Map(), version };
          expect(parseMembershipText(membershipText(plain))).toEqual(plain);
          const voters = members.filter((m) => m.role === 'participant').map((m) => m.id);
          const weights = new Map(voters.map((id) => [id, all[id - 1]?.weight ?? 1]));
          const grouped: Membership = { ...plain, groups: new Map([[4, voters]]), weights };
          expect(parseMembershipText(membershipText(grouped))).toEqual(grouped);
          // What is not said counts 1, and is said in the text.
          const unsaid = new Map([...weights].filter(([, weight]) => weight !== 1));
          expect(membershipText({ ...grouped, weights: unsaid })).toBe(membershipText(grouped));
        },
      ),
    );
  });
});
