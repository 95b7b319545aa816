import { describe, expect } from 'vitest';
import * as m from '../../../src/protocol/messages.ts';
import { OP } from '../../../src/protocol/opcodes.ts';
import { ReadOnlyServer } from '../../../src/server/node/read-only-server.ts';
import { check, clientOf } from './role-check.ts';
import { type Member, type RoleRig, TICK_MS } from './role-rig.ts';

const TIMEOUT_MS = 2 * TICK_MS;

describe('a read-only server', () => {
  const readOnly = async (rig: RoleRig): Promise<Member> => {
    const writer = await clientOf(rig, rig.observer);
    await writer.answer(writer.create('/r', 0, 'kept'));
    await rig.observer.server.stop('no quorum');
    const server = new ReadOnlyServer(rig.observer.parts);
    rig.observer.gate.behind = server;
    server.start();
    return rig.observer;
  };

  check('answers reads to clients that accept it, and refuses writes', async (rig) => {
    const member = await readOnly(rig);
    const client = await clientOf(rig, member, { readOnly: true });
    expect([client.greeting?.readOnly, client.session !== 0n]).toEqual([true, true]);
    expect(await client.read('/r')).toBe('kept');
    client.set('/r', 'x');
    client.sync();
    client.create('/e', 1);
    client.send(OP.check, m.CheckVersionRequest, { path: '/r', version: 0 });
    client.send(OP.closeSession);
    await rig.until(() => client.closed);
    const refused = client.replies.slice(1, 5);
    expect(refused.map((r) => r.err)).toEqual(Array(4).fill('NOTREADONLY'));
    expect(new Set(refused.map((r) => r.zxid))).toEqual(new Set([member.store.database.lastZxid]));
    expect(client.heard.at(-1)).toBe('6 OK');
  });

  check('takes nobody else', async (rig) => {
    const before = await clientOf(rig, rig.observer);
    const member = await readOnly(rig);
    const writer = await clientOf(rig, member);
    const resumed = await clientOf(rig, member, { ...before.ticket, readOnly: true });
    expect([writer.closed, writer.greeting, resumed.closed, resumed.greeting]).toEqual([
      true,
      undefined,
      true,
      undefined,
    ]);
  });

  check('ends the sessions it made when they are silent', async (rig) => {
    const member = await readOnly(rig);
    const client = await clientOf(rig, member, { readOnly: true, timeoutMs: TIMEOUT_MS });
    await rig.until(() => client.closed);
    expect(member.gate.behind?.localSessions).toBe(0);
  });
});
