/** Keeps the map in step with the picture, the palette and the person: one push a second at most. */

import { computed, effect, signal } from "@preact/signals";
import { Debounce } from "../../../browser/debounce.ts";
import { hiddenLayers, leftOpen, palette, rightOpen } from "../../../browser/preferences.ts";
import { boundsOf, type Overlay, overlayFeatures } from "../../../geo/overlays.ts";
import { NEEDS } from "../../../layers/index.ts";
import type { Drawing } from "../../../layers/layer.ts";
import type { TrackPoint } from "../../../live/picture.ts";
import { distressed, everyone, picture, takeDirty, watch } from "../../../live/signals.ts";
import { HOME, lastView, pixelRatio } from "../../../map/map-start.ts";
import { mapFailed, openPageMap } from "../../../map/page-map.ts";
import { buildStyle } from "../../../map/style.ts";
import { now } from "../../../session/clock.ts";
import { type Box, GATHER_FROM, within } from "../../../symbols/clusters.ts";
import { history, tilesOf } from "../../../symbols/history.ts";
import { sideName } from "../../../symbols/marks.ts";
import { readTokens } from "../../../symbols/tokens.ts";
import { fetchJson } from "../../../wire/calls.ts";
import { collectionOf, geometryOf, Properties } from "../../../wire/geojson.ts";
import { LayerInfo } from "../../../wire/map.ts";
import { listOf } from "../../../wire/parser.ts";
import { language, t } from "../../../words/index.ts";
import { incidentsOnMap, sectorsOnMap, targetsOnMap } from "../desk/areas.ts";
import { followed, followedId, stopFollowing } from "../desk/followed-unit.ts";
import { markedId, marksOnMap } from "../desk/marks.ts";
import { addPressed, measuredOnMap, measuring } from "../desk/measure.ts";
import { gravest } from "../desk/queue.ts";
import { crossingWords, type Found, type FoundKind } from "../desk/search.ts";
import { pin, pinFeatures } from "../desk/search-pin.ts";
import {
  awaitingPlace,
  basemapInfo,
  brokenLayers,
  clearSelection,
  layerInfos,
  phone,
  select,
  selected,
  selectedId,
  sheetStop,
} from "../desk/selection.ts";
import { type Covered, OperationsMap } from "./map.ts";
import { DENSE, inView, UnitDrawing } from "./unit-drawing.ts";

const SOON_MS = 120;
/** Tracks are drawn at most so much later for each there is, and never later than this. */
const TRACK_PAUSE_MS = 15;
const TRACKS_EVERY_MS = 20_000;
/** How often the tracks of silent units are looked at: they grow old without news. */
const AGE_EVERY_MS = 60_000;
/** How near a search flies, at least. */
const ZOOM: Record<FoundKind, number> = {
  place: 13,
  blo: 12,
  crossing: 13,
  town: 12,
  sector: 11,
  target: 13,
  mark: 14,
};

export const hovered = signal<{ title: string; lines: string[]; x: number; y: number } | null>(null);

const operations = signal<OperationsMap | null>(null);
const drawing = signal<UnitDrawing | null>(null);
const soon = new Debounce();
const dirtyTracks = new Set<string>();
/** When tracks were sent to the map, and aged, last; written by `pushTracks` and `push` alone. */
let tracksAt = 0;
let agedAt = 0;
const NONE: ReadonlySet<string> = new Set();
const dense = computed(() => inView.value > DENSE);
/** Units were brought into view once; written by `fitOnce` alone. */
let fitted = lastView.value !== null;
const ties = new Map<string, { place: [number, number]; counterparts: string[] }>();

