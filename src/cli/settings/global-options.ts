/** Options that go before or after any verb; flag > environment > profile > default. */
import type { ColourPolicy } from '../io.ts';

/** Forms of output. */
export const OUTPUT_FORMATS = ['table', 'json', 'ndjson', 'raw'] as const;
/** A form of output. */
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** As given on the command line; undefined where not given. */
export interface GlobalOptions {
  /** `--servers`, `-s` before a verb: `host:port,host:port/chroot`. */
  readonly servers?: string;
  /** `--profile NAME`. */
  readonly profile?: string;
  /** `--auth-file FILE`: lines of `scheme:auth`. */
  readonly authFile?: string;
  /** `--read-only`. */
  readonly readOnly?: boolean;
  /** `--timeout MS`. */
  readonly timeoutMs?: number;
  /** `-o`, `--output`. */
  readonly output?: OutputFormat;
  /** `--color`. */
  readonly colour?: ColourPolicy;
  /** `--yes`, `-y`: do not ask. */
  readonly yes?: boolean;
  /** `--dry-run`: say what would change. */
  readonly dryRun?: boolean;
}
