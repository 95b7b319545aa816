// Completes package-lock.json with the optional binaries of other platforms.
//
// Tools such as Biome, swc and oxc list one optional package per platform. A registry mirror may lack those
// of the platforms it does not serve; npm then leaves them out of the lock, and `npm ci` refuses the lock as
// incomplete. The entries added here carry version, os, cpu and libc, taken from the exact pin of the parent
// and the package's name, and no integrity: this machine has not seen the bytes. `npm install` on a platform
// that uses one fills it in.
//
// Run it after changing a dependency: `npm run lock`.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const file = path.join(import.meta.dirname, '..', 'package-lock.json');
const OSES = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const CPUS = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];

/** What `name` says about its platform, or undefined where it names none (then it is not ours to add). */
function platformOf(name) {
  const words = name.split(/[/-]/);
  const os = OSES.filter((it) => words.includes(it));
  const cpu = CPUS.filter((it) => words.includes(it));
  if (os.length !== 1 || cpu.length !== 1) return undefined;
  const libc = words.some((it) => it.startsWith('musl'))
    ? ['musl']
    : os[0] === 'linux' && words.some((it) => it.startsWith('gnu'))
      ? ['glibc']
      : undefined;
  return { cpu, ...(libc && { libc }), os };
}

const lock = JSON.parse(readFileSync(file, 'utf8'));
const added = [];
for (const [where, entry] of Object.entries(lock.packages)) {
  if (where === '') continue;
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const platform = platformOf(name);
    const place = `node_modules/${name}`;
    if (platform === undefined || lock.packages[place] !== undefined) continue;
    if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Error(`${name}: ${version} is not an exact version`);
    const { cpu, libc, os } = platform;
    lock.packages[place] = {
      version,
      cpu,
      ...(entry.dev && { dev: true }),
      ...(libc && { libc }),
      optional: true,
      os,
    };
    added.push(`${name}@${version}`);
  }
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
lock.packages = Object.fromEntries(sorted);
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(added.length === 0 ? 'package-lock.json is complete' : `added ${added.join(', ')}`);
