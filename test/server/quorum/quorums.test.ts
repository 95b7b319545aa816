import { describe, expect, test } from 'vitest';
import type { Membership } from '../../../src/server/quorum/membership.ts';
import { parseMembershipText } from '../../../src/server/quorum/membership-text.ts';
import { QuorumRule, Quorums } from '../../../src/server/quorum/quorums.ts';

const membership = (
  voters: readonly number[],
  more: readonly string[] = [],
  observers: readonly number[] = [],
): Membership => {
  const line = (id: number, role: string): string => `server.${id}=h${id}:2888:3888:${role}`;
  const lines = [
    ...voters.map((id) => line(id, 'participant')),
    ...observers.map((id) => line(id, 'observer')),
    ...more,
  ];
  const parsed = parseMembershipText([...lines, 'version=0'].join('\n'));
  if (parsed === undefined) throw new Error(`no membership: ${lines.join(' ')}`);
  return parsed;
};
const setOf = (text: string): ((sid: bigint) => boolean) => {
  const ids = new Set(text === '' ? [] : text.split(' ').map(BigInt));
  return (sid) => ids.has(sid);
};
/** Which of the sets are quorums. */
const check = (
  rule: { isQuorum(has: (sid: bigint) => boolean): boolean },
  yes: string[],
  no: string[],
): void => {
  for (const set of yes) expect([set, rule.isQuorum(setOf(set))]).toEqual([set, true]);
  for (const set of no) expect([set, rule.isQuorum(setOf(set))]).toEqual([set, false]);
};

describe('a majority', () => {
  test.each([
    ['one', [1], ['1', '1 9'], ['', '9']],
    ['two', [1, 2], ['1 2'], ['', '1', '2', '1 9']],
    ['three', [1, 2, 3], ['1 2', '2 3', '1 2 3'], ['1', '3', '1 8 9']],
    ['four', [1, 2, 3, 4], ['1 2 3', '1 2 3 4'], ['1 2', '3 4']],
    ['five', [1, 2, 3, 4, 5], ['1 2 3', '3 4 5'], ['1 2', '4 5 6 7']],
  ])('of %s', (_name, voters, yes, no) => {
    check(new QuorumRule(membership(voters)), yes, no);
  });

  test('observers do not count', () => {
    const rule = new QuorumRule(membership([1, 2, 3], [], [4, 5]));
    check(rule, ['1 2'], ['1 4 5', '4 5']);
    expect(rule.voters).toEqual([1n, 2n, 3n]);
    expect([1n, 4n, 9n].map((s) => rule.isVoter(s))).toEqual([true, false, false]);
    expect([1n, 4n, 9n].map((s) => rule.weightOf(s))).toEqual([1, 0, 0]);
  });

  test('weights without groups mean nothing', () => {
    const weights = new Map([
      [1, 5],
      [2, 0],
    ]);
    const rule = new QuorumRule({ ...membership([1, 2, 3]), weights });
    check(rule, ['1 2', '2 3'], ['1']);
    expect(rule.weightOf(2n)).toBe(1);
  });
});

describe('groups', () => {
  const nine = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const groups = ['group.1=1:2:3', 'group.2=4:5:6', 'group.3=7:8:9'];

  test('need a majority of weight in a majority of the groups', () => {
    check(
      new QuorumRule(membership(nine, groups)),
      ['1 2 4 5', '1 3 8 9', '1 2 3 4 5 6'],
      ['1 2 3 4 7', '1 4 7', '1 2 3', ''],
    );
  });

  test('a voter without weight counts for nothing, and cannot lead', () => {
    const rule = new QuorumRule(membership(nine, [...groups, 'weight.1=0']));
    check(rule, ['2 3 4 5'], ['1 2 4 5']);
    expect(rule.weightOf(1n)).toBe(0);
    expect(rule.weightOf(2n)).toBe(1);
  });

  test('a group without weight is not there', () => {
    const rule = new QuorumRule(membership(nine, [...groups, 'weight.7=0', 'weight.8=0', 'weight.9=0']));
    check(rule, ['1 2 4 5', '1 2 5 6 7'], ['1 2 7 8 9', '1 2 3']);
  });

  test('weights tell', () => {
    const rule = new QuorumRule(
      membership([1, 2, 3, 4], ['group.1=1:2', 'group.2=3:4', 'weight.1=3', 'weight.3=2', 'weight.4=2']),
    );
    check(rule, ['1 3 4'], ['2 3 4', '1 3']);
  });

  test('exactly half of a weight is no majority', () => {
    check(
      new QuorumRule(membership([1, 2], ['group.1=1:2', 'weight.1=2', 'weight.2=2'])),
      ['1 2'],
      ['1', '2'],
    );
  });
});

describe('two configurations', () => {
  const both = new Quorums(membership([1, 2, 3]), membership([3, 4, 5]));

  test('need a quorum of each', () => {
    check(both, ['2 3 4', '1 2 4 5', '1 3 5'], ['1 2 3', '3 4 5', '1 2', '']);
  });

  test('their voters are those of either', () => {
    expect(both.voters).toEqual([1n, 2n, 3n, 4n, 5n]);
    expect([1n, 5n, 6n].map((s) => both.isVoter(s))).toEqual([true, true, false]);
  });

  test('one alone is just that one', () => {
    check(new Quorums(membership([1, 2, 3])), ['1 2'], ['3 4']);
  });
});
