/** Reads the files a configuration consists of, through the disk port, and builds it. */
import { reasonOf, ZktError } from '../../base/errors.ts';
import type { Disk } from '../../ports/disk.ts';
import { isMembershipKey } from '../quorum/membership-lines.ts';
import { buildConfig } from './build-config.ts';
import type { ConfigOptions } from './config-input.ts';
import {
  badLine,
  type ReadSettings,
  readDefinitions,
  readLines,
  readSettings,
  type SourcedLine,
} from './read-settings.ts';
import type { ServerConfig } from './server-config.ts';

/** Where to look, and what the command line says. */
export interface LoadOptions extends ConfigOptions {
  /** The zoo.cfg; undefined to look in the usual places. */
  readonly file?: string | undefined;
  /** Texts of `-D`. */
  readonly definitions?: readonly string[];
}

/** Files tried when none is named. */
const USUAL_FILES = ['zoo.cfg', 'conf/zoo.cfg'] as const;
/** A configuration longer than this is none. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;
/** A shorter secret can be guessed. */
const SECRET_BYTES_MIN = 16;

/**
 * The configuration: file, then `-D`, then options, the later stronger. Throws `ZktError` (`ZKT_CONFIG_…`,
 * `ZKT_USAGE`, `ZKT_UNSUPPORTED`); reads files and writes none.
 */
export function loadConfig(disk: Disk, options: LoadOptions): ServerConfig {
  const file = options.file ?? USUAL_FILES.find((name) => disk.exists(name));
  const fromFile = file === undefined ? [] : readLines({ name: file, text: readText(disk, file) });
  const read = readSettings([...fromFile, ...readDefinitions(options.definitions ?? [])]);
  const dynamicFile = read.given.has('dynamicConfigFile') ? read.settings.dynamicConfigFile : undefined;
  const dynamic =
    dynamicFile === undefined
      ? undefined
      : {
          lines: membershipLines(readLines({ name: dynamicFile, text: readText(disk, dynamicFile) })),
          version: dynamicVersion(dynamicFile),
        };
  const dataDir = options.dataDir ?? (read.given.has('dataDir') ? read.settings.dataDir : undefined);
  const myidFile = dataDir === undefined ? undefined : disk.join(dataDir, 'myid');
  const myid =
    myidFile !== undefined && disk.exists(myidFile)
      ? { file: myidFile, text: readText(disk, myidFile) }
      : undefined;
  const sessionSecret = secretOf(disk, read);
  const adminToken = read.given.has('zkt.adminTokenFile')
    ? readText(disk, read.settings['zkt.adminTokenFile'])
    : undefined;
  return buildConfig(read, { file, myid, dynamic, sessionSecret, adminToken }, options);
}

/**
 * The version a dynamic file has in its name (`zoo.cfg.dynamic.100000000`): what stands after the last dot,
 * where that is a hexadecimal number, as Apache reads it; else 0.
 */
export function dynamicVersion(file: string): bigint {
  const suffix = /\.([0-9a-fA-F]{1,16})$/.exec(file)?.[1];
  return suffix === undefined ? 0n : BigInt(`0x${suffix}`);
}

function membershipLines(lines: readonly SourcedLine[]): readonly SourcedLine[] {
  const other = lines.find((l) => !isMembershipKey(l.key));
  if (other === undefined) return lines;
  const version = other.key === 'version' ? '; the version is in the name of the file' : '';
  throw badLine(other, `only server.N, group.N and weight.N in a dynamic file${version}`);
}

function secretOf(disk: Disk, { settings, given }: ReadSettings): Uint8Array | undefined {
  const line = given.get('zkt.sessionSecretFile');
  if (line === undefined) return undefined;
  const bytes = readBytes(disk, settings['zkt.sessionSecretFile']);
  if (bytes.length >= SECRET_BYTES_MIN) return bytes;
  throw badLine(line, `a file of at least ${SECRET_BYTES_MIN} random bytes`);
}

const readText = (disk: Disk, file: string): string => readBytes(disk, file).toString('utf8');

function readBytes(disk: Disk, file: string): Buffer {
  try {
    const open = disk.open(file, 'read');
    try {
      const size = open.size();
      if (size > FILE_BYTES_MAX) throw new Error(`it has ${size} bytes`);
      const bytes = Buffer.alloc(size);
      return bytes.subarray(0, open.readAt(bytes, 0));
    } finally {
      open.close();
    }
  } catch (thrown) {
    throw new ZktError('ZKT_CONFIG_UNREADABLE', { file, why: reasonOf(thrown) }, { cause: thrown });
  }
}
