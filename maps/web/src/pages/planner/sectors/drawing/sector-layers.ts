/**
 * Sectors on the map: all of them, the one looked at, an old version, the draft, its repair, where a pointer caught.
 */

import { effect } from "@preact/signals";
import type { ExpressionSpecification } from "maplibre-gl";
import { boxOf, partsOf, polygonOf } from "../../../../geo/sector-shape.ts";
import { middleOf, sectorFeatures } from "../../../../geo/shapes.ts";
import { NO_FEATURES } from "../../../../layers/layer.ts";
import { REGULAR } from "../../../../symbols/fonts.ts";
import type { Sector } from "../../../../wire/documents.ts";
import type { SectorDetails } from "../../../../wire/sectors.ts";
import { t } from "../../../../words/index.ts";
import { plannerTab } from "../../desk/frame-state.ts";
import { addToMap, fitBox, plannerMap, setData } from "../../desk/planner-map.ts";
import { draft, shape } from "../draft/draft.ts";
import { placeOf } from "../draft/fault-places.ts";
import { fileAreas } from "../draft/file-choice.ts";
import { checked, checkedShape, repair } from "../draft/shape-check.ts";
import { looked, looking, sectors, view } from "../draft/store.ts";
import { caught, corner, tool } from "./drawing.ts";

const areas: ExpressionSpecification = ["!=", ["geometry-type"], "Point"];
const empty = { type: "geojson" as const, data: NO_FEATURES };

/** Draws what belongs to sectors and keeps it in step; presses on a sector open it. */
export function drawSectors(): void {
  addToMap({
    sources: {
      "planner-looked": empty,
      "planner-chosen": empty,
      "planner-stretch": empty,
      "planner-repair": empty,
      "planner-file": empty,
      "planner-faults": empty,
      "planner-caught": empty,
    },
    layers: (tokens) => {
      const ink = tokens.get("map-target");
      const halo = tokens.get("map-halo");
      return [
        {
          id: "planner-chosen",
          type: "line",
          source: "planner-chosen",
          layout: { "line-join": "round" },
          paint: { "line-color": ink, "line-width": 3.5 },
        },
        {
          id: "planner-file",
          type: "line",
          source: "planner-file",
          layout: { "line-join": "round" },
          paint: { "line-color": ink, "line-width": 2, "line-dasharray": [1, 2] },
        },
        {
          id: "planner-looked-area",
          type: "fill",
          source: "planner-looked",
          paint: { "fill-color": tokens.get("map-border"), "fill-opacity": 0.12 },
        },
        {
          id: "planner-looked",
          type: "line",
          source: "planner-looked",
          layout: { "line-join": "round" },
          paint: { "line-color": tokens.get("map-border"), "line-width": 3, "line-dasharray": [4, 2] },
        },
        {
          id: "planner-stretch-area",
          type: "fill",
          source: "planner-stretch",
          paint: { "fill-color": ink, "fill-opacity": 0.1 },
        },
        {
          id: "planner-stretch",
          type: "line",
          source: "planner-stretch",
          layout: { "line-join": "round" },
          paint: { "line-color": ink, "line-width": 2.5 },
        },
        {
          id: "planner-repair-halo",
          type: "line",
          source: "planner-repair",
          filter: areas,
          layout: { "line-join": "round" },
          paint: { "line-color": halo, "line-width": 6 },
        },
        {
          id: "planner-repair",
          type: "line",
          source: "planner-repair",
          filter: areas,
          layout: { "line-join": "round" },
          paint: { "line-color": tokens.get("map-no-go"), "line-width": 3, "line-dasharray": [2, 1.5] },
        },
        {
          id: "planner-repair-names",
          type: "symbol",
          source: "planner-repair",
          filter: ["==", ["geometry-type"], "Point"],
          layout: {
            "text-field": ["get", "label"],
            "text-font": [REGULAR],
            "text-size": 18,
            "text-allow-overlap": true,
          },
          paint: { "text-color": tokens.get("map-no-go"), "text-halo-color": halo, "text-halo-width": 2.5 },
        },
        {
          id: "planner-faults",
          type: "circle",
          source: "planner-faults",
          paint: {
            "circle-radius": 11,
            "circle-opacity": 0,
            "circle-stroke-color": tokens.get("alert"),
            "circle-stroke-width": 3,
          },
        },
        {
          id: "planner-caught",
          type: "circle",
          source: "planner-caught",
          paint: {
            "circle-radius": 10,
            "circle-color": halo,
            "circle-opacity": 0.35,
            "circle-stroke-color": ink,
            "circle-stroke-width": 2.5,
          },
        },
      ];
    },
  });
  effect(() => {
    const hidden = draft.value?.id ?? null;
    const features = (sectors.value ?? []).filter((each) => each.sector.id !== hidden).flatMap(featuresOf);
    void setData("sectors", { type: "FeatureCollection", features });
  });
  effect(() => put("planner-chosen", plannerTab.value === "sectors" ? (looking.value?.outline ?? null) : null));
  effect(() => put("planner-looked", looked.value?.outline ?? null));
  effect(() =>
    put(
      "planner-stretch",
      draft.value !== null && shape.value?.kind === "stretch" ? (checked.value?.outline ?? null) : null,
    ),
  );
  effect(() => {
    const check = checked.value;
    const mended = draft.value === null ? null : (repair.value?.polygon ?? null);
    void setData("planner-repair", {
      type: "FeatureCollection",
      features: mended === null ? [] : [feature(mended), ...partNames(mended)],
    });
    const wrong = (check?.faults ?? [])
      .map((fault) => placeOf(fault, checkedShape.value))
      .filter((place) => place !== null);
    const places = [...wrong, ...(check?.overlaps ?? []).map(({ lon, lat }) => [lon, lat])];
    put(
      "planner-faults",
      draft.value === null || places.length === 0 ? null : { type: "MultiPoint", coordinates: places },
    );
  });
  effect(
    () =>
      void setData("planner-file", {
        type: "FeatureCollection",
        features: (fileAreas.value ?? []).map((each) => feature(polygonOf(each.rings))),
      }),
  );
  effect(() => {
    const at = caught.value?.place ?? corner.value;
    put("planner-caught", at === null ? null : { type: "Point", coordinates: at });
  });
  // A version or a sector that is opened is brought into view.
  effect(() => {
    const box = boxOf(looked.value?.outline ?? null);
    if (box !== null) void fitBox(box);
  });
  void plannerMap.then((map) => {
    map.on("click", ({ point }) => {
      if (draft.peek() !== null || tool.peek() !== null || plannerTab.peek() !== "sectors") return;
      const [top] = map.queryRenderedFeatures(point, { layers: ["sector-areas"] });
      if (top !== undefined) open(String(top.properties["id"]));
    });
  });
}

