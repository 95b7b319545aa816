import { describe, expect, it } from 'vitest';
import { OPEN_ACL } from '../../../src/protocol/acl.ts';
import { ttlOwner } from '../../../src/protocol/create-mode.ts';
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
