// Writes the generated documents. `test/tidy.test.ts` fails when one is not current.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from './build.mjs';

if (build() !== 0) process.exit(1);
const { catalogueMarkdown } = await import('../dist/events/catalogue.js');
writeFileSync(path.join(import.meta.dirname, '..', 'docs', 'events.md'), catalogueMarkdown());
