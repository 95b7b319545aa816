import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Acl, ANYONE, CREATOR_ALL_ACL, type Id, OPEN_ACL, PERMS } from '../../../src/protocol/acl.ts';
import { ACCESS_DEFAULTS, Access, type AccessOptions, addIds } from '../../../src/server/auth/access.ts';
import { testSecrets } from '../secrets.ts';

const U_P = 'u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ=';
const access = (options: Partial<AccessOptions> = {}) =>
  new Access(testSecrets, { ...ACCESS_DEFAULTS, ...options });
const full = access({ x509: { superUser: 'CN=root' }, sasl: { letAnySaslUserDo: 'anysasl' } });
/** `scheme:id`, split at the first colon. */
const id = (text: string): Id => {
  const at = text.indexOf(':');
  return { scheme: text.slice(0, at), id: text.slice(at + 1) };
};
/** `perms scheme:id`. */
const acl = (...lines: string[]): Acl[] =>
  lines.map((line) => {
    const at = line.indexOf(' ');
    return { perms: Number(line.slice(0, at)), id: id(line.slice(at + 1)) };
  });
const show = (list: readonly Acl[] | undefined) => list?.map((e) => `${e.perms} ${e.id.scheme}:${e.id.id}`);

describe('auth packets', () => {
  const check = (a: Access, scheme: string, auth: string, expected: string[] | undefined) => {
    const result = a.authenticate(scheme, Buffer.from(auth), '10.1.2.3');
    expect(result.ok ? result.ids.map((i) => `${i.scheme}:${i.id}`) : undefined).toEqual(expected);
  };
  it('digest gives user:base64(SHA1)', () => {
    check(full, 'digest', 'u:p', [`digest:${U_P}`]);
    check(full, 'digest', 'super:test', ['digest:super:D/InIHSb7yEEbrWz8b9l71RjZJU=']);
    const several = full.authenticate('digest', Buffer.from('a:b:c'), '');
    const user = several.ok ? several.ids[0]?.id.split(':', 1)[0] : undefined;
    expect(user).toBe('a'); // the user ends at the first colon
    expect(full.authenticate('digest', null, '').ok).toBe(false); // as Apache 3.8 answers zkCli's `addauth digest`
    expect(full.authenticate('ip', null, '10.1.2.3').ok).toBe(true);
    check(full, 'digest', '', ['digest::2jmj7l5rSw0yVb/vlWAYkK/YBwk=']);
  });
  it('the super digest makes a super user', () => {
    const a = access({ digest: { algorithm: 'SHA1', superDigest: U_P } });
    check(a, 'digest', 'u:p', ['super:', `digest:${U_P}`]);
    check(a, 'digest', 'u:q', ['digest:u:dUgecXzGv5eIAXU3JIK7zLD1z+c=']);
  });
  it('other algorithms', () => {
    check(access({ digest: { algorithm: 'SHA-256', superDigest: undefined } }), 'digest', 'u:p', [
      'digest:u:/Y8xRBngpX5duYn15uUqIRaIaCviy5TEwSk419hCwuA=',
    ]);
    check(access({ digest: { algorithm: 'SHA-0', superDigest: undefined } }), 'digest', 'u:p', undefined);
  });
  it('ip gives the own address; others are refused', () => {
    check(full, 'ip', 'whatever', ['ip:10.1.2.3']);
    for (const scheme of ['world', 'auth', 'x509', 'sasl', 'super', '', 'kerberos'])
      check(full, scheme, 'u:p', undefined);
    check(access({ digest: undefined }), 'digest', 'u:p', undefined);
  });
  it('ids are held once', () => {
    const held = [id('ip:1.2.3.4')];
    addIds(held, [id('digest:a'), id('ip:1.2.3.4'), id('digest:a')]);
    expect(held).toEqual([id('ip:1.2.3.4'), id('digest:a')]);
  });
});

