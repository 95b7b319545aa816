import { describe, expect } from 'vitest';
import { encode } from '../../../src/jute/schema.ts';
import { OPEN_ACL } from '../../../src/protocol/acl.ts';
import * as m from '../../../src/protocol/messages.ts';
import { MultiRequest } from '../../../src/protocol/multi.ts';
import { OP } from '../../../src/protocol/opcodes.ts';
import { LearnerServer } from '../../../src/server/node/learner-server.ts';
import { ReadOnlyServer } from '../../../src/server/node/read-only-server.ts';
import { check, clientOf, roles } from './role-check.ts';
import { type Member, type RoleRig, TICK_MS } from './role-rig.ts';

const TIMEOUT_MS = 2 * TICK_MS;
const LOCAL = { quorum: { localSessionsEnabled: true, localSessionsUpgradingEnabled: true } };

describe('a session that moves', () => {
  const moves: [string, (rig: RoleRig) => Member, (rig: RoleRig) => Member][] = [
    ['leader to follower', (rig) => rig.leader, (rig) => rig.follower],
    ['follower to leader', (rig) => rig.follower, (rig) => rig.leader],
    ['follower to observer', (rig) => rig.follower, (rig) => rig.observer],
    ['follower to the same', (rig) => rig.follower, (rig) => rig.follower],
    ['leader to the same', (rig) => rig.leader, (rig) => rig.leader],
  ];
  for (const [name, from, to] of moves) {
    check(
      `${name}: goes on there; who writes over the old connection is cut off without an answer`,
      async (rig) => {
        const before = await clientOf(rig, from(rig));
        await before.answer(before.create('/e', 1));
        await rig.until(() => rig.settled);
        const after = await clientOf(rig, to(rig), before.ticket);
        expect(after.session).toBe(before.session);
        before.set('/e', 'from the old');
        await rig.until(() => before.closed);
        expect(before.heard).toEqual(['1 OK']);
        expect((await after.answer(after.set('/e', 'from the new'))).err).toBe('OK');
        expect(await after.read('/e')).toBe('from the new');
        expect(rig.leader.server.tracker.size).toBe(1);
        expect(rig.leader.said('session.moved')).toBe(from(rig) === to(rig) ? 0 : 1);
        const attached = to(rig).events.filter((it) => it.name === 'session.attached');
        expect(attached.map(({ fields }) => fields.session)).toContain(before.session);
      },
    );
  }

  check('closes for good: an older connection cannot go on with it', async (rig) => {
    const before = await clientOf(rig, rig.follower);
    const after = await clientOf(rig, rig.observer, before.ticket);
    after.send(OP.closeSession);
    await rig.until(() => after.closed);
    await rig.until(() => before.closed);
    const again = await clientOf(rig, rig.follower, before.ticket);
    expect(again.session).toBe(0n);
    expect(rig.leader.server.tracker.size).toBe(0);
  });
});

describe('a leader that was stopped', () => {
  check('hears its learners before it ends their sessions', async (rig) => {
    const client = await clientOf(rig, rig.follower, { timeoutMs: TIMEOUT_MS });
    await client.answer(client.create('/e', 1));
    rig.leader.halted = true;
    for (let i = 0; i < 12; i++) {
      await rig.sleep(TIMEOUT_MS / 4);
      client.ping();
    }
    rig.leader.halted = false;
    for (let i = 0; i < 12; i++) {
      await rig.sleep(TIMEOUT_MS / 4);
      client.ping();
    }
    expect([client.closed, rig.leader.server.tracker.size]).toEqual([false, 1]);
    await rig.until(() => client.closed);
  });
});

