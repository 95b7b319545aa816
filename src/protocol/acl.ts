import type { JuteReader } from '../jute/reader.ts';
import {
  byHand,
  type Codec,
  encode,
  type Infer,
  int,
  nullableVector,
  record,
  ustring,
} from '../jute/schema.ts';

/** Who: a scheme and an id in that scheme (`world:anyone`, `digest:user:hash`, `ip:10.0.0.0/8`). */
export const Id = record('Id', { scheme: ustring, id: ustring });
export type Id = Infer<typeof Id>;

/** What an `Id` may do: bits of `PERMS`. */
export const Acl = byHand(record('ACL', { perms: int, id: Id }), {
  read: (r) => ({ perms: r.readInt(), id: { scheme: r.readString() ?? '', id: r.readString() ?? '' } }),
  write(w, v) {
    w.writeInt(v.perms);
    w.writeString(v.id.scheme);
    w.writeString(v.id.id);
  },
});
export type Acl = Infer<typeof Acl>;

/** Permission bits. */
export const PERMS = { READ: 1, WRITE: 2, CREATE: 4, DELETE: 8, ADMIN: 16, ALL: 31 } as const;

/** The id everybody has. */
export const ANYONE: Id = { scheme: 'world', id: 'anyone' };
/** Everybody may do everything: ACL key -1 in snapshots. */
export const OPEN_ACL: readonly Acl[] = [{ perms: PERMS.ALL, id: ANYONE }];
/** Everybody may read: the ACL of the configuration node. */
export const READ_ONLY_ACL: readonly Acl[] = [{ perms: PERMS.READ, id: ANYONE }];
/** Whoever created it may do everything: scheme `auth` is replaced by the creator's ids. */
export const CREATOR_ALL_ACL: readonly Acl[] = [{ perms: PERMS.ALL, id: { scheme: 'auth', id: '' } }];

const DeclaredAclList: Codec<readonly Acl[] | null> = nullableVector(Acl);
/** The open ACL as it travels. Nearly every node has it, so that reading it decodes nothing. */
const OPEN_BYTES = encode(DeclaredAclList, OPEN_ACL);

/**
 * A list of ACLs on the wire; null and empty are both refused where one is required. The open ACL is read as
 * `OPEN_ACL` itself.
 */
export const AclList: Codec<readonly Acl[] | null> = {
  ...DeclaredAclList,
  read: (r) => (takesOpen(r) ? OPEN_ACL : DeclaredAclList.read(r)),
  write(w, v) {
    if (v === OPEN_ACL) w.writeRaw(OPEN_BYTES);
    else DeclaredAclList.write(w, v);
  },
};

/** True, and past it, where the open ACL comes next. */
function takesOpen(r: JuteReader): boolean {
  const { bytes, pos } = r;
  const length = OPEN_BYTES.length;
  if (r.end - pos < length) return false;
  for (let i = 0; i < length; i++) if (bytes[pos + i] !== OPEN_BYTES[i]) return false;
  r.pos = pos + length;
  return true;
}

/** Letters of the permission bits, in the order zkCli prints them. */
const LETTERS = [
  ['c', PERMS.CREATE],
  ['d', PERMS.DELETE],
  ['r', PERMS.READ],
  ['w', PERMS.WRITE],
  ['a', PERMS.ADMIN],
] as const;

/** `cdrwa`, those that are set. */
export const permsText = (perms: number): string =>
  LETTERS.filter(([, bit]) => (perms & bit) !== 0)
    .map(([letter]) => letter)
    .join('');

/** The bits of letters out of `cdrwa`; undefined and the letter where one is unknown. */
export const parsePerms = (text: string): { perms: number } | { unknown: string } => {
  let perms = 0;
  for (const letter of text) {
    const known = LETTERS.find(([l]) => l === letter);
    if (known === undefined) return { unknown: letter };
    perms |= known[1];
  }
  return { perms };
};
