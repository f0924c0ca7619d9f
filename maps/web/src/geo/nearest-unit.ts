/** Who is beside a kilometre of a river. Pure. */
import type { UnitState } from "../wire/units.ts";
import { MEKONG } from "./river-course.ts";

/** A kilometre of a river, from its mouth. */
export interface RiverKilometre {
  river: string;
  km: number;
}

/** A unit, and how far along the river it is from there, kilometres; above it is positive. */
export interface NearestUnit {
  unit: UnitState;
  up_km: number;
}

/** Shown, at most. */
const MOST = 5;
/** Nobody farther along the river than this is near. */
const FAR_KM = 100;

/** Units at that river, the nearest first; those of other rivers, and away from all, are not compared. */
export function nearestUnits({ river, km }: RiverKilometre, units: readonly UnitState[]): NearestUnit[] {
  const found = units.flatMap((unit): NearestUnit[] => {
    const at = kmAt(unit, river);
    return at === null || Math.abs(at - km) > FAR_KM ? [] : [{ unit, up_km: at - km }];
  });
  return found.sort((a, b) => Math.abs(a.up_km) - Math.abs(b.up_km)).slice(0, MOST);
}

/** At which kilometre of a river a unit is; null when it is at none of it. */
function kmAt(unit: UnitState, river: string): number | null {
  const place = unit.last?.place;
  if (place?.river !== undefined) return place.river === river ? (place.km ?? null) : null;
  return river === MEKONG ? (unit.last?.river_km ?? null) : null;
}
