import { describe, expect, test } from 'vitest';
import { SILENT } from '../../../src/events/bus.ts';
import { encode } from '../../../src/jute/schema.ts';
import type { Id } from '../../../src/protocol/acl.ts';
import { ERR, errName } from '../../../src/protocol/error-codes.ts';
import { ReconfigRequest } from '../../../src/protocol/messages.ts';
import { OP } from '../../../src/protocol/opcodes.ts';
import { Access } from '../../../src/server/auth/access.ts';
import type { ReconfigRules } from '../../../src/server/processor/plan-reconfig.ts';
import { PrepRequestProcessor } from '../../../src/server/processor/prep-request.ts';
import { Request } from '../../../src/server/processor/request.ts';
import type { Membership } from '../../../src/server/quorum/membership.ts';
import { parseMembershipText } from '../../../src/server/quorum/membership-text.ts';
import { DataTree } from '../../../src/server/tree/data-tree.ts';
import { testSecrets } from '../secrets.ts';

const SUPER: readonly Id[] = [{ scheme: 'super', id: '' }];
const server = (id: number, role = 'participant', host = `h${id}`): string =>
  `server.${id}=${host}:2888:3888:${role};${host}:2181`;
const config = (version: bigint, ...lines: string[]): Membership =>
  parseMembershipText([...lines, `version=${version.toString(16)}`].join('\n')) as Membership;
const THREE = config(0x500000000n, server(1), server(2), server(3));

interface Setting {
  readonly committed: Membership;
  readonly lastSeen: Membership;
  readonly enabled: boolean;
  readonly alone: boolean;
  readonly standaloneEnabled: boolean;
  readonly inStep: readonly bigint[];
  readonly ids: readonly Id[];
}
const USUAL: Setting = {
  committed: THREE,
  lastSeen: THREE,
  enabled: true,
  alone: false,
  standaloneEnabled: true,
  inStep: [1n, 2n, 3n],
  ids: SUPER,
};

interface Asked {
  readonly joining?: string;
  readonly leaving?: string;
  readonly members?: string;
  readonly from?: bigint;
}

/** A leader's prep in epoch 5. */
function leader(setting: Partial<Setting> = {}) {
  const s = { ...USUAL, ...setting };
  const tree = DataTree.fresh({ extended: { enabled: true, emulate353: false }, digest: true, hashSeed: 1 });
  const rules: ReconfigRules = {
    committed: () => s.committed,
    lastSeen: () => s.lastSeen,
    standaloneEnabled: s.standaloneEnabled,
    multiAddress: false,
    inStep: (sid) => s.inStep.includes(sid),
  };
  const prep = new PrepRequestProcessor({
    tree,
    access: new Access(testSecrets),
    events: SILENT,
    sessionFault: () => ERR.OK,
    lastZxid: 0x500000006n,
    enforceQuota: false,
    reconfigEnabled: s.enabled,
    ...(s.alone ? {} : { reconfig: rules }),
    txnBytesMax: 1 << 20,
    closeSessionPaths: true,
    multiOpsMax: 100,
  });
  return (asked: Asked): Request => {
    const bytes = encode(ReconfigRequest, {
      joiningServers: asked.joining ?? null,
      leavingServers: asked.leaving ?? null,
      newMembers: asked.members ?? null,
      curConfigId: asked.from ?? -1n,
    });
    const request = new Request(undefined, 1n, 1, OP.reconfig, bytes, 0, bytes.length, 0, undefined, s.ids);
    prep.prepare(request, 1_700_000_000_000);
    return request;
  };
}

/** The text of the new configuration, or the name of the error. */
const outcome = ({ txn }: Request): string =>
  txn?.type === OP.reconfig
    ? (txn.data ?? '').toString('utf8')
    : txn?.type === OP.error
      ? (errName(txn.err) ?? String(txn.err))
      : 'nothing';
const ask = (asked: Asked, setting: Partial<Setting> = {}): string => outcome(leader(setting)(asked));

