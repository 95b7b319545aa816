import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connect } from '../../../src/client/index.ts';
import { OP } from '../../../src/protocol/opcodes.ts';
import { decodeEntry, type TxnEntry } from '../../../src/protocol/txn.ts';
import { startInProcess } from '../../golden/zkt-in-process.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'zkt-open-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('with db.autocreate=false', () => {
  it('an empty directory is refused', async () => {
    await expect(startInProcess(dir, ['db.autocreate=false'])).rejects.toMatchObject({
      code: 'ZKT_DATA_DIR',
    });
    expect(readdirSync(path.join(dir, 'version-2'))).toEqual([]);
  });
  it('the file `initialize` begins a database, once', async () => {
    writeFileSync(path.join(dir, 'initialize'), '');
    const first = await startInProcess(dir, ['db.autocreate=false']);
    await first.stop();
    expect(readdirSync(dir)).not.toContain('initialize');
    const second = await startInProcess(dir, ['db.autocreate=false']);
    await second.stop();
  });
});

/** Entries of the one log of the directory. */
const entries = (): TxnEntry[] => {
  const name = readdirSync(path.join(dir, 'version-2')).find((it) => it.startsWith('log.')) as string;
  const bytes = readFileSync(path.join(dir, 'version-2', name));
  const found: TxnEntry[] = [];
  for (let at = 16; at + 12 < bytes.length && bytes.readInt32BE(at + 8) > 0; ) {
    const length = bytes.readInt32BE(at + 8);
    found.push(decodeEntry(bytes.subarray(at + 12, at + 12 + length)) as TxnEntry);
    at += 12 + length + 1;
  }
  return found;
};

describe('closeSessionTxn.enabled', () => {
  const close = async (enabled: boolean): Promise<TxnEntry | undefined> => {
    const server = await startInProcess(dir, [`closeSessionTxn.enabled=${enabled}`]);
    const client = connect({ servers: server.address });
    await client.create('/e', null, { mode: 'ephemeral' });
    await client.close();
    await server.stop();
    return entries().find(({ txn }) => txn.type === OP.closeSession);
  };
  it('lists the ephemerals', async () => {
    const entry = await close(true);
    expect(entry).toMatchObject({ txn: { paths2Delete: ['/e'] }, digest: { version: 2 } });
  });
  it('off: no list, and no digest that could be taken for one; the ephemerals go all the same', async () => {
    const entry = await close(false);
    expect(entry).toMatchObject({ txn: { paths2Delete: undefined }, digest: undefined });
    const again = await startInProcess(dir);
    const client = connect({ servers: again.address });
    expect(await client.exists('/e')).toBeUndefined();
    await client.close();
    await again.stop();
  });
});
