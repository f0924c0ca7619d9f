/**
 * Patrols on the map: the sectors and meetings of the one looked at or made, what a conflict means, choosing by a
 * press.
 */
import { effect, signal } from "@preact/signals";
import { boxOf } from "../../../../geo/sector-shape.ts";
import { NO_FEATURES } from "../../../../layers/layer.ts";
import { REGULAR } from "../../../../symbols/fonts.ts";
import { type PlanConflict, type Rendezvous, sectorsOf, spanOf } from "../../../../wire/patrols.ts";
import { phone, plannerTab, sheetStop } from "../../desk/frame-state.ts";
import { addToMap, fitBox, plannerMap, setData } from "../../desk/planner-map.ts";
import { sectors } from "../../sectors/draft/store.ts";
import { change, content, draft } from "./draft.ts";
import { withSector } from "./plan.ts";
import { looking, patrols, view } from "./store.ts";
import { showMoment } from "./timeline-state.ts";

const empty = { type: "geojson" as const, data: NO_FEATURES };

/** What a press on the map is for: a rendezvous' place, by its number; null for choosing sectors. */
export const placing = signal<number | null>(null);
/** Where a conflict is that somebody asked for. */
const shownShape = signal<GeoJSON.Geometry | null>(null);

export function drawPatrols(): void {
  addToMap({
    sources: { "plan-sectors": empty, "plan-meetings": empty, "plan-shown": empty },
    layers: (tokens) => {
      const ink = tokens.get("map-target");
      const halo = tokens.get("map-halo");
      return [
        {
          id: "plan-sectors-area",
          type: "fill",
          source: "plan-sectors",
          paint: { "fill-color": tokens.get("map-sector"), "fill-opacity": 0.22 },
        },
        {
          id: "plan-sectors",
          type: "line",
          source: "plan-sectors",
          layout: { "line-join": "round" },
          paint: { "line-color": ink, "line-width": 3.5 },
        },
        {
          id: "plan-shown",
          type: "line",
          source: "plan-shown",
          filter: ["!=", ["geometry-type"], "Point"],
          layout: { "line-join": "round" },
          paint: { "line-color": tokens.get("alert"), "line-width": 4, "line-dasharray": [2, 1.5] },
        },
        {
          id: "plan-shown-place",
          type: "circle",
          source: "plan-shown",
          filter: ["==", ["geometry-type"], "Point"],
          paint: {
            "circle-radius": 16,
            "circle-opacity": 0,
            "circle-stroke-color": tokens.get("alert"),
            "circle-stroke-width": 4,
          },
        },
        {
          id: "plan-meetings",
          type: "circle",
          source: "plan-meetings",
          paint: { "circle-radius": 9, "circle-color": halo, "circle-stroke-color": ink, "circle-stroke-width": 3 },
        },
        {
          id: "plan-meeting-names",
          type: "symbol",
          source: "plan-meetings",
          layout: {
            "text-field": ["get", "name"],
            "text-font": [REGULAR],
            "text-size": 13,
            "text-anchor": "left",
            "text-offset": [1, 0],
            "text-allow-overlap": true,
          },
          paint: { "text-color": ink, "text-halo-color": halo, "text-halo-width": 1.8 },
        },
      ];
    },
  });
  effect(() => {
    const ids = new Set(here() ? chosenSectors() : []);
    const features = (sectors.value ?? [])
      .filter((each) => ids.has(each.sector.id) && each.outline)
      .map((each) => feature(each.outline as GeoJSON.Geometry));
    void setData("plan-sectors", { type: "FeatureCollection", features });
  });
  effect(
    () =>
      void setData("plan-meetings", {
        type: "FeatureCollection",
        features: here()
          ? meetings().map((each) => feature({ type: "Point", coordinates: [each.lon, each.lat] }, { name: each.name }))
          : [],
      }),
  );
  effect(
    () => void setData("plan-shown", here() && shownShape.value !== null ? feature(shownShape.value) : NO_FEATURES),
  );
  effect(() => {
    view.value;
    shownShape.value = null;
  });
  void plannerMap.then((map) => {
    map.on("click", ({ lngLat, point }) => {
      if (!here()) return;
      const plan = content.peek();
      const at = placing.peek();
      if (at !== null && plan !== null) {
        placing.value = null;
        const place = { lon: rounded(lngLat.lng), lat: rounded(lngLat.lat) };
        change({ ...plan, rendezvous: plan.rendezvous.map((each, n) => (n === at ? { ...each, ...place } : each)) });
        if (phone.peek()) sheetStop.value = "half";
        return;
      }
      if (plan === null || draft.peek() === null || view.peek().at !== "edit") return;
      const [top] = map.queryRenderedFeatures(point, { layers: ["sector-areas"] });
      const id = top === undefined ? null : String(top.properties["id"]);
      if (id !== null) change(withSector(plan, id, !plan.sectors.includes(id)));
    });
    effect(() => {
      map.getCanvas().style.cursor = placing.value === null ? "" : "crosshair";
    });
  });
}

