import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lockDataDirs } from '../../src/platform/data-dir-lock.ts';
import { systemDisk } from '../../src/platform/disk.ts';
import { systemSecrets } from '../../src/platform/secrets.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'zkt-disk-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const codeOf = (run: () => unknown): unknown => {
  try {
    run();
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code;
  }
  return 'no error';
};

describe('files', () => {
  test('write, read, truncate, force', async () => {
    const file = systemDisk.open(path.join(dir, 'a'), 'create');
    file.writeAt(Buffer.from('hello world'), 0);
    file.writeAt(Buffer.from('W'), 6);
    expect(file.size()).toBe(11);
    const into = Buffer.alloc(20, 0x2e);
    expect(file.readAt(into, 6)).toBe(5);
    expect(into.toString('latin1', 0, 6)).toBe('World.');
    expect(file.readAt(into, 100)).toBe(0);
    file.sync();
    expect(await new Promise((done) => file.syncSoon(done))).toBeUndefined();
    file.truncate(5);
    file.close();
    file.close();
    expect(readFileSync(path.join(dir, 'a'), 'latin1')).toBe('hello');
    expect(statSync(path.join(dir, 'a')).mode & 0o007).toBe(0);
  });

  test('modes', () => {
    const name = path.join(dir, 'b');
    expect(codeOf(() => systemDisk.open(name, 'update'))).toBe('ENOENT');
    expect(codeOf(() => systemDisk.open(name, 'read'))).toBe('ENOENT');
    systemDisk.open(name, 'create').close();
    expect(codeOf(() => systemDisk.open(name, 'create'))).toBe('EEXIST');
    const file = systemDisk.open(name, 'read');
    expect(codeOf(() => file.writeAt(Buffer.from('x'), 0))).toBe('EBADF');
    file.close();
  });

  test('a failed sync is reported, not thrown', async () => {
    const file = systemDisk.open(path.join(dir, 'c'), 'create');
    file.close();
    const error = await new Promise<NodeJS.ErrnoException | undefined>((done) => file.syncSoon(done));
    expect(error?.code).toBe('EBADF');
  });

  test('directories', async () => {
    const deep = path.join(dir, 'x', 'y', 'z');
    systemDisk.makeDir(deep);
    systemDisk.makeDir(deep);
    expect(systemDisk.exists(deep)).toBe(true);
    systemDisk.open(systemDisk.join(deep, 'f'), 'create').close();
    systemDisk.rename(path.join(deep, 'f'), path.join(deep, 'g'));
    systemDisk.syncDir(deep);
    expect(await new Promise((done) => systemDisk.syncDirSoon(deep, done))).toBeUndefined();
    expect(systemDisk.list(deep)).toEqual(['g']);
    expect(systemDisk.modifiedMs(path.join(deep, 'g'))).toBeGreaterThan(0);
    systemDisk.remove(path.join(deep, 'g'));
    expect(systemDisk.list(deep)).toEqual([]);
    const gone = await new Promise<NodeJS.ErrnoException | undefined>((done) =>
      systemDisk.syncDirSoon(path.join(dir, 'gone'), done),
    );
    expect(gone?.code).toBe('ENOENT');
  });
});

describe('the lock of a data directory', () => {
  const fresh = (name: string): string => {
    const at = path.join(dir, name);
    mkdirSync(at);
    return at;
  };

  test('a second server is told the pid of the first', () => {
    const at = fresh('lock1');
    const lock = lockDataDirs([at, at]);
    expect(() => lockDataDirs([at])).toThrowError(`in use by process ${process.pid}`);
    expect(codeOf(() => lockDataDirs([at]))).toBe('ZKT_DATA_DIR_LOCKED');
    lock.release();
    lock.release();
    lockDataDirs([at]).release();
    expect(systemDisk.list(at)).toEqual([]);
  });

  test('when one of two directories is taken, the other is given back', () => {
    const [a, b] = [fresh('lock2a'), fresh('lock2b')];
    const lock = lockDataDirs([b]);
    expect(codeOf(() => lockDataDirs([a, b]))).toBe('ZKT_DATA_DIR_LOCKED');
    expect(systemDisk.list(a)).toEqual([]);
    lock.release();
  });

  test.each([
    ['of a process that is gone', '999999999 1234\n'],
    ['of a pid that is another process now', `${process.ppid} 1\n`],
    ['that is empty', ''],
    ['that is rubbish', 'x'.repeat(5000)],
  ])('a lock %s is taken over', (_name, content) => {
    const at = fresh(`lock-${_name.replaceAll(' ', '-')}`);
    writeFileSync(path.join(at, 'zkt.pid'), content);
    const lock = lockDataDirs([at]);
    expect(readFileSync(path.join(at, 'zkt.pid'), 'latin1')).toMatch(new RegExp(`^${process.pid} `));
    lock.release();
  });

  test('a lock of another living process holds', async () => {
    const at = fresh('lock-other');
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    const pid = other.pid as number;
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    writeFileSync(path.join(at, 'zkt.pid'), `${pid} ${start}\n`);
    expect(() => lockDataDirs([at])).toThrowError(`process ${pid}`);
    other.kill('SIGKILL');
    await new Promise((done) => other.on('exit', done));
    lockDataDirs([at]).release();
  });

  test('a directory that is none', () => {
    expect(codeOf(() => lockDataDirs([path.join(dir, 'nowhere')]))).toBe('ZKT_DATA_DIR');
  });
});

describe('secrets', () => {
  const hex = (algorithm: string): string | undefined =>
    systemSecrets.digest(algorithm, Buffer.from('abc'))?.toString('hex');

  test.each([
    ['SHA1', 'a9993e36'],
    ['SHA-1', 'a9993e36'],
    ['SHA-256', 'ba7816bf'],
    ['sha256', 'ba7816bf'],
    ['SHA3-256', '3a985da7'],
    ['SHA-512/256', '53048e26'],
    ['MD5', '90015098'],
  ])('%s by the names of Java and Node', (name, start) => {
    expect(hex(name)?.slice(0, 8)).toBe(start);
  });

  test('an unknown algorithm is undefined; comparison and MAC', () => {
    expect(hex('SHA-0')).toBeUndefined();
    expect(hex('__proto__')).toBeUndefined();
    expect(systemSecrets.equal(Buffer.from('a'), Buffer.from('ab'))).toBe(false);
    expect(systemSecrets.equal(Buffer.from('ab'), Buffer.from('ab'))).toBe(true);
    expect(systemSecrets.sha1(Buffer.from('abc')).length).toBe(20);
    expect(systemSecrets.hmacSha256(Buffer.from('k'), Buffer.from('m')).length).toBe(32);
    expect(systemSecrets.randomBytes(16).equals(systemSecrets.randomBytes(16))).toBe(false);
  });
});
