/** A room of src: its folder below src, its floor, and whether it is pure. */
export interface Room {
  readonly path: string;
  readonly floor: number;
  readonly pure?: boolean;
}
export const ROOMS: readonly Room[];
export function mayImport(from: Room, to: Room): boolean;
