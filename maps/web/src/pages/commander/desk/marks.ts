/** Marked places as the map draws them, and the one whose card is open. */
import { computed, signal } from "@preact/signals";
import { documents } from "../../../live/signals.ts";
import { now } from "../../../session/clock.ts";
import { ageSeconds, ageWords } from "../../../session/times.ts";
import type { Mark } from "../../../wire/documents.ts";

/** Corners of a circle on the map. */
const CORNERS = 48;
const DEGREE_M = 111_195;

/** Id of the mark whose card is open; empty for none. */
export const markedId = signal("");

export const standingMarks = computed<readonly Mark[]>(() =>
  (documents.value ?? [])
    .filter((record): record is Mark => record.kind === "mark")
    .sort((a, b) => a.name.localeCompare(b.name)),
);

export const openMark = computed<Mark | null>(
  () => standingMarks.value.find((each) => each.id === markedId.value) ?? null,
);

/** So that ages are drawn anew once a minute, not once a second. */
const minute = computed(() => Math.floor(now.value / 60_000));

export const marksOnMap = computed<GeoJSON.FeatureCollection>(() => ({
  type: "FeatureCollection",
  features: standingMarks.value.flatMap((mark) => markFeatures(mark, minute.value * 60_000)),
}));

/** A sign with its words, and the line, area or circle that belongs to it. */
export function markFeatures(mark: Mark, atMs: number): GeoJSON.Feature[] {
  const age = ageSeconds(mark.marked_at, atMs) ?? 0;
  const by = [mark.sender ?? "", age >= 60 ? ageWords(age) : ""].filter(Boolean).join(" · ");
  const properties = { id: mark.id, use: mark.use ?? "place", label: by === "" ? mark.name : `${mark.name}\n${by}` };
  const sign: GeoJSON.Feature = {
    type: "Feature",
    properties,
    geometry: { type: "Point", coordinates: [mark.lon, mark.lat] },
  };
  const path = mark.path ?? [];
  const shape: GeoJSON.Geometry | null =
    path.length > 3 && mark.closed === true
      ? { type: "Polygon", coordinates: [path] }
      : path.length > 1
        ? { type: "LineString", coordinates: path }
        : mark.radius_m
          ? { type: "Polygon", coordinates: [circle(mark.lon, mark.lat, mark.radius_m)] }
          : null;
  return shape === null ? [sign] : [sign, { type: "Feature", properties, geometry: shape }];
}

function circle(lon: number, lat: number, metres: number): [number, number][] {
  const [high, wide] = [metres / DEGREE_M, metres / DEGREE_M / Math.max(Math.cos((lat * Math.PI) / 180), 0.01)];
  return Array.from({ length: CORNERS + 1 }, (_, i): [number, number] => {
    const angle = ((i % CORNERS) * 2 * Math.PI) / CORNERS;
    return [lon + wide * Math.sin(angle), lat + high * Math.cos(angle)];
  });
}
