/** The courses of the rivers, read once from the reference layers when something first asks for a kilometre. */

import { signal } from "@preact/signals";
import { once } from "../browser/once.ts";
import { fetchJson } from "../wire/calls.ts";
import { Reaches, RiverCourses } from "./river-course.ts";

/** Null until they have been read. */
export const courses = signal<RiverCourses | null>(null);

/** Reads them if nobody has; a failure is tried again by the next who asks. */
export function readCourses(): Promise<void> {
  return readOnce().catch(() => undefined);
}

const readOnce = once(read);

async function read(): Promise<void> {
  const layers = await Promise.all(["mekong", "centrelines"].map((name) => fetchJson(`/api/layers/${name}`, Reaches)));
  courses.value = new RiverCourses(layers.flatMap((layer) => layer.features));
}
