/** The map of the replay: the reference map, marks and tracks of the moment, what documents said then. */

import { effect } from "@preact/signals";
import type { GeoJSONSource, Map as GlMap, LayerSpecification, StyleSpecification } from "maplibre-gl";
import { hiddenLayers } from "../../browser/preferences.ts";
import { sectorFeatures, targetFeatures } from "../../geo/shapes.ts";
import { moving } from "../../map/map-start.ts";
import { pageMap } from "../../map/page-map.ts";
import { openReferenceMap, referenceStyle } from "../../map/reference-map.ts";
import { type FedSource, SourceFeed } from "../../map/source-feed.ts";
import { BOLD } from "../../symbols/fonts.ts";
import { sideName } from "../../symbols/marks.ts";
import { bySide, readTokens } from "../../symbols/tokens.ts";
import { unitFeature } from "../../symbols/unit-feature.ts";
import type { HandOff, Incident, Sector, Target } from "../../wire/documents.ts";
import { categoryWords } from "../../words/incident-words.ts";
import { t, wordsIfAny } from "../../words/index.ts";
import { atMs, documents, gravest, loaded, look, playing, playMs, selected, stateOf, units } from "./player.ts";
import { gapAfterS } from "./reel/state-at-time.ts";
import { linesOf, SLICES, wholeLines } from "./reel/tracks.ts";

/** Between two pushes to the map while it plays, milliseconds. */
const PUSH_MS = 120;
const SELECTED_MS = 400;
const NONE: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };

export function openMap(container: HTMLElement): void {
  openReferenceMap(container, t("replay.map"), styleNow, (shown) => {
    shown.on("click", ({ point: { x, y } }) => {
      const found = shown.queryRenderedFeatures(
        [
          [x - 22, y - 22],
          [x + 22, y + 22],
        ],
        { layers: ["unit-marks", "unit-dots"] },
      )[0];
      selected.value = found === undefined ? "" : String(found.properties["id"]);
    });
    follow(shown);
  });
}

