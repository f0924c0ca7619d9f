/** Sectors and targets as the map draws them, from the documents that are known. */

import { computed, signal } from "@preact/signals";
import { courses, readCourses } from "../../../geo/river-courses.ts";
import { type Followed, sectorFeatures, targetFeatures } from "../../../geo/shapes.ts";
import { incidentsOfTheDay } from "../../../live/incidents.ts";
import { documents } from "../../../live/signals.ts";
import { now } from "../../../session/clock.ts";
import { timeZone } from "../../../session/session.ts";
import { minuteWords } from "../../../session/times.ts";
import { fetchJson } from "../../../wire/calls.ts";
import type { HandOff, Landing, OfficeDocument, Sector, Target } from "../../../wire/documents.ts";
import { versionOf } from "../../../wire/documents.ts";
import { Geometry } from "../../../wire/geojson.ts";
import { nullable, object } from "../../../wire/parser.ts";
import { categoryWords } from "../../../words/incident-words.ts";
import { t } from "../../../words/index.ts";
import { isOpen, ours } from "./queue.ts";
import { offerName } from "./queue-words.ts";

/** Outlines of river stretches, by id and version: the server knows how the river runs. */
const outlines = signal<ReadonlyMap<string, GeoJSON.Geometry | null>>(new Map());
const requested = new Set<string>();

export const sectorsOnMap = computed<GeoJSON.FeatureCollection>(() => {
  const useWords = (sector: Sector): string =>
    sector.use === undefined || sector.use === "patrol" ? "" : t(`sector.${sector.use}`);
  return {
    type: "FeatureCollection",
    features: of("sector").flatMap((sector) =>
      sectorFeatures(sector, sector.polygon ? null : outlineOf(sector), useWords(sector)),
    ),
  };
});

/** One mark a case: the own document about it before another agency's, and an offer where there is none. */
export const targetsOnMap = computed<GeoJSON.FeatureCollection>(() => {
  const byCase = new Map<string, Followed>();
  for (const offer of of("hand_off")) if (isOpen(offer)) byCase.set(offer.case, fromOffer(offer));
  const had = of("target").filter((target) => target.state !== "handed over");
  for (const target of had.filter((each) => each.agency !== ours.value)) byCase.set(target.case, fromTarget(target));
  for (const target of had.filter((each) => each.agency === ours.value)) byCase.set(target.case, fromTarget(target));
  return { type: "FeatureCollection", features: [...byCase.values()].flatMap((each) => targetFeatures(each, stretch)) };
});

export const incidentsOnMap = computed<GeoJSON.FeatureCollection>(() => ({
  type: "FeatureCollection",
  features: incidentsOfTheDay.value.flatMap((each): GeoJSON.Feature[] =>
    each.lon == null || each.lat == null
      ? []
      : [
          {
            type: "Feature",
            properties: { id: each.id, name: categoryWords(each) },
            geometry: { type: "Point", coordinates: [each.lon, each.lat] },
          },
        ],
  ),
}));

/** Landings need the rivers: read when the first one is there. */
function stretch(river: string, from: number, to: number): [number, number][] {
  void readCourses();
  return courses.value?.stretch(river, from, to) ?? [];
}

function of<K extends OfficeDocument["kind"]>(kind: K): Extract<OfficeDocument, { kind: K }>[] {
  return (documents.value ?? []).filter(
    (record): record is Extract<OfficeDocument, { kind: K }> => record.kind === kind,
  );
}

function fromTarget(target: Target): Followed {
  return {
    name: target.name,
    sightings: target.sightings ?? [],
    prediction: target.prediction ?? null,
    landing: landsWords(target.prediction?.landing),
  };
}

function fromOffer(offer: HandOff): Followed {
  return {
    name: offerName(offer),
    sightings: offer.fixes ?? [],
    prediction: offer.prediction ?? null,
    landing: landsWords(offer.prediction?.landing),
  };
}

function landsWords(landing: Landing | null | undefined): string {
  return landing?.eta
    ? t("target.lands_at", { time: minuteWords(Date.parse(landing.eta), now.peek(), timeZone.value) })
    : t("target.lands");
}

/** Null until the server has told it; asked for once. */
export function outlineOf(sector: Sector): GeoJSON.Geometry | null {
  const key = `${sector.id} ${versionOf(sector)}`;
  if (!requested.has(key)) {
    requested.add(key);
    void askOutline(sector.id, key);
  }
  return outlines.value.get(key) ?? null;
}

async function askOutline(id: string, key: string): Promise<void> {
  try {
    const answer = await fetchJson(
      `/api/sectors/${encodeURIComponent(id)}`,
      object({
        outline: nullable(Geometry),
      }),
    );
    outlines.value = new Map([...outlines.peek(), [key, answer.outline]]);
  } catch {
    requested.delete(key); // the next news of documents asks again
  }
}
