/** Keeps the map in step with the picture, the palette and the person: one push a second at most. */
import { effect, signal } from "@preact/signals";
import { now } from "./clock.ts";
import { awaitingPlace, basemapInfo, brokenLayers, clearSelection, layerInfos, phone, select, selected, selectedId, sheetStop } from "./console.ts";
import type { LayerInfo } from "./contract.ts";
import { distressed, everyone, picture, takeDirty } from "./feed.ts";
import { sectorsOnMap, targetsOnMap } from "./ground.ts";
import { history, tilesOf } from "./history.ts";
import { language, t } from "./i18n/index.ts";
import { LAYERS } from "./layers/index.ts";
import type { Drawing } from "./layers/layer.ts";
import { unitFeature } from "./layers/units.ts";
import { type Covered, OperationsMap, type View } from "./map.ts";
import { sideName } from "./marks.ts";
import type { TrackPoint } from "./picture.ts";
import { boundsOf, type Overlay, overlayFeatures } from "./overlays.ts";
import { kept } from "./kept.ts";
import { hiddenLayers, leftOpen, palette, plainDrawing, rightOpen } from "./preferences.ts";
import { fetchJson } from "./rest.ts";
import { buildStyle } from "./style.ts";
import { readTokens } from "./tokens.ts";

/** Houay Xai and Chiang Khong. */
const HOME: View = { center: [100.41, 20.27], zoom: 11 };
/** Beyond this many units plain dots are kept until much nearer. */
const MANY = 2000;

const lastView = kept<View | null>("jp.view", null);
export const hovered = signal<{ title: string; lines: string[]; x: number; y: number } | null>(null);
export const mapFailed = signal<string | null>(null);

let map: OperationsMap | null = null;
let fitted = lastView.value !== null;
const ties = new Map<string, { place: [number, number]; counterparts: string[] }>();

export function openMap(container: HTMLElement): void {
  try {
    map = new OperationsMap({
      container, style: style(), view: lastView.peek() ?? HOME, pixelRatio: pixelRatio(), label: t("map.label"),
      hooks: {
        picked: (id, place) => {
          const waiting = awaitingPlace.peek();
          if (waiting !== null) waiting(place);
          else if (id === null) clearSelection();
          else select(id);
        },
        hovered: hover,
        viewed: (view) => {
          lastView.value = view;
        },
        failed: (source, why) => {
          const layer = source === null ? undefined : LAYERS.flatMap((each) => each.needs).find((name) => name === source);
          if (layer !== undefined) brokenLayers.value = new Set([...brokenLayers.peek(), layer]);
          else if (/webgl/i.test(why)) mapFailed.value = why;
          else console.warn(`map: ${source ?? ""} ${why}`);
        },
      },
    });
  } catch (fault) {
    mapFailed.value = fault instanceof Error ? fault.message : String(fault);
    return;
  }
  const shown = map;
  effect(() => {
    // The address first: the layer asks for tiles as soon as it shows.
    const wanted = history.value;
    if (wanted !== null) void shown.setTiles("history", tilesOf(wanted, document.baseURI));
  });
  effect(() => void shown.restyle(style()));
  effect(() => void shown.setData("overlay", overlayFeatures.value));
  effect(() => void shown.setData("sectors", sectorsOnMap.value));
  effect(() => void shown.setData("targets", targetsOnMap.value));
  effect(() => shown.setPixelRatio(pixelRatio()));
  effect(() => shown.crosshair(awaitingPlace.value !== null));
  effect(() => fitOnce(everyone.value !== null));
  effect(() => {
    // Selecting must show at once; the rest waits for the second.
    drawSelectedTrack(selectedId.value);
  });
  effect(() => {
    now.value;
    push();
  });
  Object.defineProperty(window, "jointPatrol", { value: Object.freeze({ map: shown.gl, picture }) });
}

/** Reads the list of layers, and the offices whose ties are drawn on hover. */
export async function loadReference(): Promise<void> {
  const infos = await fetchJson<LayerInfo[]>("/api/layers");
  layerInfos.value = new Map(infos.map((info) => [info.name, info]));
  const blos = await fetchJson<GeoJSON.FeatureCollection<GeoJSON.Point>>("/api/layers/blos");
  for (const { geometry, properties } of blos.features) {
    const told = properties?.["counterparts"] ?? [];
    const counterparts = Array.isArray(told) ? told.map(String) : String(told).split(/[;,\s]+/).filter(Boolean);
    ties.set(String(properties?.["id"]), { place: geometry.coordinates as [number, number], counterparts });
  }
}

export function flyToSelected(): void {
  const last = selected.peek()?.last;
  if (last && map !== null) map.flyTo(last.lon, last.lat, covered());
}

export function flyToPlace(lon: number, lat: number): void {
  map?.flyTo(lon, lat, covered());
}

export function zoomBy(steps: number): void {
  map?.zoomBy(steps);
}