describe('permits', () => {
  const check = (list: readonly Acl[] | null, perm: number, ids: string[], yes: boolean, a = full) =>
    expect(a.permits(list, perm, ids.map(id))).toBe(yes);
  it('the open, the empty and the missing ACL let everybody', () => {
    for (const open of [OPEN_ACL, [], null, acl('31 world:anyone')]) check(open, PERMS.ADMIN, [], true);
  });
  it('asks for the permission', () => {
    check(acl('1 world:anyone'), PERMS.READ, [], true);
    check(acl('1 world:anyone'), PERMS.WRITE, [], false);
    check(acl('1 world:anyone'), PERMS.READ | PERMS.ADMIN, [], true);
    check(acl('0 world:anyone'), PERMS.READ, [], false);
    check(acl('1 world:anyone', `2 digest:${U_P}`), PERMS.WRITE, [`digest:${U_P}`], true);
  });
  it('asks for the id, of the same scheme', () => {
    check(acl(`31 digest:${U_P}`), PERMS.READ, ['ip:1.2.3.4', `digest:${U_P}`], true);
    check(acl(`31 digest:${U_P}`), PERMS.READ, ['digest:u:other'], false);
    check(acl(`31 digest:${U_P}`), PERMS.READ, [`sasl:${U_P}`], false);
    check(acl('31 world:somebody'), PERMS.READ, ['world:somebody'], false);
    check(acl('31 unknown:x'), PERMS.READ, ['unknown:x'], false);
    check(acl('31 sasl:joe'), PERMS.READ, ['sasl:joe'], false, access());
  });
  it('super and skipACL pass', () => {
    check(acl('1 ip:9.9.9.9'), PERMS.ADMIN, ['super:'], true);
    check(acl('1 ip:9.9.9.9'), PERMS.ADMIN, [], true, access({ skipAcl: true }));
  });
  it('sasl and x509 have their own super users', () => {
    check(acl('31 sasl:joe'), PERMS.READ, ['sasl:joe'], true);
    check(acl('31 sasl:joe'), PERMS.READ, ['sasl:ann'], false);
    check(acl('31 sasl:joe'), PERMS.READ, ['sasl:super'], true);
    check(acl('31 sasl:anysasl'), PERMS.READ, ['sasl:ann'], true);
    check(acl('31 x509:CN=a'), PERMS.READ, ['x509:CN=a'], true);
    check(acl('31 x509:CN=a'), PERMS.READ, ['x509:CN=b'], false);
    check(acl('31 x509:CN=a'), PERMS.READ, ['x509:CN=root'], true);
  });
  it('ip masks', () => {
    const ip = (block: string, address: string, yes: boolean) =>
      check(acl(`31 ip:${block}`), PERMS.READ, [`ip:${address}`], yes);
    ip('10.0.0.0/8', '10.255.1.2', true);
    ip('10.0.0.0/8', '11.0.0.0', false);
    ip('10.1.2.3', '10.1.2.3', true);
    ip('10.1.2.3', '10.1.2.4', false);
    ip('10.1.2.3/0', '99.9.9.9', true);
    ip('10.1.255.255/20', '10.1.240.0', true);
    ip('10.1.255.255/20', '10.1.239.255', false);
    ip('10.1.2.3', '::ffff:10.1.2.3', true);
    ip('2001:db8::/32', '2001:db8:1::7', true);
    ip('2001:db8::/32', '2001:db9::', false);
    ip('::1', '0:0:0:0:0:0:0:1', true);
    ip('fe80::1', 'fe80::1%eth0', true);
    ip('::/0', '10.1.2.3', false);
    ip('0.0.0.0/0', '::1', false);
  });
  it('agrees with a comparison of bit strings', () => {
    const bits = (bytes: number[]) => bytes.map((b) => b.toString(2).padStart(8, '0')).join('');
    const quad = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(quad, fc.nat(31), fc.nat(32), (bytes, flip, n) => {
        const other = [...bytes];
        other[flip >> 3] = (other[flip >> 3] as number) ^ (0x80 >> (flip & 7));
        const same = bits(bytes).slice(0, n) === bits(other).slice(0, n);
        check(acl(`1 ip:${bytes.join('.')}/${n}`), 1, [`ip:${other.join('.')}`], same);
      }),
    );
  });
});

