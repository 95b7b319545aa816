import { byHand, type Codec, type Infer, int, nullableVector, record, ustring } from '../jute/schema.ts';

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

/** A list of ACLs on the wire; null and empty are both refused where one is required. */
export const AclList: Codec<readonly Acl[] | null> = nullableVector(Acl);

/** Permission bits. */
export const PERMS = { READ: 1, WRITE: 2, CREATE: 4, DELETE: 8, ADMIN: 16, ALL: 31 } as const;

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

/** The id everybody has. */
export const ANYONE: Id = { scheme: 'world', id: 'anyone' };
/** Everybody may do everything: ACL key -1 in snapshots. */
export const OPEN_ACL: readonly Acl[] = [{ perms: PERMS.ALL, id: ANYONE }];
/** Everybody may read: the ACL of the configuration node. */
export const READ_ONLY_ACL: readonly Acl[] = [{ perms: PERMS.READ, id: ANYONE }];
/** Whoever created it may do everything: scheme `auth` is replaced by the creator's ids. */
export const CREATOR_ALL_ACL: readonly Acl[] = [{ perms: PERMS.ALL, id: { scheme: 'auth', id: '' } }];
