import type { Disk, DiskFile } from '../../../src/ports/disk.ts';

/** A read-only disk of texts, for configurations. Anything that would write throws. */
export function textDisk(files: Readonly<Record<string, string | Uint8Array>>): Disk {
  const refuse = (): never => {
    throw new Error('a configuration writes nothing');
  };
  const bytesOf = (path: string): Buffer => {
    const text = Object.hasOwn(files, path) ? files[path] : undefined;
    if (text === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    return Buffer.from(text as string);
  };
  return {
    open(path): DiskFile {
      const bytes = bytesOf(path);
      return {
        path,
        size: () => bytes.length,
        readAt: (into, position) => bytes.copy(into, 0, position),
        writeAt: refuse,
        truncate: refuse,
        sync: refuse,
        syncSoon: refuse,
        close() {},
      };
    },
    exists: (path) => Object.hasOwn(files, path),
    list: refuse,
    modifiedMs: refuse,
    makeDir: refuse,
    rename: refuse,
    remove: refuse,
    syncDir: refuse,
    syncDirSoon: refuse,
    join: (...parts) => parts.join('/'),
  };
}