/** Shows every unit that has a place, or else every unknown radio; Houay Xai where there is none. */
export function fitAll(): void {
  const placed = (everyone.peek() ?? []).filter((unit) => unit.last);
  // One stray radio far away must not push the patrol off the map.
  const ours = placed.filter((unit) => unit.known !== false);
  const places = (ours.length > 0 ? ours : placed).flatMap((unit) => (unit.last ? [unit.last] : []));
  if (map === null) return;
  if (places.length === 0) return map.flyTo(HOME.center[0], HOME.center[1], covered(), HOME.zoom);
  const lons = places.map((place) => place.lon);
  const lats = places.map((place) => place.lat);
  map.fit([Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)], covered());
}

/** Shows the whole of what somebody brought. */
export function fitOverlays(some: readonly Overlay[]): void {
  const box = boundsOf(some);
  if (box !== null) map?.fit(box, covered());
}

function fitOnce(known: boolean): void {
  if (!known || fitted) return;
  fitted = true;
  fitAll();
}

function covered(): Covered {
  const cards = Math.min(2, distressed.peek().length) * 66;
  if (!phone.peek()) return { left: leftOpen.peek() ? 320 : 0, right: rightOpen.peek() ? 340 : 0, top: cards, bottom: 0 };
  const sheet = { peek: 112, half: innerHeight * 0.5, full: innerHeight * 0.5 }[sheetStop.peek()];
  return { left: 0, right: 40, top: cards, bottom: sheet };
}

function pixelRatio(): number {
  return plainDrawing.value ? devicePixelRatio / 2 : devicePixelRatio;
}

function style(): ReturnType<typeof buildStyle> {
  // The palette's attribute is on the page before this runs: preferences.ts sets it first.
  const drawing: Drawing = {
    palette: palette.value, tokens: readTokens(), infos: layerInfos.value, selected: selectedId.value, language,
    basemap: basemapInfo.value, history: history.value,
    dotsBelowZoom: (everyone.peek()?.length ?? 0) > MANY ? 10 : 7,
  };
  return buildStyle(drawing, hiddenLayers.value);
}

function push(): void {
  if (map === null) return;
  const dirty = takeDirty();
  const nowMs = now.peek();
  // Ages move marks through their steps even when nothing is heard: look at all, push what differs.
  for (const unit of picture.units.values()) map.feeds.units.put(unit.id, unitFeature(unit, nowMs));
  map.feeds.units.keepOnly(new Set(picture.units.keys()));
  for (const id of dirty.tracks) map.feeds.tracks.put(id, trackFeature(id));
  void map.feeds.units.flush();
  void map.feeds.tracks.flush();
  if (dirty.tracks.has(selectedId.peek())) drawSelectedTrack(selectedId.peek());
}

function drawSelectedTrack(id: string): void {
  const feature = id === "" ? null : trackFeature(id);
  void map?.setData("selected-track", { type: "FeatureCollection", features: feature === null ? [] : [feature] });
}

function trackFeature(id: string): GeoJSON.Feature | null {
  const points: TrackPoint[] = picture.tracks.get(id) ?? [];
  if (points.length < 2) return null;
  const side = sideName(picture.units.get(id)?.country);
  return { type: "Feature", id, properties: { id, side }, geometry: { type: "LineString", coordinates: points.map((point) => [point.lon, point.lat]) } };
}

function hover(what: { layer: string; properties: Record<string, unknown>; x: number; y: number } | null): void {
  const before = hovered.peek();
  if (what === null && before === null) return;
  const here = what?.layer === "blos" ? ties.get(String(what.properties["id"])) : undefined;
  const pairs = (here?.counterparts ?? []).flatMap((other) => {
    const there = ties.get(other);
    return here && there ? [[here.place, there.place]] : [];
  });
  const title = what === null ? "" : String(what.properties["name"]);
  if (before?.title !== title) {
    void map?.setData("blo-ties", { type: "Feature", properties: {}, geometry: { type: "MultiLineString", coordinates: pairs } });
  }
  hovered.value = what === null ? null : { title, lines: told(what.layer, what.properties), x: what.x, y: what.y };
}

/** Every name that is known, in whatever script, then what it is. */
function told(layer: string, properties: Record<string, unknown>): string[] {
  const others = Object.entries(properties).filter(([key]) => key.startsWith("name_")).map(([, name]) => String(name));
  const names = [...new Set(others)].filter((name) => name !== properties["name"]);
  const local = names.length > 0 ? [names.join(" · ")] : [];
  if (layer !== "blos") return [...local, t("hover.crossing", { kind: String(properties["kind"] ?? "") })];
  const metres = Number(properties["uncertainty_m"] ?? 0);
  return [...local, t("hover.blo"), ...(metres > 0 ? [t("hover.uncertain", { n: metres >= 1000 ? `${metres / 1000} km` : `${metres} m` })] : [])];
}
