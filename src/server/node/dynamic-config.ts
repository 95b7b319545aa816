/**
 * The configuration of the ensemble, kept as Apache ZooKeeper keeps it (facts 10.2), so that either may take
 * over:
 *
 * - `zoo.cfg.dynamic.<version>` holds the configuration in force, and zoo.cfg points to it;
 * - `zoo.cfg.dynamic.next` holds the last one seen, while that is newer;
 * - `zoo.cfg.bak` is the zoo.cfg from before its servers moved to a file of their own.
 *
 * Each file is replaced in one step and is on disk before the next is touched: the new dynamic file before
 * the zoo.cfg that points to it, and both before `next` goes. So a crash at any point leaves the
 * configuration in force, and the last one seen if it is newer, or, at the end, what is in force from then
 * on.
 */
import { reasonOf, ZktError } from '../../base/errors.ts';
import { invariant } from '../../base/invariant.ts';
import type { Emitter } from '../../events/bus.ts';
import type { Disk } from '../../ports/disk.ts';
import { readSmallFile, writeSmallFile } from '../../storage/small-files.ts';
import { isSecret } from '../config/keys.ts';
import type { ServerConfig } from '../config/server-config.ts';
import { type Membership, memberOf } from '../quorum/membership.ts';
import { parseMembershipText } from '../quorum/membership-text.ts';
import {
  backupName,
  dynamicName,
  dynamicText,
  pendingName,
  pendingText,
  zooCfgText,
} from './dynamic-files.ts';

/** No zoo.cfg is longer. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;

/** What is needed of the world. */
export interface DynamicConfigWorld {
  readonly disk: Disk;
  readonly events: Emitter;
}

/**
 * See the head of the file. What changes is on disk when a call returns; a `ZktError` thrown means it may not
 * be.
 */
export class DynamicConfig {
  private readonly disk: Disk;
  private readonly events: Emitter;
  private readonly sid: bigint;
  /**
   * False where the configuration is what the files say, whatever other servers do (`reconfigEnabled=false`).
   */
  private readonly mayChange: boolean;
  /** The zoo.cfg; undefined where changes are kept in memory only. */
  private readonly file: string | undefined;
  private inForce: Membership;
  private newest: Membership;

  /**
   * `membership` is what the files say is in force. Reads what was seen since; saves a zoo.cfg whose servers
   * are going to move. Throws a `ZktError` for files that cannot be read, or written where they will have to
   * be.
   */
  constructor(world: DynamicConfigWorld, config: ServerConfig, membership: Membership) {
    this.disk = world.disk;
    this.events = world.events;
    this.sid = BigInt(config.serverId);
    this.mayChange = config.quorum.reconfigEnabled;
    this.file = config.quorum.keptFile;
    this.inForce = membership;
    this.newest = membership;
    const { file } = this;
    if (file === undefined) return;
    this.guard(pendingName(file), 'read', () => this.readPending(file));
    if (config.quorum.dynamicConfigFile === undefined)
      this.guard(backupName(file), 'write', () => this.backUp(file));
  }

  /** The configuration in force. */
  get committed(): Membership {
    return this.inForce;
  }

  /** The newest configuration heard of. */
  get lastSeen(): Membership {
    return this.newest;
  }

  /** A newer configuration was heard of, which may come into force; an older one changes nothing. */
  seen(membership: Membership): void {
    const { file } = this;
    if (!this.mayChange || membership.version <= this.newest.version) return;
    if (file !== undefined) {
      const name = pendingName(file);
      this.guard(name, 'write', () => this.write(name, pendingText(membership)));
    }
    this.newest = membership;
    if (this.events.on['config.seen']) {
      const { version, members } = membership;
      this.events.emit('config.seen', { version, servers: members.length });
    }
  }

  /** That configuration is in force from now on; one no newer than that in force changes nothing. */
  activate(membership: Membership): void {
    const { file } = this;
    if (!this.mayChange || membership.version <= this.inForce.version) return;
    if (file !== undefined) this.guard(file, 'write', () => this.writeInForce(file, membership));
    this.inForce = membership;
    if (membership.version >= this.newest.version) {
      this.newest = membership;
      if (file !== undefined) this.guard(pendingName(file), 'remove', () => this.removePending(file));
    }
    if (this.events.on['config.activated']) {
      const { version, members } = membership;
      const at = file === undefined ? '' : dynamicName(file, version);
      this.events.emit('config.activated', { version, servers: members.length, file: at });
    }
  }

  private readPending(file: string): void {
    const name = pendingName(file);
    const text = readSmallFile(this.disk, name, FILE_BYTES_MAX);
    if (text === undefined) return;
    const pending = parseMembershipText(text);
    if (pending === undefined) {
      throw new ZktError('ZKT_FILE', { file: name, what: 'read', why: 'it describes no ensemble' });
    }
    if (pending.version > this.inForce.version) this.newest = pending;
    else this.removePending(file);
  }

  private removePending(file: string): void {
    const name = pendingName(file);
    if (!this.disk.exists(name)) return;
    this.disk.remove(name);
    this.disk.syncDir(dirOf(name));
  }

  private backUp(file: string): void {
    const text = readSmallFile(this.disk, file, FILE_BYTES_MAX);
    invariant(text !== undefined, 'a configuration that is kept was read from its file');
    this.write(backupName(file), text);
  }

  private writeInForce(file: string, membership: Membership): void {
    const name = dynamicName(file, membership.version);
    this.write(name, dynamicText(membership));
    const before = readSmallFile(this.disk, file, FILE_BYTES_MAX);
    const ownClient = memberOf(membership, this.sid)?.client !== undefined;
    const text = before === undefined ? undefined : zooCfgText(before, name, ownClient);
    if (text === undefined) throw new Error('it is no configuration any more');
    this.write(file, text);
  }

  /** Replaces a file. Secrets stay between the server and its owner. */
  private write(path: string, text: string): void {
    const holdsSecrets = text.split('\n').some((line) => isSecret(line.split(/[=:]/, 1)[0] as string));
    const name = path.slice(path.lastIndexOf('/') + 1);
    writeSmallFile(this.disk, dirOf(path), name, text, holdsSecrets ? 'create-private' : 'create');
  }

  private guard(file: string, what: string, run: () => void): void {
    try {
      run();
    } catch (thrown) {
      if (thrown instanceof ZktError) throw thrown;
      throw new ZktError('ZKT_FILE', { file, what, why: reasonOf(thrown) }, { cause: thrown });
    }
  }
}

/** The directory of a file. */
function dirOf(path: string): string {
  const slash = path.lastIndexOf('/');
  if (slash < 0) return '.';
  return slash === 0 ? '/' : path.slice(0, slash);
}