/** Opens a sector and brings it into view. */
export function open(id: string): void {
  view.value = { at: "sector", id };
  looked.value = null;
  fitSector(id);
}

export function fitSector(id: string): void {
  const box = boxOf(sectors.peek()?.find((each) => each.sector.id === id)?.outline ?? null);
  if (box !== null) void fitBox(box);
}

/** Brings what is drawn into view. */
export function fitDraft(): void {
  const now = shape.peek();
  const box = boxOf(now?.kind === "polygon" ? polygonOf(now.rings) : (checked.peek()?.outline ?? null));
  if (box !== null) void fitBox(box);
}

function featuresOf({ sector, outline }: SectorDetails): GeoJSON.Feature[] {
  const use = sector.use ?? "patrol";
  return sectorFeatures(
    { ...sector, kind: "sector" } as Sector,
    outline ?? null,
    use === "patrol" ? "" : t(`sector.${use}`),
  );
}

/** The numbers of the parts of a repair, each in its part, as the buttons have them. */
function partNames(mended: GeoJSON.Polygon | GeoJSON.MultiPolygon): GeoJSON.Feature[] {
  const parts = partsOf(mended);
  if (parts.length < 2) return [];
  return parts.map((part, n) => ({
    type: "Feature",
    properties: { label: String(n + 1) },
    geometry: { type: "Point", coordinates: middleOf({ type: "Polygon", coordinates: part }) ?? [] },
  }));
}

function put(source: string, geometry: GeoJSON.Geometry | null): void {
  void setData(source, geometry === null ? NO_FEATURES : feature(geometry));
}

function feature(geometry: GeoJSON.Geometry): GeoJSON.Feature {
  return { type: "Feature", properties: {}, geometry };
}
