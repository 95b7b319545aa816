// Runs test/sim/mutants/main.ts, which hunts historic bugs that are switched on again; Node 20 cannot run
// TypeScript, so it is bundled first, in a place from where the packages and the sources are found.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

const dir = path.join(import.meta.dirname, '..', 'test', 'sim', 'mutants');
const file = path.join(dir, `.main-${process.pid}.mjs`);
process.on('exit', () => rmSync(file, { force: true }));
const bundled = await rolldown({
  input: path.join(dir, 'main.ts'),
  platform: 'node',
  external: (id) => id.startsWith('node:') || id === 'rolldown',
});
await bundled.write({ file, format: 'esm' });
await bundled.close();
await import(pathToFileURL(file).href);
