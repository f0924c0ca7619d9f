/** The sectors that this person may see, which of them is looked at, and the lines that drawings snap to. */

import { computed, effect, signal } from "@preact/signals";
import { Debounce } from "../../../../browser/debounce.ts";
import { Latest } from "../../../../browser/latest-request.ts";
import { type SectorShape, shapeOf } from "../../../../geo/sector-shape.ts";
import { may, session } from "../../../../session/session.ts";
import { CallError, fetchJson } from "../../../../wire/calls.ts";
import { FeatureCollection } from "../../../../wire/geojson.ts";
import { listOf } from "../../../../wire/parser.ts";
import { type PastVersion, SectorDetails, stretchOf, versionNumber } from "../../../../wire/sectors.ts";
import { t } from "../../../../words/index.ts";
import { documentNews } from "../../desk/stream-documents.ts";
import { linesOf, type SnapLine } from "./snap.ts";

export const DRAW_SECTORS = "draw sectors";

export type View = { at: "list" } | { at: "sector"; id: string } | { at: "versions"; id: string } | { at: "edit" };
export const view = signal<View>({ at: "list" });

/** By name; null until they are known. */
export const sectors = signal<readonly SectorDetails[] | null>(null);
/** Why they could not be read; null while that is not so. What was read before stays. */
export const sectorsFault = signal<unknown>(null);
/** An old version, or what another person saved meanwhile, to be looked at on the map. */
export const looked = signal<PastVersion | null>(null);
/** Rivers whose kilometres are known. */
export const rivers = signal<readonly string[]>([]);

export const looking = computed(() => {
  const now = view.value;
  return now.at === "sector" || now.at === "versions"
    ? (sectors.value?.find((each) => each.sector.id === now.id) ?? null)
    : null;
});

/** Which sectors nobody patrols, each as it is now; changes when one of them does. */
export const noGoKey = computed(() => {
  const there = (sectors.value ?? []).filter(({ sector: { use } }) => use === "no_go" || use === "restricted");
  return there
    .map(({ sector }) => `${sector.id} ${versionNumber(sector)}`)
    .sort()
    .join(", ");
});

const riverLines = signal<readonly SnapLine[]>([]);
const borderLines = signal<readonly SnapLine[]>([]);

const latest = new Latest();

export async function loadSectors(): Promise<void> {
  const isLatest = latest.begin();
  try {
    const found = await fetchJson("/api/sectors", listOf(SectorDetails));
    if (!isLatest()) return;
    sectors.value = found;
    sectorsFault.value = null;
  } catch (fault) {
    if (isLatest()) sectorsFault.value = fault;
  }
}

const reload = new Debounce();

/** Reads the list now and whenever there is news of documents, and the lines to snap to once. */
export function watchSectors(): void {
  effect(() => {
    documentNews.value;
    reload.restart(() => void loadSectors(), 150);
  });
  void loadLines();
}

async function loadLines(): Promise<void> {
  const read = async (name: string): Promise<GeoJSON.Feature[]> => {
    try {
      return (await fetchJson(`/api/layers/${name}`, FeatureCollection)).features;
    } catch (fault) {
      if (fault instanceof CallError) return []; // a site may lack a layer: drawings snap to the others
      throw fault;
    }
  };
  const [mekong, others, borders] = await Promise.all(["mekong", "centrelines", "borders"].map(read));
  const otherShapes = (others ?? []).map((each) => ({
    name: String(each.properties?.["river"] ?? ""),
    geometry: each.geometry,
  }));
  riverLines.value = [
    ...(mekong ?? []).flatMap((each) => linesOf(each.geometry, "river", t("map.mekong"))),
    ...otherShapes.flatMap((each) => linesOf(each.geometry, "river", each.name)),
  ];
  borderLines.value = (borders ?? []).flatMap((each) => linesOf(each.geometry, "border", ""));
  rivers.value = [...new Set([MAIN_RIVER, ...otherShapes.map((each) => each.name)])].filter(Boolean);
}

/** Name of the main river in the server's data; what people read is another matter. */
export const MAIN_RIVER = "Mekong";

/** Everything that a drawing snaps to, but the sector that is itself drawn. */
export function snapLines(but: string | null): readonly SnapLine[] {
  const neighbours = (sectors.peek() ?? []).filter((each) => each.sector.id !== but);
  return [
    ...neighbours.flatMap((each) => linesOf(each.outline ?? null, "sector", each.sector.name)),
    ...riverLines.peek(),
    ...borderLines.peek(),
  ];
}

export function isOurs(details: SectorDetails): boolean {
  return details.sector.agency === session.value?.agency.id;
}

export function mayEdit(details: SectorDetails): boolean {
  return may(DRAW_SECTORS) && isOurs(details) && !details.sector.retired_at;
}

export function shapeOfDocument(record: SectorDetails["sector"]): SectorShape | null {
  return shapeOf({ polygon: record.polygon ?? null, stretch: stretchOf(record) });
}

/** Whether a newer version is there than the one that somebody works from; the newer one, or null. */
export function newerThan(id: string, version: number): SectorDetails | null {
  const known = sectors.value?.find((each) => each.sector.id === id);
  return known !== undefined && versionNumber(known.sector) > version ? known : null;
}