describe('a local session', () => {
  for (const [role, memberOf] of roles) {
    check(
      `of the ${role}: makes no transaction, reads, writes, ends`,
      async (rig) => {
        const client = await clientOf(rig, memberOf(rig));
        expect([client.session !== 0n, rig.leader.proposals.length]).toEqual([true, 0]);
        expect((await client.answer(client.create('/p', 0, 'x'))).err).toBe('OK');
        expect(await client.read('/p')).toBe('x');
        client.set('/p', 'y');
        client.send(OP.closeSession);
        await rig.until(() => client.closed);
        expect(client.heard).toEqual(['1 OK', '2 OK', '3 OK', '4 OK']);
        expect([rig.leader.proposals.length, memberOf(rig).gate.behind?.localSessions]).toEqual([2, 0]);
      },
      LOCAL,
    );

    check(
      `of the ${role}: comes back to its server, and to no other`,
      async (rig) => {
        const client = await clientOf(rig, memberOf(rig));
        client.hangUp();
        const again = await clientOf(rig, memberOf(rig), client.ticket);
        expect(again.session).toBe(client.session);
        const other = await clientOf(rig, role === 'follower' ? rig.observer : rig.follower, client.ticket);
        expect(other.session).toBe(0n);
      },
      LOCAL,
    );

    check(
      `of the ${role}: expires there`,
      async (rig) => {
        const client = await clientOf(rig, memberOf(rig), { timeoutMs: TIMEOUT_MS });
        await rig.sleep(TIMEOUT_MS / 2);
        client.ping();
        await rig.sleep(TIMEOUT_MS * 0.75);
        expect(client.closed).toBe(false);
        await rig.until(() => client.closed);
        expect([memberOf(rig).gate.behind?.localSessions, rig.leader.proposals.length]).toEqual([0, 0]);
      },
      LOCAL,
    );

    check(
      `of the ${role}: becomes the ensemble's for an ephemeral`,
      async (rig) => {
        const client = await clientOf(rig, memberOf(rig));
        client.create('/e', 1);
        client.create('/f-', 3);
        await client.answer(client.get('/e'));
        expect(client.heard).toEqual(['1 OK', '2 OK', '3 OK']);
        expect(memberOf(rig).gate.behind?.localSessions).toBe(0);
        expect(rig.leader.store.database.sessions.has(client.session)).toBe(true);
        expect(rig.leader.server.tracker.size).toBe(1);
        await rig.until(() => rig.settled);
        const moved = await clientOf(rig, role === 'follower' ? rig.observer : rig.follower, client.ticket);
        expect(moved.session).toBe(client.session);
        moved.send(OP.closeSession);
        await rig.until(() => moved.closed);
        const other = await clientOf(rig, rig.leader);
        await other.answer(other.sync());
        expect(await other.read('/e')).toBe('NONODE');
      },
      LOCAL,
    );

    check(
      `of the ${role}: upgraded and closed in one breath leaves nothing behind`,
      async (rig) => {
        const client = await clientOf(rig, memberOf(rig));
        client.send(OP.multi, MultiRequest, [
          { op: OP.create, req: { path: '/e', data: null, acl: OPEN_ACL, flags: 1 } },
        ]);
        client.send(OP.closeSession);
        await rig.until(() => client.closed);
        expect(client.heard).toEqual(['1 OK', '2 OK']);
        await rig.until(() => rig.settled);
        expect(rig.leader.server.tracker.size).toBe(0);
        expect(rig.leader.store.database.tree.owned.ephemeralCount).toBe(0);
      },
      LOCAL,
    );

    check(
      `of the ${role}: whose client goes away while it is upgraded dies of silence`,
      async (rig) => {
        const client = await clientOf(rig, memberOf(rig), { timeoutMs: TIMEOUT_MS });
        client.create('/e', 1);
        await rig.until(() => rig.leader.proposals.length > 0);
        client.hangUp();
        await rig.until(() => rig.leader.server.tracker.size === 0);
        await rig.until(() => rig.settled);
        expect(rig.leader.store.database.tree.owned.ephemeralCount).toBe(0);
      },
      LOCAL,
    );

    check(
      `of the ${role}: is refused ephemerals where it may not be upgraded`,
      async (rig) => {
        const client = await clientOf(rig, memberOf(rig));
        client.create('/p');
        client.create('/e', 1);
        await client.answer(client.create('/q'));
        expect(client.heard).toEqual(['1 OK', '2 EPHEMERALONLOCALSESSION', '3 OK']);
        expect(rig.leader.proposals.length).toBe(2);
      },
      { quorum: { localSessionsEnabled: true, localSessionsUpgradingEnabled: false } },
    );
  }

  check(
    'outlives the role of its server',
    async (rig) => {
      const client = await clientOf(rig, rig.observer);
      await client.answer(client.create('/p', 0, 'x'));
      await rig.until(() => rig.settled);
      const { parts, gate } = rig.observer;
      await rig.observer.server.stop('an election');
      const between = new ReadOnlyServer(parts);
      gate.behind = between;
      between.start();
      const reader = await clientOf(rig, rig.observer, { ...client.ticket, readOnly: true });
      expect([reader.session, await reader.read('/p')]).toEqual([client.session, 'x']);
      await between.stop('a leader was found');
      const after = new LearnerServer(parts, rig.observer, 'observer');
      gate.behind = after;
      after.start();
      const again = await clientOf(rig, rig.observer, client.ticket);
      expect([again.session, after.localSessions]).toEqual([client.session, 1]);
    },
    LOCAL,
  );

  check(
    'forwarded without an upgrade owns nothing',
    async (rig) => {
      const local = (2n << 56n) + 5n;
      const create = (path: string, flags: number) =>
        rig.leader.server.forwarded(rig.follower.link, {
          session: local,
          cxid: 1,
          op: OP.create,
          body: encode(m.CreateRequest, { path, data: null, acl: OPEN_ACL, flags }),
          ids: [{ scheme: 'ip', id: '127.0.0.1' }],
        });
      create('/e', 1);
      create('/p', 0);
      await rig.until(() => rig.settled);
      const { tree } = rig.leader.store.database;
      expect([tree.owned.ephemeralCount, tree.find('/e'), tree.find('/p') >= 0]).toEqual([0, -1, true]);
    },
    LOCAL,
  );
});
