import { ZktError } from '../../base/errors.ts';

const KIB = 1024;
const UNITS: Readonly<Record<string, number>> = { '': 1, k: KIB, m: KIB ** 2, g: KIB ** 3 };

/**
 * A size: `512k`, `64m`, `2g`; a bare number is bytes. Answers bytes; throws ZKT_USAGE with the option's
 * name.
 */
export function sizeBytes(text: string, option: string, min = 1): number {
  const found = /^(\d{1,12})([kmg]?)b?$/i.exec(text);
  const bytes =
    found === null ? Number.NaN : Number(found[1]) * (UNITS[(found[2] ?? '').toLowerCase()] as number);
  if (bytes >= min && bytes <= Number.MAX_SAFE_INTEGER) return bytes;
  const least = min > 1 ? `, at least ${min} bytes` : '';
  throw new ZktError('ZKT_USAGE', {
    why: `${option} is a size such as 512k, 64m or 2g${least}, not ${text}`,
  });
}
