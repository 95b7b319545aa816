import { describe, expect, it } from 'vitest';
import { OPEN_ACL } from '../../../src/protocol/acl.ts';
import { ttlOwner } from '../../../src/protocol/create-mode.ts';
import { OP } from '../../../src/protocol/opcodes.ts';
import { STAT_PERSISTED_BYTES } from '../../../src/protocol/stat.ts';
import { Database } from '../../../src/server/node/database.ts';

const fresh = (extendedTypes: boolean): Database => {
  const extended = { enabled: extendedTypes, emulate353: false };
  const database = new Database({ extended, digest: true, hashSeed: 1 }, () => {});
  database.finishLoad('none');
  return database;
};

const add = (database: Database, path: string, owner: bigint): void => {
  const at = { zxidHi: 0, zxidLo: 1, time: 1 };
  const { tree } = database;
  tree.create(path, tree.parentOf(path), { data: null, acl: OPEN_ACL, owner }, -1, at);
};

describe('ephemerals whose session is not known', () => {
  it('are told, those of known sessions are not', () => {
    const database = fresh(true);
    database.sessions.set(5n, 1000);
    add(database, '/known', 5n);
    add(database, '/orphan', 6n);
    expect(database.orphanOwners()).toEqual({ sessions: [6n], ttlNodes: [] });
  });
  it('are not TTL nodes, though these look alike while TTL is off', () => {
    const database = fresh(false);
    add(database, '/ttl', ttlOwner(1000n));
    expect(database.orphanOwners()).toEqual({ sessions: [], ttlNodes: ['/ttl'] });
  });
  it('are none where TTL is on', () => {
    const database = fresh(true);
    add(database, '/ttl', ttlOwner(1000n));
    expect(database.orphanOwners()).toEqual({ sessions: [], ttlNodes: [] });
  });
});

describe('a fuzzy snapshot', () => {
  const acl = [{ perms: 1, id: { scheme: 'digest', id: 'u:x' } }];
  const header = { clientId: 1n, cxid: 1, zxid: 9n, time: 0n };
  const load = (): Database => {
    const extended = { enabled: true, emulate353: false };
    const database = new Database({ extended, digest: true, hashSeed: 1 }, () => {});
    const sink = database.sink();
    for (const path of ['', '/a', '/b'])
      sink.node(path, Buffer.alloc(STAT_PERSISTED_BYTES), 0, 0, path === '/a' ? 7n : -1n, 0);
    database.finishSnapshot();
    return database;
  };

  it('has a node before its ACL, which the create or the change behind it brings (3306, 4846)', () => {
    const txn = { path: '/a', data: null, acl, ephemeral: false, parentCVersion: 1 };
    for (const it of [
      { type: OP.create, ...txn } as const,
      { type: OP.setACL, path: '/a', acl, version: 1 } as const,
    ]) {
      const database = load();
      expect(database.lacking()).toMatch(/ACLs .*\(numbers 7\)/);
      database.replay({ header: { ...header, type: it.type }, txn: it, digest: undefined });
      expect(database.lacking()).toBeUndefined();
      const { tree } = database;
      expect(tree.acls.get(tree.store.acl(tree.find('/a')))).toEqual(acl);
    }
  });

  it('is none that can be served while the ACL has not come', () => {
    expect(() => load().finishLoad('snapshot.1')).toThrow(/ACLs that are in neither/);
  });
});