export function openMap(container: HTMLElement): void {
  const page = openPageMap(
    {
      container,
      style: style(),
      label: t("map.label"),
      failed: (source, why) => {
        if (source !== null && NEEDS.has(source)) brokenLayers.value = new Set([...brokenLayers.peek(), source]);
        else if (/webgl/i.test(why)) mapFailed.value = why;
        else console.warn(`map: ${source ?? ""} ${why}`);
      },
      again: (source) => {
        brokenLayers.value = new Set([...brokenLayers.peek()].filter((each) => each !== source));
      },
    },
    { picture },
  );
  if (page === null) return;
  const shown = new OperationsMap(page, {
    picked: (id, place) => {
      const waiting = awaitingPlace.peek();
      if (waiting !== null) waiting(place);
      else if (measuring.peek() !== null) addPressed(id, place, (one, other) => shown.apartPx(one, other));
      else if (id === null) clearSelection();
      else select(id);
    },
    marked: (id) => {
      markedId.value = id;
    },
    hovered: hover,
    moving: () => {
      if (drawing.peek()?.outgrown(shownBox())) drawSoon();
    },
    panned: stopFollowing,
  });
  operations.value = shown;
  drawing.value = new UnitDrawing(shown.feeds.units, shown.feeds.crowds);
  effect(() => {
    // The address first: the layer asks for tiles as soon as it shows.
    const request = history.value;
    if (request !== null) void shown.setTiles("history", tilesOf(request, document.baseURI));
  });
  effect(() => void shown.restyle(style()));
  effect(() => void shown.setData("overlay", overlayFeatures.value));
  effect(() => void shown.setData("sectors", sectorsOnMap.value));
  effect(() => void shown.setData("targets", targetsOnMap.value));
  effect(() => void shown.setData("incidents", incidentsOnMap.value));
  effect(() => void shown.setData("marks", marksOnMap.value));
  effect(() => shown.setPixelRatio(pixelRatio()));
  effect(() => void shown.setData("measure", measuredOnMap.value));
  effect(() => {
    void shown.setData("pin", pinFeatures.value);
    if (pin.value === null) void shown.setData("blo-ties", tiesOf(""));
  });
  effect(() => shown.crosshair(awaitingPlace.value !== null || measuring.value !== null));
  effect(() => fitOnce(everyone.value !== null));
  effect(() => {
    // Selecting must show at once; the rest waits for the second.
    watch(selectedId.value);
    drawSelectedTrack(selectedId.value);
    if (crowdedOut()) drawSoon();
  });
  effect(() => {
    const { last } = followed.value ?? {};
    now.value; // again each second: it may have moved while the map was zooming
    if (last) shown.slideTo(last.lon, last.lat, covered());
  });
  effect(() => {
    now.value;
    push();
  });
}

/** Reads the list of layers, and the offices whose ties are drawn on hover. */
export async function loadReference(): Promise<void> {
  const infos = await fetchJson("/api/layers", listOf(LayerInfo));
  layerInfos.value = new Map(infos.map((info) => [info.name, info]));
  const blos = await fetchJson("/api/layers/blos", collectionOf(geometryOf("Point"), Properties));
  for (const { geometry, properties } of blos.features) {
    const counterpartIds = properties?.["counterparts"] ?? [];
    const counterparts = Array.isArray(counterpartIds)
      ? counterpartIds.map(String)
      : String(counterpartIds)
          .split(/[;,\s]+/)
          .filter(Boolean);
    ties.set(String(properties?.["id"]), { place: geometry.coordinates as [number, number], counterparts });
  }
}

export function flyToSelected(): void {
  const last = selected.peek()?.last;
  if (selectedId.peek() !== followedId.peek()) stopFollowing();
  if (last) operations.peek()?.flyTo(last.lon, last.lat, covered());
}

export function flyToPlace(lon: number, lat: number): void {
  stopFollowing();
  operations.peek()?.flyTo(lon, lat, covered());
}

