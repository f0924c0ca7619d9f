/** Places as people type them: coordinates, or a kilometre of a river whose course is known. */

import { readCoordinates } from "./coordinates.ts";
import { readKm } from "./place-search.ts";
import { MEKONG } from "./river-course.ts";
import { courses } from "./river-courses.ts";

/** The place that coordinates or a river kilometre name; null for other words. */
export function placeOf(text: string): { lon: number; lat: number } | null {
  const coordinates = readCoordinates(text);
  if (coordinates !== null) return coordinates;
  const km = readKm(text, courses.value?.names ?? [MEKONG]);
  const at = km && courses.value?.at(km.river, km.km);
  return at ? { lon: at[0], lat: at[1] } : null;
}
