import { expect, it } from 'vitest';
import { OP } from '../../../src/protocol/opcodes.ts';
import { isWrite, requestPath } from '../../../src/server/processor/request-kinds.ts';

const body = Buffer.from('\0\0\0\x04/a/bmore');
const path = (op: number, bytes = body): string => requestPath(op, bytes, 0, bytes.length);

it('a request that begins with a path is told with it', () => {
  expect([OP.create, OP.getData, OP.sync, OP.addWatch].map((op) => path(op))).toEqual(Array(4).fill('/a/b'));
});

it('others, and malformed ones, are told without', () => {
  expect([OP.multi, OP.auth, OP.setWatches, OP.closeSession, 9999].map((op) => path(op))).toEqual(
    Array(5).fill(''),
  );
  for (const bad of ['', '\0\0', '\0\0\0\x09/a', '\xff\xff\xff\xff', '\x7f\xff\xff\xff/']) {
    expect(path(OP.create, Buffer.from(bad, 'latin1'))).toBe('');
  }
});

it('a check by itself is no write', () => {
  expect([OP.create, OP.multi, OP.closeSession, OP.check, OP.getData].map(isWrite)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});
