// Writes the generated documents. `test/tidy.test.ts` fails when one is not current.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from './build.mjs';

if ((await build()) !== 0) process.exit(1);
const { catalogueMarkdown } = await import('../dist/events/catalogue.js');
const { configurationMarkdown } = await import('../dist/server/config/catalogue.js');
const docs = path.join(import.meta.dirname, '..', 'docs');
writeFileSync(path.join(docs, 'events.md'), catalogueMarkdown());
writeFileSync(path.join(docs, 'configuration.md'), configurationMarkdown());
