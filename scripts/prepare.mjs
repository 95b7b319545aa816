// npm's `prepare`: builds after `npm ci`. Where the compiler is left out (`--omit=dev`) it keeps the dist
// that is there.
import { build, findCompiler } from './build.mjs';

if (findCompiler() === undefined) {
  console.error('zkt: TypeScript is not installed, so dist is not rebuilt');
} else if ((await build()) !== 0) {
  // Output was written nevertheless; `npm run typecheck` is the gate, and an install should not be held up by
  // it.
  console.error('zkt: src has type errors (see above); dist was built all the same');
}
