/** Builds the simulator as one file, as it is or with a mutant's patches. */
import path from 'node:path';
import { rolldown } from 'rolldown';
import type { Mutant } from './mutant.ts';

const ROOT = path.join(import.meta.dirname, '..', '..', '..');

/** Writes the bundle to `file`. Throws when a patch no longer fits the source, naming the mutant. */
export async function bundle(mutant: Mutant | undefined, file: string): Promise<void> {
  const left = new Set(mutant?.patches ?? []);
  const bundled = await rolldown({
    cwd: ROOT,
    input: path.join(import.meta.dirname, 'player.ts'),
    platform: 'node',
    external: /^node:/,
    plugins: [
      {
        name: 'patches',
        transform(code, id) {
          let text = code;
          for (const patch of left) {
            if (path.relative(ROOT, id) !== patch.file) continue;
            text = patched(text, patch, mutant?.id ?? '');
            left.delete(patch);
          }
          return text === code ? undefined : { code: text };
        },
      },
    ],
  });
  await bundled.write({ file, format: 'esm' });
  await bundled.close();
  const [forgotten] = left;
  if (forgotten !== undefined)
    throw new Error(`mutant ${mutant?.id}: ${forgotten.file} is not in the bundle`);
}

function patched(code: string, { file, find, replace }: Mutant['patches'][number], id: string): string {
  const parts = code.split(find);
  if (parts.length === 2) return parts.join(replace);
  throw new Error(`mutant ${id}: ${file} has this ${parts.length - 1} times instead of once:\n${find}`);
}
