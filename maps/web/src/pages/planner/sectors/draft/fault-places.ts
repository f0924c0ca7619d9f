/** Where to look for what is wrong with a shape: a corner, or two sides and where they cross. Pure. */

import { cornerAt, type Place, type SectorShape } from "../../../../geo/sector-shape.ts";
import type { Fault } from "../../../../wire/sectors.ts";

type Placed = Pick<Fault, "ring" | "vertex" | "crosses" | "lon" | "lat">;

/** Numbers of the corners from which and to which a side goes, as people count; in which ring, 0 the outline. */
export interface Side {
  ring: number;
  from: number;
  to: number;
}

/** The two sides that cross, as the corners that they join are numbered; null where the fault is of no two sides. */
export function sidesOf({ ring, vertex, crosses }: Placed, shape: SectorShape | null): [Side, Side] | null {
  if (vertex == null || crosses == null) return null;
  const side = (first: number): Side | null => {
    const [from, to] = [cornerAt(shape, ring ?? 0, first), cornerAt(shape, ring ?? 0, first + 1)];
    return from === null || to === null ? null : { ring: from.ring, from: from.corner, to: to.corner };
  };
  const [one, other] = [side(vertex), side(crosses)];
  return one === null || other === null ? null : [one, other];
}

/** Where two sides cross, else the corner as it was drawn; null where the fault is of the whole. */
export function placeOf({ ring, vertex, crosses, lon, lat }: Placed, shape: SectorShape | null): Place | null {
  const corner = vertex == null || crosses != null ? null : cornerAt(shape, ring ?? 0, vertex);
  if (corner !== null) return corner.place;
  return lon != null && lat != null ? [lon, lat] : null;
}
