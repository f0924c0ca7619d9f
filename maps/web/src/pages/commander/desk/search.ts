/**
 * What can be searched besides units: offices, crossings, towns, sectors, targets, marks, river kilometres,
 * coordinates.
 */

import { computed, signal } from "@preact/signals";
import { coordinateFormat } from "../../../browser/preferences.ts";
import { once } from "../../../browser/shared-promise.ts";
import { kmFigure } from "../../../geo/address.ts";
import { coordinateWords } from "../../../geo/coordinates.ts";
import type { RiverKilometre } from "../../../geo/nearest-unit.ts";
import { readCoordinates, readKm, seek } from "../../../geo/place-search.ts";
import { MEKONG } from "../../../geo/river-course.ts";
import { courses, readCourses } from "../../../geo/river-courses.ts";
import { middleOf } from "../../../geo/shapes.ts";
import { documents } from "../../../live/signals.ts";
import { fetchJson } from "../../../wire/calls.ts";
import type { OfficeDocument } from "../../../wire/documents.ts";
import { collectionOf, geometryOf } from "../../../wire/geojson.ts";
import { anything, recordOf, type ValueOf } from "../../../wire/parser.ts";
import { language, t, wordsIfAny } from "../../../words/index.ts";
import { outlineOf } from "./areas.ts";
import { standingMarks } from "./marks.ts";
import { targets } from "./queue.ts";
import { notify } from "./selection.ts";

export type FoundKind = "place" | "blo" | "crossing" | "town" | "sector" | "target" | "mark";

/** One thing to fly to. */
export interface Found {
  kind: FoundKind;
  id: string;
  title: string;
  /** What it is and what else it is called. */
  more: string;
  lon: number;
  lat: number;
  words: readonly string[];
  weight: number;
  /** The river and kilometre that were asked for. */
  on?: RiverKilometre;
}

/** What has been typed into the search. */
export const query = signal("");
/** Shown for each kind of place, at most. */
const MOST = 6;
/** Kinds in the order of the list. */
export const KINDS: readonly FoundKind[] = ["place", "target", "mark", "sector", "blo", "crossing", "town"];

const Layer = collectionOf(geometryOf("Point"), recordOf(anything));
type Layer = ValueOf<typeof Layer>;
const reference = signal<readonly Found[] | null>(null);

/** Reads the names once; called when somebody begins to search. */
export function readNames(): Promise<void> {
  void readCourses();
  return readOnce().catch(() => notify(t("search.names_failed"), true));
}

const readOnce = once(read);

async function read(): Promise<void> {
  const [blos, crossings, towns] = await Promise.all(
    (["blos", "crossings", "places"] as const).map((name) => fetchJson(`/api/layers/${name}`, Layer)),
  );
  reference.value = [
    ...(blos?.features ?? []).map((each) => placeFound("blo", each)),
    ...(crossings?.features ?? []).map((each) => placeFound("crossing", each)),
    ...(towns?.features ?? []).map((each) => placeFound("town", each)),
  ];
}

function placeFound(kind: "blo" | "crossing" | "town", { properties, geometry }: Layer["features"][number]): Found {
  const names = Object.entries(properties)
    .filter(([key, name]) => (key === "name" || key.startsWith("name_")) && typeof name === "string" && name !== "")
    .map(([, name]) => String(name));
  const title = String(properties[`name_${language}`] ?? properties["name"] ?? "");
  const others = [...new Set(names)].filter((name) => name !== title);
  const country =
    typeof properties["country"] === "string" ? (wordsIfAny(`country.${properties["country"]}`) ?? "") : "";
  const sort = kind === "crossing" ? crossingWords(String(properties["kind"] ?? "")) : "";
  const [lon = 0, lat = 0] = geometry.coordinates;
  return {
    kind,
    id: String(properties["id"] ?? properties["geonameid"] ?? `${title} ${lon} ${lat}`),
    title,
    more: [country, sort, ...others].filter(Boolean).join(" · "),
    lon,
    lat,
    words: [...new Set([...names, ...(kind === "blo" ? [String(properties["id"])] : [])])],
    weight: Number(properties["population"] ?? 0),
  };
}

