// Runs test/sim/mutants/main.ts, which hunts historic bugs that are switched on again. Node 20 cannot run
// TypeScript, so it is bundled first; what it asks of its own place it is told as it is before that.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

const root = path.join(import.meta.dirname, '..');
const dir = path.join(root, 'test', 'sim', 'mutants');
const file = path.join(root, 'dist-mutants', `main-${process.pid}.mjs`);
process.on('exit', () => rmSync(file, { force: true }));
const bundled = await rolldown({
  input: path.join(dir, 'main.ts'),
  platform: 'node',
  external: (id) => id.startsWith('node:') || id === 'rolldown',
  transform: { define: { 'import.meta.dirname': JSON.stringify(dir) } },
});
await bundled.write({ file, format: 'esm' });
await bundled.close();
await import(pathToFileURL(file).href);
