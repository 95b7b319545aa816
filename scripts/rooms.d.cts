/** A room of src: its folder below src, its floor, and the room it is part of, if it is part of one. */
export interface Room {
  readonly path: string;
  readonly floor: number;
  readonly room?: string;
}
export const ROOMS: readonly Room[];
export const PURE_FLOOR_MAX: number;
export function mayImport(from: Room, to: Room): boolean;
