// Writes the generated documents. `test/tidy.test.ts` fails when one is not current.
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findCompiler } from './build.mjs';

const root = path.join(import.meta.dirname, '..');
const docs = path.join(root, 'docs');
const compiler = findCompiler();
if (compiler === undefined) throw new Error('TypeScript is not installed: run `npm ci` first');

// A build of its own: the product's is bundled, and holds only what the program needs. With type errors the
// output is written all the same.
const out = path.join(root, 'dist-docs');
try {
  spawnSync(process.execPath, [compiler, '-p', root, '--noEmit', 'false', '--outDir', out], {
    stdio: 'inherit',
  });
  const { catalogueMarkdown } = await import('../dist-docs/events/catalogue.js');
  const { configurationMarkdown } = await import('../dist-docs/server/config/catalogue.js');
  const { shellMarkdown } = await import('../dist-docs/cli/reference.js');
  writeFileSync(path.join(docs, 'events.md'), catalogueMarkdown());
  writeFileSync(path.join(docs, 'configuration.md'), configurationMarkdown());
  writeFileSync(path.join(docs, 'shell.md'), await shellMarkdown());
} finally {
  rmSync(out, { recursive: true, force: true });
}