describe('fixup', () => {
  const ids = [id('ip:1.2.3.4'), id('digest:u:h'), id('sasl:joe')];
  const check = (list: Acl[] | null, expected: string[] | undefined, held = ids, a = full) =>
    expect(show(a.fixup(list, held))).toEqual(expected);
  it('refuses nothing at all, and what no scheme knows', () => {
    check(null, undefined);
    check([], undefined);
    for (const bad of [
      'world:nobody',
      'digest:nocolon',
      'digest:a:b:c',
      'digest:a:',
      'ip:',
      'ip:1.2.3',
      'ip:1.2.3.4/33',
      'ip:1.2.3.4/x',
      'ip:1.2.3.256',
      'ip::::1',
      'x:y',
      ':',
      'super:',
      'sasl:a@b@c',
      'x509:no equals sign',
    ])
      check(acl(`31 ${bad}`), undefined);
    check(acl('31 world:anyone', '31 x:y'), undefined);
    check(acl('31 sasl:joe'), undefined, ids, access());
  });
  it('keeps what is valid', () => {
    for (const good of [
      'world:anyone',
      'digest:a:b',
      'digest::b',
      'digest:a:b:',
      'ip:1.2.3.4',
      'ip:1.2.3.4/0',
      'ip:1.2.3.4/32',
      'ip:::1/128',
      'sasl:joe',
      'sasl:a/b@c',
      'sasl:a@c',
      'x509:CN=a,O=b\\, c',
    ])
      check(acl(`7 ${good}`), [`7 ${good}`]);
  });
  it('drops duplicates, keeps the order', () => {
    check(acl('1 ip:1.1.1.1', '31 world:anyone', '1 ip:1.1.1.1', '2 ip:1.1.1.1'), [
      '1 ip:1.1.1.1',
      '31 world:anyone',
      '2 ip:1.1.1.1',
    ]);
  });
  it('puts the proved ids for auth', () => {
    check([...CREATOR_ALL_ACL], ['31 digest:u:h', '31 sasl:joe']);
    check(acl('1 auth:ignored'), ['1 digest:u:h', '1 sasl:joe']);
    check([...CREATOR_ALL_ACL], undefined, [id('ip:1.2.3.4')]);
    check([...CREATOR_ALL_ACL], undefined, [id('super:')]);
  });
  it('answers the open ACL by identity', () => {
    expect(full.fixup(acl('31 world:anyone', '31 world:anyone'), [])).toBe(OPEN_ACL);
    expect(full.fixup([{ perms: 31, id: ANYONE }], [])).toBe(OPEN_ACL);
  });
});

describe('what is shown', () => {
  it('masks hashes from those without ADMIN', () => {
    const list = acl('1 world:anyone', '16 digest:a:hash', '31 ip:1.2.3.4');
    expect(show(full.shown(list, []))).toEqual(['1 world:anyone', '16 digest:a:x', '31 ip:1.2.3.4']);
    expect(full.shown(list, [id('digest:a:hash')])).toBe(list);
    expect(full.shown(OPEN_ACL, [])).toBe(OPEN_ACL);
  });
  it('lists who one is', () => {
    expect(full.whoAmI([id('ip:1.2.3.4'), id('digest:u:h'), id('super:'), id('sasl:joe')])).toEqual([
      { authScheme: 'ip', user: '1.2.3.4' },
      { authScheme: 'digest', user: 'u' },
      { authScheme: 'super', user: '' },
      { authScheme: 'sasl', user: 'joe' },
    ]);
  });
  it('enforces authentication where told to', () => {
    const a = access({ enforcedSchemes: ['digest', 'sasl'] });
    expect(a.isAuthenticated([id('ip:1.2.3.4')])).toBe(false);
    expect(a.isAuthenticated([id('ip:1.2.3.4'), id('sasl:joe')])).toBe(true);
    expect(access().isAuthenticated([])).toBe(true);
    expect(a.schemeNames).toEqual(['ip', 'digest']);
  });
});

it('an ACL that grows too large by its `auth` entries is refused', () => {
  const small = access({ aclBytesMax: 4000 });
  const held = Array.from({ length: 10 }, (_, i) => ({ scheme: 'digest', id: `user${i}:${'x'.repeat(28)}` }));
  const acl = (entries: number) =>
    Array.from({ length: entries }, (_, i) => ({ perms: i + 1, id: { scheme: 'auth', id: '' } }));
  expect(small.fixup(acl(7), held)?.length).toBe(70);
  expect(small.fixup(acl(8), held)).toBeUndefined();
});
