/** Where the process begins; `bin/zkt` imports it. */
import { processIo } from './io.ts';
import { colourOf, run } from './program.ts';

const words = process.argv.slice(2);
const io = processIo(colourOf(words));
const code = await run(words, io);
await Promise.all([io.stdout.drained(), io.stderr.drained()]);
// An open stdin, or a session that could not say goodbye, must not hold the process.
process.exit(process.exitCode ?? code);
