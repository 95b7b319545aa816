import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { followingSessionId, initialSessionId } from '../../../src/server/session/session-id.ts';
import { apachePasswords, hmacPasswords } from '../../../src/server/session/session-password.ts';
import { testSecrets } from '../secrets.ts';

describe('session ids', () => {
  it('hold the server id, then 40 bits of the clock, then a count of 16 bits', () => {
    const check = (sid: bigint, clockMs: number, id: bigint) =>
      expect(initialSessionId(sid, clockMs)).toBe(id);
    check(1n, 0x124ac8, 0x0100_0012_4ac8_0000n);
    check(1n, 0, 0x0100_0000_0000_0000n);
    check(3n, 1.9, 0x0300_0000_0001_0000n);
    check(1n, 0x12_3456_7890_ab, 0x0134_5678_90ab_0000n); // the clock's high bits are cut off
    check(255n, 5, BigInt.asIntN(64, 0xff00_0000_0005_0000n)); // negative, as in Java
  });

  it('skip the value that marks containers', () => {
    expect(initialSessionId(128n, 0)).toBe(BigInt.asIntN(64, 0x8000_0000_0000_0001n));
    expect(followingSessionId(0x7fff_ffff_ffff_ffffn)).toBe(BigInt.asIntN(64, 0x8000_0000_0000_0001n));
    expect(followingSessionId(4n)).toBe(5n);
  });
});

describe('session passwords', () => {
  const hmac = hmacPasswords(testSecrets, Buffer.from('a secret'));
  const apache = apachePasswords(testSecrets);

  it("make what Apache's servers make", () => {
    expect(apache.of(0x0100_0012_4ac8_0000n).toString('hex')).toBe('4a8ed4040f43242b38d3846e70879441');
  });

  it('are accepted for their session alone', () => {
    for (const p of [hmac, apache]) {
      fc.assert(
        fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.nat(127), (id, bit) => {
          fc.pre(id !== 0n);
          const own = p.of(id);
          expect(own.length).toBe(16);
          expect(p.check(id, own)).toBe(true);
          const wrong = Buffer.from(own);
          wrong[bit >> 3] = (wrong[bit >> 3] as number) ^ (1 << (bit & 7));
          expect(p.check(id, wrong)).toBe(false);
        }),
      );
      expect(p.check(0n, p.of(0n))).toBe(false);
      expect(p.check(5n, null)).toBe(false);
      expect(p.check(5n, Buffer.alloc(0))).toBe(false);
      expect(p.check(5n, Buffer.concat([p.of(5n), Buffer.alloc(1)]))).toBe(false);
      expect(p.check(5n, p.of(6n))).toBe(false);
    }
  });

  it('depend on the secret', () => {
    const other = hmacPasswords(testSecrets, Buffer.from('another'));
    expect(other.check(5n, hmac.of(5n))).toBe(false);
  });
});
