/** A number with a fraction, which Java writes with one even where it is whole. */
export class Real {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** Its text, rounded to four places, as Java's `Double.toString` writes it. */
export function realText(value: number): string {
  const rounded = Math.round(value * 10_000) / 10_000;
  const size = Math.abs(rounded);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) {
    const [digits = '', exponent = '0'] = rounded.toExponential().split('e');
    return `${digits.includes('.') ? digits : `${digits}.0`}E${Number(exponent)}`;
  }
  return Number.isInteger(rounded) ? `${rounded}.0` : String(rounded);
}