/** Lets the next press on the map give the place of a rendezvous. */
export function choosePlace(number: number): void {
  placing.value = number;
  if (phone.peek()) sheetStop.value = "peek";
}

/** Brings the sectors and meetings of what is looked at into view. */
export function fitPlan(): void {
  const ids = new Set(chosenSectors());
  const outlines = (sectors.peek() ?? [])
    .filter((each) => ids.has(each.sector.id))
    .flatMap((each) => (each.outline ? [each.outline as GeoJSON.Geometry] : []));
  fit([
    ...outlines,
    ...meetings().map((each): GeoJSON.Geometry => ({ type: "Point", coordinates: [each.lon, each.lat] })),
  ]);
}

/** Shows what a conflict is about: the place, the sector, the other patrol. */
export function showConflict(conflict: PlanConflict): void {
  const { lon, lat, sector, other } = conflict;
  const patrol = (patrols.peek() ?? []).find((each) => each.id === other);
  if (patrol !== undefined) {
    showMoment(spanOf(patrol)[0]);
    const bar = document.querySelector<HTMLElement>(`[data-patrol="${CSS.escape(patrol.id)}"]`);
    bar?.scrollIntoView({ block: "nearest" });
    bar?.classList.add("meant");
    setTimeout(() => bar?.classList.remove("meant"), 3000);
  }
  const area = (sectors.peek() ?? []).find(
    (each) => each.sector.id === (other !== undefined && patrol === undefined ? other : sector),
  )?.outline as GeoJSON.Geometry | undefined;
  const place: GeoJSON.Geometry | null =
    lon === undefined || lat === undefined ? null : { type: "Point", coordinates: [lon, lat] };
  shownShape.value = place ?? area ?? null;
  fit(place !== null ? [place] : area !== undefined ? [area] : []);
}

function fit(geometries: readonly GeoJSON.Geometry[]): void {
  const box = merged(geometries.map(boxOf).filter((each) => each !== null));
  if (box === null) return;
  const [west, south, east, north] = box;
  void fitBox([west - 0.01, south - 0.01, east + 0.01, north + 0.01]);
}

function merged(boxes: readonly [number, number, number, number][]): [number, number, number, number] | null {
  if (boxes.length === 0) return null;
  return [
    Math.min(...boxes.map((each) => each[0])),
    Math.min(...boxes.map((each) => each[1])),
    Math.max(...boxes.map((each) => each[2])),
    Math.max(...boxes.map((each) => each[3])),
  ];
}

function here(): boolean {
  return plannerTab.value === "patrols";
}

function chosenSectors(): readonly string[] {
  const plan = view.value.at === "edit" ? content.value : null;
  if (plan !== null) return [...plan.sectors, ...plan.legs.flatMap((leg) => leg.sectors ?? [])];
  return looking.value === null ? [] : sectorsOf(looking.value);
}

function meetings(): readonly Rendezvous[] {
  const plan = view.value.at === "edit" ? content.value : null;
  return (plan !== null ? plan.rendezvous : (looking.value?.rendezvous ?? [])).filter((each) =>
    Number.isFinite(each.lon),
  );
}

function feature(geometry: GeoJSON.Geometry, properties: GeoJSON.GeoJsonProperties = {}): GeoJSON.Feature {
  return { type: "Feature", properties, geometry };
}

/** To a metre. */
function rounded(degrees: number): number {
  return Math.round(degrees * 1e5) / 1e5;
}
