/** What cruising a tree found. */
export interface Floors {
  readonly violations: readonly string[];
  readonly modules: number;
  readonly imports: number;
  readonly unread: readonly string[];
}
export function checkFloors(root: string): Promise<Floors>;
