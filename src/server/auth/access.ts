/**
 * Who may do what: the ACL check, the ACLs a client may set, and what a connection's ids are worth (facts 5).
 */
import type { Secrets } from '../../ports/secrets.ts';
import { type Acl, type Id, OPEN_ACL, PERMS } from '../../protocol/acl.ts';
import type { ClientInfo } from '../../protocol/messages.ts';
import {
  type AuthScheme,
  type DigestOptions,
  digestScheme,
  ipScheme,
  SUPER_SCHEME,
  saslScheme,
  x509Scheme,
} from './schemes.ts';

/** How access is governed; each field is the property of that name in `zookeeper-` terms. */
export interface AccessOptions {
  /** `skipACL`: every check passes. */
  readonly skipAcl: boolean;
  /** The digest scheme; undefined when `DigestAuthenticationProvider.enabled=false`. */
  readonly digest: DigestOptions | undefined;
  /** The x509 scheme; there is one when a TLS client port is configured. */
  readonly x509: { readonly superUser: string | undefined } | undefined;
  /** The sasl scheme; there is one when its provider is configured. */
  readonly sasl: { readonly letAnySaslUserDo: string | undefined } | undefined;
  /**
   * `enforce.auth.schemes` while `enforce.auth.enabled`: a connection needs an id of one; empty for no such
   * rule.
   */
  readonly enforcedSchemes: readonly string[];
  /** Largest ACL, bytes: entries of the scheme `auth` grow by the number of proved identities. */
  readonly aclBytesMax: number;
}

/** What holds without configuration. */
export const ACCESS_DEFAULTS: AccessOptions = {
  skipAcl: false,
  digest: { algorithm: 'SHA1', superDigest: undefined },
  x509: undefined,
  sasl: undefined,
  enforcedSchemes: [],
  aclBytesMax: 0xfffff,
};

/** What an auth packet led to: the ids it adds, or the refusal (AUTHFAILED, then close). */
export type AuthResult = { readonly ok: true; readonly ids: readonly Id[] } | { readonly ok: false };

const REFUSED: AuthResult = { ok: false };

/** The rules of one server. */
export class Access {
  private readonly schemes = new Map<string, AuthScheme>();
  private readonly skipAcl: boolean;
  private readonly enforced: ReadonlySet<string>;
  private readonly aclBytesMax: number;

  constructor(secrets: Secrets, options: AccessOptions = ACCESS_DEFAULTS) {
    this.skipAcl = options.skipAcl;
    this.enforced = new Set(options.enforcedSchemes);
    this.aclBytesMax = options.aclBytesMax;
    this.register(ipScheme);
    if (options.digest !== undefined) this.register(digestScheme(secrets, options.digest));
    if (options.x509 !== undefined) this.register(x509Scheme(options.x509.superUser));
    if (options.sasl !== undefined) this.register(saslScheme(options.sasl.letAnySaslUserDo));
  }

  private register(scheme: AuthScheme): void {
    this.schemes.set(scheme.name, scheme);
  }

  /** Names of the schemes there are. */
  get schemeNames(): string[] {
    return [...this.schemes.keys()];
  }

  /** Judges an auth packet. The caller adds the ids with `addIds`. */
  authenticate(scheme: string, auth: Uint8Array | null, remoteAddress: string): AuthResult {
    const ids = this.schemes.get(scheme)?.authenticate(auth, remoteAddress);
    return ids === undefined ? REFUSED : { ok: true, ids };
  }

  /**
   * May a holder of `ids` do what `perm` (bits of PERMS, any of them suffices) says at a node with this ACL?
   * The open ACL and an empty one let everybody.
   */
  permits(acl: readonly Acl[] | null, perm: number, ids: readonly Id[]): boolean {
    if (acl === OPEN_ACL || acl === null || acl.length === 0 || this.skipAcl) return true;
    if (isSuper(ids)) return true;
    for (const entry of acl) {
      if ((entry.perms & perm) === 0) continue;
      const { scheme, id } = entry.id;
      if (scheme === 'world' && id === 'anyone') return true;
      const provider = this.schemes.get(scheme);
      if (provider === undefined) continue;
      for (const held of ids) if (held.scheme === scheme && provider.matches(held.id, id)) return true;
    }
    return false;
  }