/** Flies to what a search found and puts a pin there; an office shows its counterparts. */
export function flyToFound(place: Found): void {
  stopFollowing();
  if (place.kind === "mark") markedId.value = place.id;
  pin.value =
    place.kind === "target" || place.kind === "mark" ? null : { lon: place.lon, lat: place.lat, label: place.title };
  void operations.peek()?.setData("blo-ties", tiesOf(place.kind === "blo" ? place.id : ""));
  const map = operations.peek();
  map?.flyTo(place.lon, place.lat, covered(), Math.max(map.zoom, ZOOM[place.kind]));
}

/** Shows every unit that has a place, or else every unknown radio; Houay Xai where there is none. */
export function fitAll(): void {
  stopFollowing();
  const placed = (everyone.peek() ?? []).filter((unit) => unit.last);
  // One stray radio far away must not push the patrol off the map.
  const ours = placed.filter((unit) => unit.known !== false);
  const places = (ours.length > 0 ? ours : placed).flatMap((unit) => (unit.last ? [unit.last] : []));
  const map = operations.peek();
  if (map === null) return;
  if (places.length === 0) return map.flyTo(HOME.center[0], HOME.center[1], covered(), HOME.zoom);
  const lons = places.map((place) => place.lon);
  const lats = places.map((place) => place.lat);
  map.fit([Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)], covered());
}

/** Shows the whole of what somebody brought. */
export function fitOverlays(some: readonly Overlay[]): void {
  const box = boundsOf(some);
  if (box !== null) operations.peek()?.fit(box, covered());
}

/** Shows all of some places, if one of them is out of sight. */
export function fitPlaces(places: readonly { lon: number; lat: number }[]): void {
  const map = operations.peek();
  if (map === null || places.every(({ lon, lat }) => within(shownBox(), lon, lat))) return;
  const [lons, lats] = [places.map(({ lon }) => lon), places.map(({ lat }) => lat)];
  map.fit([Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)], covered());
}

function fitOnce(known: boolean): void {
  if (!known || fitted) return;
  fitted = true;
  fitAll();
}

function covered(): Covered {
  const cards = Math.min(2, distressed.peek().length) * 85;
  if (!phone.peek())
    return { left: leftOpen.peek() ? 320 : 0, right: rightOpen.peek() ? 340 : 0, top: cards, bottom: 0 };
  const sheet = { peek: 112, half: innerHeight * 0.5, full: innerHeight * 0.5 }[sheetStop.peek()];
  return { left: 0, right: 40, top: cards, bottom: sheet };
}

function style(): ReturnType<typeof buildStyle> {
  // The palette's attribute is on the page before this runs: preferences.ts sets it first.
  const drawing: Drawing = {
    palette: palette.value,
    tokens: readTokens(),
    infos: layerInfos.value,
    selected: selectedId.value,
    language,
    basemap: basemapInfo.value,
    history: history.value,
    dotsBelowZoom: dense.value ? 10 : 7,
  };
  return buildStyle(drawing, hiddenLayers.value);
}

function push(): void {
  if (operations.peek() === null) return;
  const dirty = takeDirty();
  // Not since the last time where the present was put right and lies before it.
  if (Math.abs(now.peek() - agedAt) >= AGE_EVERY_MS) {
    agedAt = now.peek();
    for (const id of picture.age(agedAt)) dirty.tracks.add(id);
  }
  drawUnits(dirty.units);
  for (const id of dirty.tracks) dirtyTracks.add(id);
  pushTracks(now.peek());
  if (dirty.tracks.has(selectedId.peek())) drawSelectedTrack(selectedId.peek());
}

/** Lines grow by a point at a time: with many of them that is drawn less often, for each push carries them whole. */
function pushTracks(at: number): void {
  const map = operations.peek();
  if (
    map === null ||
    dirtyTracks.size === 0 ||
    Math.abs(at - tracksAt) < Math.min(TRACKS_EVERY_MS, picture.tracks.size * TRACK_PAUSE_MS)
  )
    return;
  tracksAt = at;
  for (const id of dirtyTracks) {
    const points = picture.tracks.get(id) ?? [];
    const last = points.at(-1);
    map.feeds.tracks.put(
      id,
      trackFeature(id),
      `${points.length} ${points[0]?.at} ${last?.at} ${last?.lon} ${last?.lat} ${picture.units.get(id)?.country}`,
    );
  }
  dirtyTracks.clear();
  void map.feeds.tracks.flush();
}

