/** A cheap running sum of what happened, to compare two runs of one seed; no protection against anybody. */

/** See the head of the file. */
export class Fingerprint {
  private a = 0x811c9dc5;
  private b = 0x9e3779b9;

  /** Takes in a number. */
  add(value: number): void {
    const whole = Math.floor(value) | 0;
    this.a = Math.imul(this.a ^ whole, 0x01000193);
    this.b = (Math.imul(this.b ^ (this.a >>> 13), 0x85ebca6b) + whole) | 0;
  }

  /** Takes in a text. */
  text(value: string): void {
    for (let i = 0; i < value.length; i++) this.add(value.charCodeAt(i));
  }

  /** Sixteen hexadecimal digits. */
  toString(): string {
    const hex = (n: number): string => (n >>> 0).toString(16).padStart(8, '0');
    return hex(this.a) + hex(this.b);
  }
}
