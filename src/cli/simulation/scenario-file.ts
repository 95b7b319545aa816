/** `zkt sim --scenario FILE`. */
import { EXIT, type ExitCode, reasonOf, ZktError } from '../../base/errors.ts';
import { readBytes } from '../../platform/user-files.ts';
import { playScenario } from '../../sim/scenario/run-scenario.ts';
import { parseScenario, scenarioVariants } from '../../sim/scenario/scenario-text.ts';
import { transcript } from '../../sim/transcript.ts';
import type { Listen } from '../../sim/watched-cluster.ts';
import type { Io } from '../io.ts';
import { Printer } from '../output/printer.ts';
import { ListReport } from '../output/report.ts';
import type { OutputFormat } from '../settings/global-options.ts';
import { SIM_TOOLS } from './sim-tools.ts';

/**
 * Plays a scenario, or all it sweeps over, up to the first broken promise; tells it line by line unless
 * quiet.
 */
export async function playFile(
  file: string,
  io: Io,
  format: OutputFormat,
  quiet: boolean,
): Promise<ExitCode> {
  const out = new Printer(io.stdout);
  const err = new Printer(io.stderr);
  const report = new ListReport(out, format, 'scenarios');
  const variants = scenarioVariants(readText(file), file);
  let code: ExitCode = EXIT.ok;
  for (const variant of variants) {
    if (io.stop.aborted) break;
    const lines = parseScenario(variant.text, file);
    const told: string[] = [];
    const single = variants.length === 1 && format === 'table' && !quiet;
    const tell = (line: string): void => void (single ? out.line(line) : told.push(line));
    const { violations, simulatedMs, fingerprint } = await playScenario(lines, file, SIM_TOOLS, (now) =>
      transcript(tell, now),
    );
    const failed = violations.length > 0;
    await report.add(
      () => ({ name: variant.name, simulatedSeconds: simulatedMs / 1000, fingerprint, violations }),
      () => {
        if (failed && !quiet) out.lines(told);
        out.line(
          { text: failed ? 'fails' : 'holds', style: failed ? 'red' : 'green' },
          ` ${file} ${variant.name}`,
        );
      },
    );
    if (!failed) continue;
    code = EXIT.failed;
    for (const { rule, text } of violations.slice(0, 5)) err.line({ text: rule, style: 'bold' }, `: ${text}`);
    break;
  }
  report.end();
  return code;
}

/**
 * Plays a scenario that is one run, heard by `listen`. Throws `ZKT_SCENARIO`, and `ZKT_USAGE` for one that
 * sweeps.
 */
export async function playOne(file: string, listen: Listen): ReturnType<typeof playScenario> {
  const [variant, ...more] = scenarioVariants(readText(file), file);
  if (variant === undefined || more.length > 0) {
    throw new ZktError('ZKT_USAGE', {
      why: `${file} is ${more.length + 1} runs: it sweeps; leave one of them`,
    });
  }
  return await playScenario(parseScenario(variant.text, file), file, SIM_TOOLS, listen);
}

function readText(file: string): string {
  try {
    return readBytes(file).toString('utf8');
  } catch (thrown) {
    throw new ZktError('ZKT_FILE', { file, what: 'read', why: reasonOf(thrown) }, { cause: thrown });
  }
}
