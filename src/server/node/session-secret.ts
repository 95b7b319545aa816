/**
 * The secret behind session passwords. It lies in the data directory, so that clients can resume their
 * sessions after a restart; Apache ZooKeeper does not look at it.
 */
import { reasonOf, ZktError } from '../../base/errors.ts';
import type { Disk } from '../../ports/disk.ts';
import type { Secrets } from '../../ports/secrets.ts';

const NAME = 'zkt.secret';
const SECRET_BYTES = 32;

/**
 * Reads the secret of a data directory, or makes one. Throws `ZKT_DATA_DIR` when there is one that is no
 * secret.
 */
export function sessionSecret(disk: Disk, secrets: Secrets, dataDir: string): Buffer {
  const path = disk.join(dataDir, NAME);
  try {
    return disk.exists(path) ? read(disk, path) : create(disk, secrets, dataDir, path);
  } catch (thrown) {
    if (thrown instanceof ZktError) throw thrown;
    throw new ZktError('ZKT_DATA_DIR', { dir: dataDir, why: reasonOf(thrown) }, { cause: thrown });
  }
}

function read(disk: Disk, path: string): Buffer {
  const file = disk.open(path, 'read');
  try {
    const bytes = Buffer.alloc(SECRET_BYTES);
    if (file.size() === SECRET_BYTES && file.readAt(bytes, 0) === SECRET_BYTES) return bytes;
  } finally {
    file.close();
  }
  const why = `${path} is not ${SECRET_BYTES} bytes long; remove it to make a new one (clients then lose their sessions)`;
  throw new ZktError('ZKT_DATA_DIR', { dir: path, why });
}

function create(disk: Disk, secrets: Secrets, dataDir: string, path: string): Buffer {
  const bytes = secrets.randomBytes(SECRET_BYTES);
  const temp = `${path}.tmp`;
  if (disk.exists(temp)) disk.remove(temp);
  const file = disk.open(temp, 'create');
  try {
    file.writeAt(bytes, 0);
    file.sync();
  } finally {
    file.close();
  }
  disk.rename(temp, path);
  disk.syncDir(dataDir);
  return bytes;
}
