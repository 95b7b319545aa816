/**
 * The schemes of identities (facts 5): what an auth packet proves, which ids an ACL may name, and who is
 * meant.
 */
import type { Secrets } from '../../ports/secrets.ts';
import type { Id } from '../../protocol/acl.ts';
import { inBlock, parseAddress, parseBlock } from './ip-address.ts';

/** The scheme whose holders pass every check. */
export const SUPER_SCHEME = 'super';

/** One scheme. */
export interface AuthScheme {
  readonly name: string;
  /**
   * The ids that an auth packet of this scheme gives a connection (null data: none was sent); undefined
   * refuses it.
   */
  authenticate(auth: Uint8Array | null, remoteAddress: string): readonly Id[] | undefined;
  /** May an ACL name this id? */
  valid(id: string): boolean;
  /** Is the holder of `held` meant by `named`, the id in an ACL? */
  matches(held: string, named: string): boolean;
  /** True when an id of this scheme proves who someone is, so that the ACL scheme `auth` may stand for it. */
  readonly proves: boolean;
  /** The name without secrets, as `whoAmI` and the audit show it. */
  userOf(id: string): string;
}

/** `ip`: where the connection comes from; an ACL names an address or a CIDR block. */
export const ipScheme: AuthScheme = {
  name: 'ip',
  authenticate: (_, remoteAddress) => [{ scheme: 'ip', id: remoteAddress }],
  valid: (id) => parseBlock(id) !== undefined,
  matches(held, named) {
    const address = parseAddress(held);
    const block = parseBlock(named);
    return address !== undefined && block !== undefined && inBlock(address, block);
  },
  proves: false,
  userOf: (id) => id,
};

/** How the digest scheme is set up. */
export interface DigestOptions {
  /** `DigestAuthenticationProvider.digestAlg`: SHA1 by default. */
  readonly algorithm: string;
  /** `DigestAuthenticationProvider.superDigest`: the id whose holder is the super user. */
  readonly superDigest: string | undefined;
}

/**
 * The digest id of `user:password`: `user:base64(hash of the whole)`. Undefined when the algorithm is
 * unknown.
 */
function digestId(secrets: Secrets, algorithm: string, userAndPassword: string): string | undefined {
  const bytes = Buffer.from(userAndPassword, 'utf8');
  const hash = algorithm === 'SHA1' ? secrets.sha1(bytes) : secrets.digest(algorithm, bytes);
  if (hash === undefined) return undefined;
  const colon = userAndPassword.indexOf(':');
  const user = colon < 0 ? userAndPassword : userAndPassword.slice(0, colon);
  return `${user}:${hash.toString('base64')}`;
}

/**
 * `digest`: who knows a password; an ACL names the user and the hash. Any packet with data is
 * accepted, and proves that much; one without is refused, as Apache's server does.
 */
export const digestScheme = (secrets: Secrets, options: DigestOptions): AuthScheme => ({
  name: 'digest',
  authenticate(auth) {
    if (auth === null) return undefined;
    const id = digestId(secrets, options.algorithm, Buffer.from(auth).toString('utf8'));
    if (id === undefined) return undefined;
    const own: Id = { scheme: 'digest', id };
    return id === options.superDigest ? [{ scheme: SUPER_SCHEME, id: '' }, own] : [own];
  },
  valid: (id) => javaPartCount(id) === 2,
  matches: (held, named) => held === named,
  proves: true,
  userOf: (id) => id.split(':', 1)[0] as string,
});

/** The parts Java's `split(":")` makes of a text: empty ones at the end do not count. */
function javaPartCount(text: string): number {
  const parts = text.split(':');
  while (parts.length > 1 && parts.at(-1) === '') parts.pop();
  return text === ':' ? 0 : parts.length;
}

/** `x509`: the subject of a client certificate, given by TLS and not by a packet. */
export const x509Scheme = (superUser: string | undefined): AuthScheme => ({
  name: 'x509',
  authenticate: () => undefined,
  valid: isDistinguishedName,
  matches: (held, named) => held === named || (superUser !== undefined && held === superUser),
  proves: true,
  userOf: (id) => id,
});

/**
 * RFC 2253: `type=value` pairs parted by unescaped commas, semicolons or plus signs; an empty name is one.
 */
function isDistinguishedName(text: string): boolean {
  if (text.trim() === '') return true;
  const pair = String.raw`\s*(?:[A-Za-z][A-Za-z0-9-]*|(?:OID\.)?\d+(?:\.\d+)*)\s*=(?:"(?:\\.|[^"\\])*"\s*|(?:\\.|[^,;+"\\<>])*)`;
  return new RegExp(`^${pair}(?:[,;+]${pair})*$`, 'i').test(text);
}

/** `sasl`: the name a SASL exchange proved; op 102 gives it, not a packet. */
export const saslScheme = (letAnySaslUserDo: string | undefined): AuthScheme => ({
  name: 'sasl',
  authenticate: () => undefined,
  valid: isKerberosName,
  matches: (held, named) =>
    held === named || held === SUPER_SCHEME || (letAnySaslUserDo !== undefined && named === letAnySaslUserDo),
  proves: true,
  userOf: (id) => id,
});

/** Any text without `@`, or `service[/host]@realm`. */
const isKerberosName = (id: string): boolean =>
  !id.includes('@') ? id.length > 0 : /^[^/@]+(?:\/[^/@]+)?@[^/@]+$/.test(id);
