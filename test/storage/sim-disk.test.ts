import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { SimDisk, SimPowerCut } from '../../src/sim/disk.ts';

const content = (disk: SimDisk, path: string): string | undefined =>
  disk.exists(path) ? disk.inode(path).content().toString('latin1') : undefined;

/** The contents of `path` that power cuts with many seeds leave. */
function outcomes(path: string, run: (disk: SimDisk) => void): Set<string | undefined> {
  const seen = new Set<string | undefined>();
  for (let seed = 1; seed <= 200; seed++) {
    const disk = new SimDisk();
    disk.makeDir('/d');
    run(disk);
    disk.restart(new Prng(seed));
    seen.add(content(disk, path));
  }
  return seen;
}

describe('a power cut', () => {
  it('may take a file whose name was not forced, however well its bytes were', () => {
    const seen = outcomes('/d/f', (disk) => {
      const file = disk.open('/d/f', 'create');
      file.writeAt(Buffer.from('abc'), 0);
      file.sync();
    });
    expect(seen).toEqual(new Set([undefined, 'abc']));
  });

  it('takes nothing that was forced', () => {
    const seen = outcomes('/d/f', (disk) => {
      const file = disk.open('/d/f', 'create');
      file.writeAt(Buffer.from('abc'), 0);
      file.sync();
      disk.syncDir('/d');
    });
    expect(seen).toEqual(new Set(['abc']));
  });

  it('leaves of unforced bytes any sector and any length', () => {
    const seen = outcomes('/d/f', (disk) => {
      const file = disk.open('/d/f', 'create');
      file.sync();
      disk.syncDir('/d');
      file.writeAt(Buffer.alloc(512, 'a'), 0);
      file.writeAt(Buffer.alloc(512, 'b'), 512);
    });
    const shapes = new Set(
      [...seen].map((text) => `${text?.length} ${[...new Set(text)].join('')}`.replaceAll('\0', '0')),
    );
    expect(shapes).toEqual(new Set(['0 ', '512 a', '512 0', '1024 ab', '1024 a0', '1024 0b', '1024 0']));
  });

  it('leaves the old or the new name of a rename, or both, never neither', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const disk = new SimDisk();
      disk.makeDir('/d');
      disk.plant('/d/old', Buffer.from('x'));
      disk.rename('/d/old', '/d/new');
      disk.restart(new Prng(seed));
      expect(content(disk, '/d/old') ?? content(disk, '/d/new')).toBe('x');
    }
  });

  it('ends every open file and every sync under way', () => {
    const disk = new SimDisk();
    disk.makeDir('/d');
    const file = disk.open('/d/f', 'create');
    let told = false;
    file.syncSoon(() => {
      told = true;
    });
    disk.powerCut();
    expect(() => file.writeAt(Buffer.from('x'), 0)).toThrow(SimPowerCut);
    expect(() => disk.list('/d')).toThrow(SimPowerCut);
    disk.restart(new Prng(1));
    expect(() => file.size() + file.readAt(Buffer.alloc(1), 0)).toThrow(SimPowerCut);
    disk.runPending();
    expect(told).toBe(false);
  });
});

describe('a failed sync', () => {
  it('loses its bytes for good, although the next one succeeds', () => {
    const seen = outcomes('/d/f', (disk) => {
      const failing: SimDisk = disk;
      const file = failing.open('/d/f', 'create');
      failing.syncDir('/d');
      file.writeAt(Buffer.from('lost'), 0);
      failing.inode('/d/f').doom(failing.inode('/d/f').mark());
      file.writeAt(Buffer.from('kept'), 1024);
      file.sync();
    });
    const heads = new Set([...seen].map((text) => text?.slice(0, 4)));
    expect(heads).toEqual(new Set(['lost', '\0\0\0\0']));
    expect([...seen].every((text) => text?.endsWith('kept'))).toBe(true);
  });
});

describe('faults', () => {
  it('hit the call they are meant for, a short write part of it', () => {
    const disk = new SimDisk({
      fault: (call, _path, n) =>
        call === 'write' && n === 3 ? { code: 'ENOSPC', partialBytes: 2 } : undefined,
    });
    disk.makeDir('/d');
    const file = disk.open('/d/f', 'create');
    expect(() => file.writeAt(Buffer.from('abcd'), 0)).toThrow(/^ENOSPC: write '\/d\/f'$/);
    expect(content(disk, '/d/f')).toBe('ab');
    expect(disk.calls).toBe(3);
  });

  it.each([
    [() => new SimDisk().open('/x/f', 'create'), 'ENOENT'],
    [() => new SimDisk().list('/x'), 'ENOENT'],
    [() => new SimDisk().remove('/x'), 'ENOENT'],
  ])('%#: what is not there is ENOENT', (run, code) => {
    expect(run).toThrow(expect.objectContaining({ code }));
  });

  it('a file is made once', () => {
    const disk = new SimDisk();
    disk.makeDir('/a/b');
    disk.open('/a/b/f', 'create');
    expect(() => disk.open('/a/b/f', 'create')).toThrow(expect.objectContaining({ code: 'EEXIST' }));
    expect(disk.list('/a')).toEqual(['b']);
    expect(disk.list('/a/b')).toEqual(['f']);
  });
});
