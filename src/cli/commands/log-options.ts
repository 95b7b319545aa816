/** What the `zkt log` commands have in common: parsing of their options. */
import { parse64 } from '../../base/brands.ts';
import { ZktError } from '../../base/errors.ts';
import { VALUE_FORMS, type ValueForm } from '../../formatters/value-json.ts';
import type { TxnFilter } from '../../inspect/txn-filter.ts';
import { OUTPUT_FORMATS, type OutputFormat } from '../settings/global-options.ts';

/** A zxid or session id: `0x1f`, or decimal. Throws `ZKT_USAGE`. */
export function idOption(text: string, name: string): bigint {
  const value = parse64(text, 10);
  if (value !== undefined) return value;
  throw new ZktError('ZKT_USAGE', { why: `${name}: ${text} is neither 0x… nor a decimal number` });
}

/** A whole number of at least `min`. Throws `ZKT_USAGE`. */
export function countOption(text: string, name: string, min: number): number {
  const value = /^\d{1,12}$/.test(text) ? Number(text) : -1;
  if (value >= min) return value;
  throw new ZktError('ZKT_USAGE', { why: `${name}: ${text} is not a whole number from ${min}` });
}

/** A form of values. Throws `ZKT_USAGE`. */
export function valueFormOption(text: string): ValueForm {
  const form = VALUE_FORMS.find((f) => f === text);
  if (form !== undefined) return form;
  throw new ZktError('ZKT_USAGE', {
    why: `--values: expected one of ${VALUE_FORMS.join(', ')}, not ${text}`,
  });
}

/** A form of output. Throws `ZKT_USAGE`. */
export function formatOption(text: string): OutputFormat {
  const format = OUTPUT_FORMATS.find((f) => f === text);
  if (format !== undefined) return format;
  throw new ZktError('ZKT_USAGE', {
    why: `--output: expected one of ${OUTPUT_FORMATS.join(', ')}, not ${text}`,
  });
}

/** The filter options as commander hands them over. */
export interface FilterFlags {
  readonly from?: string;
  readonly to?: string;
  readonly session?: string;
  readonly path?: string;
  readonly op?: readonly string[];
}

/** The filter they mean. Throws `ZKT_USAGE`. */
export const filterOf = (flags: FilterFlags): TxnFilter => ({
  from: flags.from === undefined ? undefined : idOption(flags.from, '--from'),
  to: flags.to === undefined ? undefined : idOption(flags.to, '--to'),
  session: flags.session === undefined ? undefined : idOption(flags.session, '--session'),
  path: flags.path,
  ops: flags.op?.map((name) => name.toLowerCase()),
});
