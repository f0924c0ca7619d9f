/** Where the kilometres of the rivers lie, read once; and places as people type them. */

import { signal } from "@preact/signals";
import { once } from "../browser/once.ts";
import { CallError, fetchJson } from "../wire/calls.ts";
import { readCoordinates } from "./coordinates.ts";
import { readKm } from "./place-search.ts";
import { type Reach, Reaches, RiverCourses } from "./river-course.ts";

export const courses = signal<RiverCourses>(new RiverCourses([]));

export const loadCourses = once(async (): Promise<void> => {
  const read = async (name: string): Promise<Reach[]> => {
    try {
      return (await fetchJson(`/api/layers/${name}`, Reaches)).features;
    } catch (fault) {
      if (fault instanceof CallError) return []; // a site may lack a layer: coordinates still name a place
      throw fault;
    }
  };
  courses.value = new RiverCourses((await Promise.all(["mekong", "centrelines"].map(read))).flat());
});

/** The place that coordinates or a river kilometre name; null for other words. */
export function placeOf(text: string): { lon: number; lat: number } | null {
  const coordinates = readCoordinates(text);
  if (coordinates !== null) return coordinates;
  const named = readKm(text, courses.value.names);
  const at = named === null ? null : courses.value.at(named.river, named.km);
  return at === null ? null : { lon: at[0], lat: at[1] };
}
