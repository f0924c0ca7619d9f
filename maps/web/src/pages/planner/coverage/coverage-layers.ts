/** Coverage on the map: cells of sectors and stretches of the river, by the hours since the last visit. */

import { effect } from "@preact/signals";
import type { ExpressionSpecification } from "maplibre-gl";
import { palette } from "../../../browser/preferences.ts";
import { MEKONG } from "../../../geo/river-course.ts";
import { courses } from "../../../geo/river-courses.ts";
import { boxOf } from "../../../geo/sector-shape.ts";
import { NO_FEATURES } from "../../../layers/layer.ts";
import { glyphImage } from "../../../symbols/images.ts";
import { expression } from "../../../symbols/tokens.ts";
import type { HeatReport } from "../../../wire/coverage.ts";
import { plannerTab } from "../desk/frame-state.ts";
import { addToMap, fitBox, setData } from "../desk/planner-map.ts";
import { classOf, INK } from "./heat.ts";
import { report } from "./store.ts";

const empty = { type: "geojson" as const, data: NO_FEATURES };
const never: ExpressionSpecification = ["==", ["get", "heat"], "never"];
const ink = expression("match", ["get", "heat"], ...Object.entries(INK).flat(), 0);

export function drawCoverage(): void {
  addToMap({
    sources: { "heat-cells": { ...empty, tolerance: 0 }, "heat-river": empty },
    before: "sector-edges",
    layers: (tokens) => {
      const colour = tokens.get("map-target");
      return [
        {
          id: "heat-cells",
          type: "fill",
          source: "heat-cells",
          filter: ["!", never],
          paint: { "fill-color": colour, "fill-opacity": ink, "fill-antialias": false },
        },
        {
          id: "heat-never",
          type: "fill",
          source: "heat-cells",
          filter: never,
          paint: { "fill-pattern": glyphImage(palette.value, "hatch") },
        },
        {
          id: "heat-river-edge",
          type: "line",
          source: "heat-river",
          layout: { "line-cap": "butt" },
          paint: { "line-color": tokens.get("map-halo"), "line-width": 15 },
        },
        {
          id: "heat-river",
          type: "line",
          source: "heat-river",
          filter: ["!", never],
          layout: { "line-cap": "butt" },
          paint: { "line-color": colour, "line-width": 11, "line-opacity": ink },
        },
        {
          id: "heat-river-never",
          type: "line",
          source: "heat-river",
          filter: never,
          layout: { "line-cap": "butt" },
          paint: { "line-color": tokens.get("map-no-go"), "line-width": 5, "line-dasharray": [0.5, 0.7] },
        },
      ];
    },
  });
  effect(() => {
    const coverage = plannerTab.value === "coverage" ? report.value : null;
    void setData("heat-cells", { type: "FeatureCollection", features: coverage === null ? [] : cells(coverage) });
    void setData("heat-river", { type: "FeatureCollection", features: coverage === null ? [] : stretches(coverage) });
  });
}

export function fitHeat(): void {
  const coverage = report.peek();
  if (coverage === null) return;
  const boxes = [...cells(coverage), ...stretches(coverage)]
    .map((each) => boxOf(each.geometry))
    .filter((each) => each !== null);
  if (boxes.length === 0) return;
  void fitBox([
    Math.min(...boxes.map((each) => each[0])),
    Math.min(...boxes.map((each) => each[1])),
    Math.max(...boxes.map((each) => each[2])),
    Math.max(...boxes.map((each) => each[3])),
  ]);
}

function cells(told: HeatReport): GeoJSON.Feature[] {
  const asOf = Date.parse(told.end);
  return told.sectors.flatMap((sector) =>
    (sector.cells?.features ?? []).map((each) => ({
      ...each,
      properties: { heat: classOf(each.properties.last, asOf) },
    })),
  );
}

function stretches(told: HeatReport): GeoJSON.Feature[] {
  const asOf = Date.parse(told.end);
  return told.bins.flatMap((bin): GeoJSON.Feature[] => {
    const coordinates = courses.value?.stretch(MEKONG, bin.km_from, bin.km_to) ?? [];
    return coordinates.length < 2
      ? []
      : [
          {
            type: "Feature",
            properties: { heat: classOf(bin.last, asOf) },
            geometry: { type: "LineString", coordinates },
          },
        ];
  });
}