describe('a transaction', () => {
  test('writes the new configuration, its own zxid as version, to the node', () => {
    const request = leader()({ leaving: '3', from: 0x500000000n });
    expect(request.txn).toMatchObject({ type: OP.reconfig, path: '/zookeeper/config', version: -1 });
    expect(outcome(request)).toBe(`${server(1)}\n${server(2)}\nversion=500000007`);
    expect(request.header?.type).toBe(OP.reconfig);
  });

  test.each<[string, Asked, string[]]>([
    [
      'one joins',
      { joining: server(4, 'observer') },
      [server(1), server(2), server(3), server(4, 'observer')],
    ],
    ['two join', { joining: `${server(5)}, ${server(4)}` }, [1, 2, 3, 4, 5].map((n) => server(n))],
    ['an id beyond all others', { joining: server(0) }, [0, 1, 2, 3].map((n) => server(n))],
    [
      'one changes its role',
      { joining: server(2, 'observer') },
      [server(1), server(2, 'observer'), server(3)],
    ],
    [
      'one moves',
      { joining: server(2, 'participant', 'x') },
      [server(1), server(2, 'participant', 'x'), server(3)],
    ],
    ['leaves and comes back', { leaving: '2', joining: server(2) }, [1, 2, 3].map((n) => server(n))],
    ['a stranger leaves', { leaving: '77' }, [1, 2, 3].map((n) => server(n))],
    [
      'in its old place',
      { leaving: '3', joining: server(4, 'participant', 'h3') },
      [server(1), server(2), server(4, 'participant', 'h3')],
    ],
    ['the whole list', { members: `${server(1)},${server(3)}` }, [server(1), server(3)]],
    [
      'the whole list in lines',
      { members: `# c\n${server(3)}\n\n${server(1)}\nversion=9` },
      [server(1), server(3)],
    ],
    [
      'groups',
      { members: `${server(1)}\n${server(2)}\ngroup.1=1\ngroup.2=2\nweight.1=3` },
      [server(1), server(2), 'group.1=1', 'group.2=2', 'weight.1=3', 'weight.2=1'],
    ],
  ])('%s', (_name, asked, expected) => {
    const inStep = [0n, 1n, 2n, 3n, 4n, 5n];
    expect(ask(asked, { inStep })).toBe([...expected, 'version=500000007'].join('\n'));
  });

  test('servers of one host may have the same ports on loopback only', () => {
    const local = server(4, 'participant', '127.0.0.1');
    const committed = config(1n, server(1, 'participant', '127.0.0.1'), server(2));
    expect(ask({ joining: local }, { committed, lastSeen: committed })).toContain(local);
  });
});

describe('is refused', () => {
  test.each<[string, Asked, Partial<Setting>, string]>([
    ['where it is not enabled', { leaving: '3' }, { enabled: false, ids: [] }, 'RECONFIGDISABLED'],
    ['where there is no ensemble', { leaving: '3' }, { alone: true }, 'UNIMPLEMENTED'],
    [
      'while another is under way',
      { leaving: 'x', from: 1n },
      { lastSeen: { ...THREE, version: 0x500000003n } },
      'RECONFIGINPROGRESS',
    ],
    ['from another version', { leaving: 'x', from: 5n }, {}, 'BADVERSION'],
    ['with an id that is none', { leaving: 'x' }, {}, 'BADARGUMENTS'],
    ['with a joiner without a client port', { joining: 'server.4=h4:1:2' }, {}, 'BADARGUMENTS'],
    ['with a joiner that is none', { joining: 'nonsense' }, {}, 'BADARGUMENTS'],
    ['with a joiner of no id', { joining: 'server.x=h:1:2;3' }, {}, 'BADARGUMENTS'],
    ['with two equals signs', { joining: 'server.4=h=4:1:2;3' }, {}, 'BADARGUMENTS'],
    ['with a place that is taken', { joining: 'server.4=h2:2888:9;h4:2181' }, {}, 'BADARGUMENTS'],
    ['with a client port that is taken', { joining: 'server.4=h4:1:2;h2:3888' }, {}, 'BADARGUMENTS'],
    ['with a list of other things', { members: `bogus=1\n${server(1)}\n${server(2)}` }, {}, 'BADARGUMENTS'],
    ['with an empty list', { members: '' }, {}, 'BADARGUMENTS'],
    ['with one voter left', { leaving: '2,3' }, { inStep: [] }, 'BADARGUMENTS'],
    ['with none left', { leaving: '1,2,3' }, { standaloneEnabled: false }, 'BADARGUMENTS'],
    ['incrementally, with groups', { leaving: '3' }, GROUPED(), 'BADARGUMENTS'],
    ['without a synced quorum', { leaving: '1' }, { inStep: [1n, 2n], ids: [] }, 'NEWCONFIGNOQUORUM'],
    ['without permission', { leaving: '1' }, { ids: [] }, 'NOAUTH'],
    ['with another permission', { leaving: '1' }, { ids: [{ scheme: 'digest', id: 'a:b' }] }, 'NOAUTH'],
  ])('%s', (_name, asked, setting, expected) => {
    expect(ask(asked, setting)).toBe(expected);
  });

  test('one voter may stay where nobody stands alone', () => {
    expect(ask({ leaving: '2,3' }, { standaloneEnabled: false })).toBe(`${server(1)}\nversion=500000007`);
  });

  test('while one that was planned is not heard of yet', () => {
    const prepare = leader();
    expect(outcome(prepare({ leaving: '3' }))).toContain('version=500000007');
    expect(outcome(prepare({ leaving: '2' }))).toBe('RECONFIGINPROGRESS');
  });

  test('bytes that are no request', () => {
    const prepare = leader();
    const request = prepare({});
    expect(outcome(request)).toContain('version=');
  });
});

function GROUPED(): Partial<Setting> {
  const grouped = config(1n, server(1), server(2), server(3), 'group.1=1:2:3');
  return { committed: grouped, lastSeen: grouped };
}
