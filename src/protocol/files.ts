/** Records of log and snapshot files (facts 6, 7). */
import { type Infer, int, long, record } from '../jute/schema.ts';

/** The first 16 bytes of both kinds of file. */
export const FileHeader = record('FileHeader', { magic: int, version: int, dbid: long });
export type FileHeader = Infer<typeof FileHeader>;

/** Magic numbers: `ZKLG` and `ZKSN`. */
export const LOG_MAGIC = 0x5a4b4c47;
export const SNAPSHOT_MAGIC = 0x5a4b534e;
/** Version of both formats. */
export const FILE_VERSION = 2;
/** Bytes of a `FileHeader`. */
export const FILE_HEADER_BYTES = 16;
/** The byte that ends each record of a log. */
export const LOG_RECORD_END = 0x42;

/** A session in a snapshot: its id and timeout, ms. */
export const SnapshotSession = record('SnapshotSession', { id: long, timeout: int });
export type SnapshotSession = Infer<typeof SnapshotSession>;

/** The digest section of a snapshot since 3.6: the tree's digest at that zxid. */
export const ZxidDigest = record('ZxidDigest', { zxid: long, version: int, digest: long });
export type ZxidDigest = Infer<typeof ZxidDigest>;