  /**
   * The ACL that is stored for the one a client asked for: duplicates go, `auth` becomes the ids the
   * connection has proved. Undefined (INVALIDACL) when it is empty, names an id no scheme knows, or says
   * `auth` and nothing is proved, or becomes too large. The open ACL comes back as `OPEN_ACL` itself.
   */
  fixup(acl: readonly Acl[] | null, ids: readonly Id[]): readonly Acl[] | undefined {
    if (acl === null || acl.length === 0) return undefined;
    if (acl === OPEN_ACL || isOpen(acl)) return OPEN_ACL;
    const fixed: Acl[] = [];
    const proved = ids.filter((held) => this.schemes.get(held.scheme)?.proves === true);
    const provedBytes = proved.reduce((sum, held) => sum + 12 + held.scheme.length + held.id.length, 0);
    let room = this.aclBytesMax;
    for (const entry of withoutDuplicates(acl)) {
      const { scheme, id } = entry.id;
      if (scheme === 'world' && id === 'anyone') fixed.push(entry);
      else if (scheme === 'auth') {
        if (proved.length === 0) return undefined;
        room -= provedBytes;
        if (room < 0) return undefined;
        for (const held of proved) fixed.push({ perms: entry.perms, id: held });
      } else {
        if (this.schemes.get(scheme)?.valid(id) !== true) return undefined;
        fixed.push(entry);
      }
    }
    return isOpen(fixed) ? OPEN_ACL : fixed;
  }

  /** The ACL as getACL shows it: without ADMIN, the hashes of digest ids are `x`. */
  shown(acl: readonly Acl[], ids: readonly Id[]): readonly Acl[] {
    if (acl === OPEN_ACL || this.permits(acl, PERMS.ADMIN, ids)) return acl;
    return acl.map((entry) => {
      if (entry.id.scheme !== 'digest') return entry;
      const user = entry.id.id.split(':', 1)[0] as string;
      return { perms: entry.perms, id: { scheme: 'digest', id: `${user}:x` } };
    });
  }

  /** What `whoAmI` answers: schemes, and names without secrets. */
  whoAmI(ids: readonly Id[]): ClientInfo[] {
    return ids.map(({ scheme, id }) => ({
      authScheme: scheme,
      user: this.schemes.get(scheme)?.userOf(id) ?? '',
    }));
  }

  /** False when a rule asks for authentication and the connection has no id of a listed scheme. */
  isAuthenticated(ids: readonly Id[]): boolean {
    return this.enforced.size === 0 || ids.some((held) => this.enforced.has(held.scheme));
  }
}

/** Adds the ids that are not among `held` yet. */
export function addIds(held: Id[], added: readonly Id[]): void {
  for (const id of added) {
    if (!held.some((h) => h.scheme === id.scheme && h.id === id.id)) held.push(id);
  }
}

const isSuper = (ids: readonly Id[]): boolean => {
  for (const held of ids) if (held.scheme === SUPER_SCHEME) return true;
  return false;
};

const isOpen = (acl: readonly Acl[]): boolean => {
  const only = acl[0];
  return (
    acl.length === 1 && only?.perms === PERMS.ALL && only.id.scheme === 'world' && only.id.id === 'anyone'
  );
};

/** The first of each run of equal entries, in their order. */
function withoutDuplicates(acl: readonly Acl[]): Acl[] {
  const seen = new Map<string, Set<string>>();
  return acl.filter(({ perms, id }) => {
    const key = `${perms} ${id.scheme}`;
    const ids = seen.get(key);
    if (ids?.has(id.id)) return false;
    if (ids === undefined) seen.set(key, new Set([id.id]));
    else ids.add(id.id);
    return true;
  });
}
