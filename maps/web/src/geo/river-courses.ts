/** The courses of the rivers, read once from the reference layers when something first asks for a kilometre. */

import { signal } from "@preact/signals";
import { once } from "../browser/shared-promise.ts";
import { CallError, fetchJson } from "../wire/calls.ts";
import { type Reach, Reaches, RiverCourses } from "./river-course.ts";

/** Null until they have been read. */
export const courses = signal<RiverCourses | null>(null);

/** Reads them if nobody has; a failure is tried again by the next who asks. */
export function readCourses(): Promise<void> {
  return readOnce().catch(() => undefined);
}

const readOnce = once(async (): Promise<void> => {
  courses.value = new RiverCourses((await Promise.all(["mekong", "centrelines"].map(reaches))).flat());
});

async function reaches(layer: string): Promise<Reach[]> {
  try {
    return (await fetchJson(`/api/layers/${layer}`, Reaches)).features;
  } catch (fault) {
    if (fault instanceof CallError && fault.status === 404) return []; // a site may lack a layer
    throw fault;
  }
}
