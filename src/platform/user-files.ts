/** Small files of the person at the keyboard: profiles, credentials, history, a value in an editor. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const PRIVATE_FILE = 0o600;
const PRIVATE_DIR = 0o700;

/** The whole of a text file; undefined where there is none. Throws Node's error for other reasons. */
export function readUserFile(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
}

/** The whole of a file. Throws Node's error. */
export const readBytes = (file: string): Buffer => fs.readFileSync(file);

/** True when others than its owner may read the file. */
export function othersMayRead(file: string): boolean {
  return (fs.statSync(file).mode & 0o077) !== 0;
}

/** Replaces a file by one only its owner reads, making its directory; whole or not at all. */
export function writePrivateFile(file: string, content: string | Uint8Array): void {
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: PRIVATE_DIR });
  const draft = `${file}.${process.pid}`;
  fs.writeFileSync(draft, content, { mode: PRIVATE_FILE });
  fs.renameSync(draft, file);
}

/** Adds to a file only its owner reads, making it and its directory. */
export function appendPrivateFile(file: string, text: string): void {
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: PRIVATE_DIR });
  fs.appendFileSync(file, text, { mode: PRIVATE_FILE });
}

/**
 * Gives `use` the name of a temporary file with that content, in a directory only its owner enters, and
 * removes both.
 */
export async function withPrivateFile<T>(
  name: string,
  content: Uint8Array,
  use: (file: string) => Promise<T>,
): Promise<T> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'zkt-'));
  try {
    const file = path.join(dir, name);
    fs.writeFileSync(file, content, { mode: PRIVATE_FILE });
    return await use(file);
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

/** The home directory. */
export const homeDir = (): string => os.homedir();
