import { describe, expect, test } from 'vitest';
import { configChange, firstVersion } from '../../../src/server/quorum/config-change.ts';
import type { Membership } from '../../../src/server/quorum/membership.ts';
import { parseMembershipText } from '../../../src/server/quorum/membership-text.ts';

/** `1 2 3o`: ids, `o` for observers; `@x` for another host. */
const members = (text: string, version = 1n): Membership =>
  parseMembershipText(
    [
      ...text.split(' ').map((word) => {
        const [, id, o, host] = /^(\d+)(o?)(?:@(.*))?$/.exec(word) ?? [];
        return `server.${id}=${host ?? 'h'}:${id}:1${id}:${o ? 'observer' : 'participant'};${host ?? 'h'}:2${id}`;
      }),
      `version=${version.toString(16)}`,
    ].join('\n'),
  ) as Membership;

interface Row {
  readonly sid: bigint;
  readonly before: string;
  readonly after: string;
  readonly designated?: bigint;
  readonly leader: bigint;
  readonly says: string;
}

const rows: Row[] = [
  { sid: 1n, before: '1 2 3', after: '1 2 3', designated: 3n, leader: 3n, says: '' },
  { sid: 1n, before: '1 2 3', after: '1 2 3 4', designated: 3n, leader: 3n, says: '' },
  { sid: 1n, before: '1 2 3', after: '1o 2 3', designated: 3n, leader: 3n, says: 'role' },
  { sid: 1n, before: '1o 2 3', after: '1 2 3', designated: 3n, leader: 3n, says: 'role' },
  { sid: 1n, before: '1 2 3', after: '2 3', designated: 3n, leader: 3n, says: 'removed' },
  { sid: 1n, before: '1o 2 3', after: '2 3', designated: 3n, leader: 3n, says: 'removed' },
  { sid: 4n, before: '1 2 3', after: '1 2 3 4', designated: 3n, leader: 3n, says: 'role added client' },
  { sid: 4n, before: '1 2 3', after: '1 2 3 4o', designated: 3n, leader: 3n, says: 'added client' },
  { sid: 1n, before: '1 2 3', after: '1 2', designated: 2n, leader: 3n, says: 'leader' },
  { sid: 3n, before: '1 2 3', after: '1 2', designated: 2n, leader: 3n, says: 'leader removed' },
  { sid: 1n, before: '1 2 3', after: '1 2', leader: 3n, says: 'leader' },
  { sid: 1n, before: '1 2 3', after: '1 2 3@x', leader: 3n, says: 'leader' },
  { sid: 1n, before: '1 2', after: '1 2 3', leader: 3n, says: 'leader' },
  { sid: 1n, before: '1 2 3', after: '1 2 3', leader: 3n, says: '' },
  {
    sid: 1n,
    before: '1 2 3',
    after: '1@x 2 3',
    designated: 3n,
    leader: 3n,
    says: 'client election quorum',
  },
];

test.each(rows)('$sid: $before -> $after, $leader leads, $designated is named', (row) => {
  const { sid, before, after, designated, leader } = row;
  const change = configChange(sid, members(before), members(after, 2n), designated, leader);
  const says = [
    change.roleChanged && 'role',
    change.leaderChanged && 'leader',
    change.removed && 'removed',
    change.added && 'added',
    change.clientMoved !== undefined && 'client',
    change.electionMoved && 'election',
    change.quorumMoved && 'quorum',
  ];
  expect(says.filter(Boolean).join(' ')).toBe(row.says);
});

describe('the first version', () => {
  test('is the first zxid of the epoch, and the members stay', () => {
    const files = members('1 2 3', 0n);
    expect(firstVersion(files, files, 7n)).toEqual({ ...files, version: 7n << 32n });
  });
  test('is not given twice', () => {
    const [files, seen] = [members('1 2 3', 0n), members('1 2 3', 1n << 32n)];
    expect(firstVersion(files, seen, 7n)).toBeUndefined();
    expect(firstVersion(seen, seen, 7n)).toBeUndefined();
  });
});