/** Keeps the map in step with the clock. */
function follow(shown: GlMap): void {
  const source = (name: string): FedSource => ({
    setData: async (data) => shown.getSource<GeoJSONSource>(name)?.setData(data) as unknown as Promise<void>,
    updateData: async (diff) => shown.getSource<GeoJSONSource>(name)?.updateData(diff) as unknown as Promise<void>,
  });
  const marks = new SourceFeed(source("units"));
  // What runs changes with every push, and what has ended hardly ever: the map cuts a whole source into tiles anew.
  const tracks = new SourceFeed(source("tracks"));
  const heads = new SourceFeed(source("replay-heads"));
  const set = (name: string, features: GeoJSON.Feature[]): void =>
    void shown.getSource<GeoJSONSource>(name)?.setData({ type: "FeatureCollection", features });
  /** What has been drawn of each unit and of each slice of its track: in which look, and how many positions counted. */
  let drawnUnits = new Map<string, string>();
  let gapsDrawn = new Map<string, GeoJSON.Feature>();
  let of: typeof loaded.value = null;
  let pushedAt = 0;
  let selectedAt = 0;
  let waiting: ReturnType<typeof setTimeout> | undefined;

  const push = (): void => {
    const now = loaded.peek();
    const ms = atMs.peek();
    if (now === null || !Number.isFinite(ms)) return;
    if (now !== of) {
      of = now;
      drawnUnits = new Map();
      gapsDrawn = new Map();
      tracks.keepOnly(new Set());
      heads.keepOnly(new Set());
      fit();
    }
    const ids = new Set<string>();
    let gapsChanged = false;
    const { startMs, endMs } = now.range;
    for (const unit of units.peek()) {
      const state = stateOf(unit.id, ms);
      marks.put(unit.id, state === null ? null : unitFeature(state, ms, gravest.peek().get(unit.id) ?? ""));
      ids.add(unit.id);
      const film = now.films.get(unit.id);
      if (film === undefined) continue;
      const key = state === null ? "" : `${look.peek()} ${film.countAt(ms, look.peek())}`;
      if ((drawnUnits.get(unit.id) ?? "") === key) continue;
      drawnUnits.set(unit.id, key);
      for (let slice = 0; slice < SLICES; slice += 1) {
        // Late news may belong to any slice that has begun; mostly only the one that runs grows.
        const id = `${unit.id}/${slice}`;
        const from = startMs + (slice * (endMs - startMs)) / SLICES;
        const count =
          state === null || ms < from ? 0 : film.countBetween(from, from + (endMs - startMs) / SLICES, ms, look.peek());
        const runs = ms < from + (endMs - startMs) / SLICES;
        const same = count === 0 ? "" : `${look.peek()} ${count} ${runs}`;
        if ((drawnUnits.get(id) ?? "") === same) continue;
        drawnUnits.set(id, same);
        const lines =
          count === 0
            ? { heard: [], gaps: [] }
            : linesOf(film, slice, startMs, endMs, ms, look.peek(), gapAfterS(unit) * 1000);
        const properties = { id, side: sideName(unit.country) };
        const line: GeoJSON.Feature | null =
          lines.heard.length === 0
            ? null
            : { type: "Feature", id, properties, geometry: { type: "MultiLineString", coordinates: lines.heard } };
        heads.put(id, runs ? line : null);
        tracks.put(id, runs ? null : line);
        if (lines.gaps.length > 0)
          gapsDrawn.set(id, {
            type: "Feature",
            properties,
            geometry: { type: "MultiLineString", coordinates: lines.gaps },
          });
        else if (!gapsDrawn.delete(id)) continue;
        gapsChanged = true;
      }
    }
    marks.keepOnly(ids);
    if (gapsChanged) set("replay-gaps", [...gapsDrawn.values()]);
    void marks.flush();
    void tracks.flush();
    void heads.flush();
  };
  const pushSoon = (): void => {
    clearTimeout(waiting);
    const wait = pushedAt + PUSH_MS - performance.now();
    if (wait > 0) {
      waiting = setTimeout(pushSoon, wait);
      return;
    }
    pushedAt = performance.now();
    push();
    // What a push that still ran left over goes with the next one.
    if (!playing.peek())
      waiting = setTimeout(() => {
        void marks.flush();
        void tracks.flush();
        void heads.flush();
      }, 3 * PUSH_MS);
  };
  effect(() => {
    atMs.value;
    look.value;
    gravest.value;
    loaded.value;
    pushSoon();
  });
  effect(() => {
    const id = selected.value;
    playMs.value;
    look.value;
    const film = loaded.value?.films.get(id);
    const unit = units.value.find((each) => each.id === id);
    if (performance.now() - selectedAt < SELECTED_MS && playing.peek()) return;
    selectedAt = performance.now();
    const lines =
      film === undefined || unit === undefined || stateOf(id, playMs.peek()) === null
        ? []
        : wholeLines(film, playMs.peek(), look.peek(), gapAfterS(unit) * 1000).heard;
    set(
      "selected-track",
      lines.map((coordinates) => ({ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates } })),
    );
  });
  effect(() => {
    const outlines = loaded.value?.reel.outlines ?? {};
    set(
      "sectors",
      documents.value
        .filter((record): record is Sector => record.kind === "sector")
        .flatMap((sector) =>
          sectorFeatures(
            sector,
            sector.polygon ? null : (outlines[`${sector.id} ${sector.version ?? 1}`] ?? null),
            useWords(sector),
          ),
        ),
    );
  });
  effect(() =>
    set(
      "targets",
      documents.value.flatMap((record) =>
        record.kind === "target" ? followed(record) : record.kind === "hand_off" ? offered(record) : [],
      ),
    ),
  );
  effect(() =>
    set(
      "replay-incidents",
      documents.value
        .filter((record): record is Incident => record.kind === "incident")
        .flatMap((incident) =>
          incident.lon == null || incident.lat == null || Date.parse(incident.happened_at) > playMs.value
            ? []
            : [
                {
                  type: "Feature",
                  properties: { label: categoryWords(incident) },
                  geometry: { type: "Point", coordinates: [incident.lon, incident.lat] },
                },
              ],
        ),
    ),
  );
}

function useWords(sector: Sector): string {
  return sector.use === undefined || sector.use === "patrol" ? "" : (wordsIfAny(`sector.${sector.use}`) ?? "");
}

function followed(target: Target): GeoJSON.Feature[] {
  if (target.state === "handed over") return [];
  return targetFeatures({
    name: target.name,
    sightings: target.sightings ?? [],
    prediction: target.prediction ?? null,
    landing: t("target.lands"),
  });
}