function drawUnits(dirty: ReadonlySet<string>): void {
  const map = operations.peek();
  if (map === null) return;
  drawing.peek()?.draw({
    units: picture.units,
    dirty,
    gravest: gravest.peek(),
    selected: selectedId.peek(),
    box: map.box,
    zoom: map.zoom,
    nowMs: now.peek(),
  });
}

/** Soon, and not twice meanwhile: thousands are looked at each time. */
function drawSoon(): void {
  soon.start(() => drawUnits(NONE), SOON_MS);
}

function shownBox(): Box {
  return operations.peek()?.box ?? [0, 0, 0, 0];
}

/** Whether there are so many units that not every one is drawn. */
function crowdedOut(): boolean {
  return picture.units.size > GATHER_FROM;
}

function drawSelectedTrack(id: string): void {
  const feature = id === "" ? null : trackFeature(id);
  void operations
    .peek()
    ?.setData("selected-track", { type: "FeatureCollection", features: feature === null ? [] : [feature] });
}

function trackFeature(id: string): GeoJSON.Feature | null {
  const points: TrackPoint[] = picture.tracks.get(id) ?? [];
  if (points.length < 2) return null;
  const side = sideName(picture.units.get(id)?.country);
  return {
    type: "Feature",
    id,
    properties: { id, side },
    geometry: { type: "LineString", coordinates: points.map((point) => [point.lon, point.lat]) },
  };
}

function hover(what: { layer: string; properties: Record<string, unknown>; x: number; y: number } | null): void {
  const before = hovered.peek();
  if (what === null && before === null) return;
  const title = what === null ? "" : String(what.properties["name"]);
  if (before?.title !== title) {
    void operations.peek()?.setData("blo-ties", tiesOf(what?.layer === "blos" ? String(what.properties["id"]) : ""));
  }
  hovered.value =
    what === null ? null : { title, lines: tooltipLines(what.layer, what.properties), x: what.x, y: what.y };
}

/** The lines from an office to its counterparts. */
function tiesOf(office: string): GeoJSON.Feature {
  const here = ties.get(office);
  const pairs = (here?.counterparts ?? []).flatMap((other) => {
    const there = ties.get(other);
    return here && there ? [[here.place, there.place]] : [];
  });
  return { type: "Feature", properties: {}, geometry: { type: "MultiLineString", coordinates: pairs } };
}

/** Every name that is known, in whatever script, then what it is. */
function tooltipLines(layer: string, properties: Record<string, unknown>): string[] {
  const others = Object.entries(properties)
    .filter(([key]) => key.startsWith("name_"))
    .map(([, name]) => String(name));
  const names = [...new Set(others)].filter((name) => name !== properties["name"]);
  const local = names.length > 0 ? [names.join(" · ")] : [];
  if (layer !== "blos")
    return [...local, t("hover.crossing", { kind: crossingWords(String(properties["kind"] ?? "")) })];
  const length = (metres: number): string => (metres >= 1000 ? `${Math.round(metres / 100) / 10} km` : `${metres} m`);
  const [unsure, away] = [Number(properties["uncertainty_m"] ?? 0), Number(properties["dist_border_m"] ?? 0)];
  const river = properties["river"] ? `${properties["river"]} · ` : "";
  return [
    ...local,
    t("hover.blo"),
    ...(away > 0 ? [river + t("hover.border_away", { distance: length(away) })] : []),
    ...(unsure > 0 ? [t("hover.uncertain", { distance: length(unsure) })] : []),
  ];
}
