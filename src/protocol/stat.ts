import { type Infer, int, long, record } from '../jute/schema.ts';

/** What a client sees of a node beside its data; 68 bytes. Times are milliseconds since 1970. */
export const Stat = record('Stat', {
  czxid: long,
  mzxid: long,
  ctime: long,
  mtime: long,
  version: int,
  cversion: int,
  aversion: int,
  ephemeralOwner: long,
  dataLength: int,
  numChildren: int,
  pzxid: long,
});
export type Stat = Infer<typeof Stat>;

/** What snapshots keep of a node; 60 bytes. `cversion` counts child creates only, unlike the client's. */
export const StatPersisted = record('StatPersisted', {
  czxid: long,
  mzxid: long,
  ctime: long,
  mtime: long,
  version: int,
  cversion: int,
  aversion: int,
  ephemeralOwner: long,
  pzxid: long,
});
export type StatPersisted = Infer<typeof StatPersisted>;

/** Bytes of an encoded `Stat`. */
export const STAT_BYTES = 68;
/** Bytes of an encoded `StatPersisted`. */
export const STAT_PERSISTED_BYTES = 60;