/** `river port` in the reader's words; the kind itself where it is one of the site's own. */
export function crossingWords(kind: string): string {
  return wordsIfAny(`crossing.${kind.replaceAll(" ", "_")}`) ?? kind;
}

const places = computed<readonly Found[]>(() => {
  const sectors = (documents.value ?? []).flatMap((record: OfficeDocument): Found[] => {
    if (record.kind !== "sector") return [];
    const at = middleOf(record.polygon ? { type: "Polygon", coordinates: record.polygon } : outlineOf(record));
    const use = record.use === undefined || record.use === "patrol" ? "" : t(`sector.${record.use}`);
    return at === null
      ? []
      : [
          {
            kind: "sector",
            id: record.id,
            title: record.name,
            more: use,
            lon: at[0],
            lat: at[1],
            words: [record.name],
            weight: 0,
          },
        ];
  });
  const followed = targets.value.flatMap((target): Found[] => {
    const last = target.sightings?.at(-1);
    return last === undefined
      ? []
      : [
          {
            kind: "target",
            id: target.id,
            title: target.name,
            more: target.description ?? "",
            lon: last.lon,
            lat: last.lat,
            words: [target.name, target.description ?? ""],
            weight: 0,
          },
        ];
  });
  const marked = standingMarks.value.map(
    (mark): Found => ({
      kind: "mark",
      id: mark.id,
      title: mark.name,
      more: [mark.sender, mark.remarks].filter(Boolean).join(" · "),
      lon: mark.lon,
      lat: mark.lat,
      words: [mark.name, mark.sender ?? "", mark.remarks ?? ""],
      weight: 0,
    }),
  );
  return [...followed, ...marked, ...sectors];
});

/** A kilometre or coordinates, where the query names one; `sure` when it can be nothing else. */
export function placeIn(words: string): (Found & { sure: boolean }) | null {
  const at = readCoordinates(words);
  if (at !== null) {
    const title = coordinateWords(at.lon, at.lat, coordinateFormat.value);
    return {
      kind: "place",
      id: `at ${title}`,
      title,
      more: t("search.coordinates"),
      lon: at.lon,
      lat: at.lat,
      words: [],
      weight: 0,
      sure: true,
    };
  }
  const km = readKm(words, courses.value?.names ?? [MEKONG]);
  const place = km && courses.value?.at(km.river, km.km);
  if (!km || !place) return null;
  const title = kmWords(km);
  return {
    kind: "place",
    id: title,
    title,
    more: km.river === MEKONG ? t("map.mekong") : km.river,
    lon: place[0],
    lat: place[1],
    words: [],
    weight: 0,
    on: km,
    sure: km.sure,
  };
}

/** `km 2 363.0`, with the name of any river but the Mekong. */
export function kmWords({ river, km }: RiverKilometre): string {
  return river === MEKONG ? t("river.km", { km: kmFigure(km) }) : t("river.other", { name: river, km: kmFigure(km) });
}

/** Places that meet the query, by kind, each kind best first; `well` tells how well its best one does (matching.ts). */
export interface FoundGroup {
  kind: FoundKind;
  well: number;
  found: Found[];
}

export function placesFor(words: string): FoundGroup[] {
  if (words.trim() === "") return [];
  const groups: FoundGroup[] = [];
  const exact = placeIn(words);
  if (exact !== null) groups.push({ kind: "place", well: exact.sure ? -1 : 1.5, found: [exact] });
  const all = [...places.value, ...(reference.value ?? [])];
  for (const kind of KINDS) {
    const some = seek(
      all.filter((each) => each.kind === kind),
      words,
      MOST,
      (each) => each.weight,
    );
    const best = some[0];
    if (best !== undefined) groups.push({ kind, well: best.well, found: some.map((each) => each.thing) });
  }
  return groups.sort((a, b) => a.well - b.well);
}

export const namesKnown = computed(() => reference.value !== null);

/** Where a form's words mean: the best of what they name, once the names are known; null for nothing. */
export async function firstPlaceFor(words: string): Promise<Found | null> {
  await Promise.all([readNames(), readCourses()]);
  return placesFor(words)[0]?.found[0] ?? null;
}
