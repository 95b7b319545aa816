/** From a data directory to a database that can be served. */
import { epochOf, hex0x } from '../../base/brands.ts';
import { reasonOf, ZktError } from '../../base/errors.ts';
import { JuteError } from '../../jute/jute-error.ts';
import type { Disk, DiskError } from '../../ports/disk.ts';
import { decodeEntry, type TxnEntry } from '../../protocol/txn.ts';
import { type DataDirs, dataDirs, prepareDataDirs } from '../../storage/data-dir.ts';
import { type RecoveryResult, type RecoveryTarget, recover } from '../../storage/recovery.ts';
import { resumeReplacement } from '../../storage/replacement.ts';
import { writeSnapshotNow } from '../../storage/snapshot-writer.ts';
import type { ServerConfig } from '../config/server-config.ts';
import { hmacPasswords, type SessionPasswords } from '../session/session-password.ts';
import { Database } from './database.ts';
import { sessionSecret } from './session-secret.ts';
import type { ServerWorld } from './world.ts';

/** A database and where it came from. */
export interface OpenedDatabase {
  readonly database: Database;
  readonly dirs: DataDirs;
  readonly recovery: RecoveryResult;
  readonly passwords: SessionPasswords;
}

/**
 * Recovers the database of a server's directories, or begins a new one. Throws a `ZktError` where the files
 * do not hold what they should. `claim` makes the directories this process's own once they are there, or
 * throws.
 */
export function openDatabase(
  config: ServerConfig,
  world: ServerWorld,
  claim: (dirs: readonly string[]) => void = () => {},
): OpenedDatabase {
  try {
    return open(config, world, claim);
  } catch (thrown) {
    // A call of the disk that failed has an errno; anything else is what it is.
    if (thrown instanceof ZktError || (thrown as DiskError).code === undefined) throw thrown;
    const { dataDir: dir } = config.storage;
    throw new ZktError('ZKT_DATA_DIR', { dir, why: reasonOf(thrown) }, { cause: thrown });
  }
}

function open(
  config: ServerConfig,
  world: ServerWorld,
  claim: (dirs: readonly string[]) => void,
): OpenedDatabase {
  const { storage } = config;
  const { disk } = world;
  const dirs = dataDirs(disk, storage.dataDir, storage.dataLogDir);
  if (!storage.autoCreate) demandDirs(disk, dirs);
  prepareDataDirs(disk, dirs);
  claim([dirs.dataDir, dirs.dataLogDir]);
  resumeReplacement(disk, dirs, world.compression);
  const make = (): Database => emptyDatabase(config, world);
  const rebuild = new Rebuild(make);
  const recovery = recover(world, dirs, rebuild, {
    trustEmpty: storage.trustEmptySnapshot,
    autoCreate: storage.emptyIsNew,
    padded: storage.preallocBytes > 0,
  });
  const { database } = rebuild;
  database.finishLoad(recovery.snapshot?.path ?? dirs.snapDir);
  if (recovery.kind === 'untrusted') {
    const why =
      'it is empty and db.autocreate is off; put the file `initialize` into it to begin a new database';
    throw new ZktError('ZKT_DATA_DIR', { dir: dirs.snapDir, why });
  }
  if (recovery.kind === 'empty') {
    // snapshot.0 says that the directory is complete: logs without a snapshot are not believed (facts 7).
    const running = database.beginSnapshot();
    const compression = snapshotCompression(config);
    writeSnapshotNow(
      world,
      { dir: dirs.snapDir, compression, lastProcessedZxid: storage.lastZxidInSnapshots },
      running.source,
    );
    running.end();
  }
  const { secrets } = world;
  const passwords = hmacPasswords(secrets, sessionSecret(disk, secrets, storage.dataDir));
  return { database, dirs, recovery, passwords };
}

/** `datadir.autocreate=false`: a directory that is missing is one that was not mounted. */
function demandDirs(disk: Disk, dirs: DataDirs): void {
  for (const dir of [dirs.snapDir, dirs.logDir]) {
    if (disk.exists(dir)) continue;
    throw new ZktError('ZKT_DATA_DIR', { dir, why: 'it does not exist, and datadir.autocreate is false' });
  }
}

/** The storage room's name of the configured compression. */
export const snapshotCompression = ({ storage }: ServerConfig): 'none' | 'gz' | 'snappy' =>
  storage.snapshotCompression === 'gzip' ? 'gz' : storage.snapshotCompression;

/** A database as it is before anything is loaded into it. */
export function emptyDatabase(config: ServerConfig, { events, random }: ServerWorld): Database {
  const hashSeed = random.below(2 ** 32);
  const options = {
    extended: { enabled: config.tree.extendedTypes, emulate353: config.tree.emulate353Ttl },
    digest: config.storage.digests,
    hashSeed,
  };
  return new Database(options, (zxid, expected, actual) => {
    if (!events.on['tree.digest-mismatch']) return;
    const hex = (v: bigint): string => BigInt.asUintN(64, v).toString(16);
    events.emit('tree.digest-mismatch', { zxid, expected: hex(expected), actual: hex(actual) });
  });
}

/** Takes in what recovery reads; starts anew when a snapshot turns out to be damaged half way. */
class Rebuild implements RecoveryTarget {
  database: Database;
  private readonly make: () => Database;
  private sink: ReturnType<Database['sink']>;
  /** Whether the tree was what the last transaction said; undefined where nothing tells. */
  private right: boolean | undefined;

  constructor(make: () => Database) {
    this.make = make;
    this.database = make();
    this.sink = this.database.sink();
  }

  begin(): void {
    this.database = this.make();
    this.right = undefined;
    this.sink = this.database.sink();
  }

  session: RecoveryTarget['session'] = (id, timeoutMs) => this.sink.session(id, timeoutMs);
  acl: RecoveryTarget['acl'] = (key, acl) => this.sink.acl(key, acl);
  node: RecoveryTarget['node'] = (path, bytes, dataStart, dataLength, aclKey, statStart) =>
    this.sink.node(path, bytes, dataStart, dataLength, aclKey, statStart);
  loaded: RecoveryTarget['loaded'] = (zxid, summary) => this.database.loaded(zxid, summary.digest);

  replay(bytes: Buffer, start: number, end: number, zxid: bigint): string | undefined {
    try {
      // Decoded records are views on the bytes; what the tree keeps, it copies.
      const entry = decodeEntry(bytes.subarray(start, end));
      if (entry === undefined) return `the transaction ${hex0x(zxid)} is of an unknown type`;
      return this.apply(entry);
    } catch (thrown) {
      if (thrown instanceof JuteError)
        return `the transaction ${hex0x(zxid)} is malformed: ${thrown.message}`;
      throw thrown;
    }
  }

  /**
   * Within an epoch a missing transaction shows in the zxids. Where another epoch begins only the digest
   * shows that the end of the one before it is missing: a log file that was lost.
   */
  private apply(entry: TxnEntry): string | undefined {
    const { zxid } = entry.header;
    const { lastZxid } = this.database;
    const before = this.right;
    this.right = this.database.replay(entry);
    if (this.right !== false || before === false || epochOf(zxid) === epochOf(lastZxid)) return undefined;
    return `transactions are missing between ${hex0x(lastZxid)} and ${hex0x(zxid)}: the tree was another one then`;
  }
}