function offered(offer: HandOff): GeoJSON.Feature[] {
  return targetFeatures({
    name: offer.name || t(`target.${offer.what ?? "vessel"}`),
    sightings: offer.fixes ?? [],
    prediction: offer.prediction ?? null,
    landing: t("target.lands"),
  });
}

/** Shows everything that was heard in the range. */
export function fit(): void {
  const now = loaded.peek();
  const map = pageMap.peek()?.gl;
  if (map === undefined || now === null) return;
  let [west, south, east, north] = [180, 90, -180, -90];
  for (const film of now.films.values()) {
    const every = Math.max(1, Math.floor(film.length / 500));
    for (let n = 0; n < film.length; n += every) {
      const [lon, lat] = film.place(n);
      [west, south, east, north] = [
        Math.min(west, lon),
        Math.min(south, lat),
        Math.max(east, lon),
        Math.max(north, lat),
      ];
    }
  }
  if (west > east) return;
  const side = Math.min(80, map.getCanvas().clientWidth / 8);
  const camera = map.cameraForBounds([west, south, east, north], {
    maxZoom: 14,
    padding: { left: side, right: side, top: Math.min(110, map.getCanvas().clientHeight / 3), bottom: 40 },
  });
  if (camera?.center)
    map.jumpTo({ center: camera.center, ...(camera.zoom === undefined ? {} : { zoom: camera.zoom }) });
}

export function flyTo(id: string): void {
  const last = stateOf(id, atMs.peek())?.last;
  if (last) pageMap.peek()?.gl.easeTo({ center: [last.lon, last.lat], duration: moving(500) });
}

/** The map as it is drawn now, without its controls. */
export function mapPicture(): Promise<HTMLCanvasElement | null> {
  const gl = pageMap.peek()?.gl;
  if (gl === undefined) return Promise.resolve(null);
  return new Promise((done) => {
    gl.once("render", () => {
      const from = gl.getCanvas();
      const copy = document.createElement("canvas");
      [copy.width, copy.height] = [from.width, from.height];
      copy.getContext("2d")?.drawImage(from, 0, 0);
      done(copy);
    });
    gl.triggerRepaint();
  });
}

function styleNow(): StyleSpecification {
  const style = referenceStyle(
    selected.value,
    hiddenLayers.value.filter((name) => name !== "tracks"),
  );
  const own = ownLayers();
  const marks = style.layers.findIndex((layer) => layer.id === "unit-ring");
  style.sources["replay-heads"] = { type: "geojson", data: NONE, promoteId: "id", tolerance: 0.4 };
  style.sources["replay-gaps"] = { type: "geojson", data: NONE, tolerance: 0.2 };
  style.sources["replay-incidents"] = { type: "geojson", data: NONE };
  const heads = style.layers
    .filter((layer) => layer.id === "tracks")
    .map((layer) => ({ ...layer, id: "replay-heads", source: "replay-heads" }) as LayerSpecification);
  style.layers.splice(marks < 0 ? style.layers.length : marks, 0, ...heads, ...own);
  return style;
}

function ownLayers(): LayerSpecification[] {
  const tokens = readTokens();
  return [
    {
      id: "replay-gaps",
      type: "line",
      source: "replay-gaps",
      paint: {
        "line-color": bySide(tokens.side),
        "line-width": 1.4,
        "line-dasharray": [1.5, 4],
        "line-opacity": 0.8,
      },
    },
    {
      id: "replay-incidents",
      type: "circle",
      source: "replay-incidents",
      paint: {
        "circle-radius": 6,
        "circle-color": tokens.get("map-halo"),
        "circle-stroke-color": tokens.get("map-blo"),
        "circle-stroke-width": 2.5,
      },
    },
    {
      id: "replay-incident-names",
      type: "symbol",
      source: "replay-incidents",
      layout: {
        "text-field": ["get", "label"],
        "text-font": [BOLD],
        "text-size": 12,
        "text-variable-anchor": ["top", "bottom", "left", "right"],
        "text-radial-offset": 0.9,
        "text-max-width": 10,
      },
      paint: {
        "text-color": tokens.get("map-label"),
        "text-halo-color": tokens.get("map-halo"),
        "text-halo-width": 1.6,
      },
    },
  ];
}
