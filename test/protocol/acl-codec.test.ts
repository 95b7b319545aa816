import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decode, encode, nullableVector } from '../../src/jute/schema.ts';
import { Acl, AclList, OPEN_ACL } from '../../src/protocol/acl.ts';
import { CreateRequest } from '../../src/protocol/messages.ts';

const Plain = nullableVector(Acl);
const text = fc.constantFrom('world', 'anyone', 'worle', 'anyone2', '', 'digest');
const acl = fc.record({ perms: fc.constantFrom(31, 30, 1, -1), id: fc.record({ scheme: text, id: text }) });
const list = fc.option(fc.array(acl, { maxLength: 3 }));

it('ACL lists travel as their schema says, the short cut of the open one included', () => {
  fc.assert(
    fc.property(list, (acls) => {
      const bytes = encode(AclList, acls);
      expect(bytes.equals(encode(Plain, acls))).toBe(true);
      expect(decode(AclList, bytes)).toEqual(acls);
    }),
  );
  const open = encode(Plain, [...OPEN_ACL]);
  expect(encode(AclList, OPEN_ACL).equals(open)).toBe(true);
  expect(decode(AclList, open)).toBe(OPEN_ACL);
});

it('what only begins like the open ACL is not it', () => {
  const open = encode(Plain, [...OPEN_ACL]);
  for (let end = 0; end < open.length; end++) expect(() => decode(AclList, open.subarray(0, end))).toThrow();
  for (let bit = 0; bit < open.length * 8; bit++) {
    const bytes = Buffer.from(open);
    bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
    const outcome = (codec: typeof Plain | typeof AclList) => {
      try {
        return decode(codec, bytes, true);
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(outcome(AclList)).toEqual(outcome(Plain));
    expect(outcome(AclList)).not.toBe(OPEN_ACL);
  }
});

it('a create request reads on behind its ACL', () => {
  const request = { path: '/a', data: Buffer.from('x'), acl: OPEN_ACL, flags: 3 };
  const bytes = encode(CreateRequest, request);
  expect(bytes.equals(encode(CreateRequest.declared, request))).toBe(true);
  expect(decode(CreateRequest, bytes)).toEqual(request);
  for (let end = 0; end < bytes.length; end++) {
    expect(() => decode(CreateRequest, bytes.subarray(0, end))).toThrow();
  }
});
