/** The map of the planner's page, made once and shared by its tabs: the reference map with what a tab adds to it. */
import "maplibre-gl/dist/maplibre-gl.css";
import { effect, signal } from "@preact/signals";
import { type GeoJSONSource, type LayerSpecification, type LngLatBoundsLike, Map as GlMap, ScaleControl, setWorkerUrl, type SourceSpecification } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import type { BasemapInfo, LayerInfo } from "../contract.ts";
import { drawImage, ICON_SCALE } from "../images.ts";
import { language, t } from "../i18n/index.ts";
import { kept } from "../kept.ts";
import { hiddenLayers, palette, plainDrawing } from "../preferences.ts";
import { fetchJson } from "../rest.ts";
import { buildStyle } from "../style.ts";
import { changeStyle } from "../style-change.ts";
import { readTokens, type Tokens } from "../tokens.ts";
import { covered } from "./frame-state.ts";

/** What a tab draws: sources, and layers in the colours of the palette. */
export interface Addition {
  sources: Readonly<Record<string, SourceSpecification>>;
  layers: (tokens: Tokens) => LayerSpecification[];
  /** Id of the layer below which they lie; above everything without one. */
  before?: string;
}

/** Houay Xai and Chiang Khong. */
const HOME: { center: [number, number]; zoom: number } = { center: [100.41, 20.27], zoom: 11 };
const lastView = kept<{ center: [number, number]; zoom: number } | null>("jp.view", null);
const additions: Addition[] = [];

/** What the server says of its reference layers, by name. */
export const layerInfos = signal<ReadonlyMap<string, LayerInfo>>(new Map());
const basemapInfo = signal<BasemapInfo | null>(null);
/** Why the map cannot be drawn; null while it can. */
export const mapFailed = signal<string | null>(null);
/** Grows whenever the map has come to rest somewhere else. */
export const mapMoved = signal(0);

let ready: (map: GlMap) => void;
/** The map as MapLibre knows it, once its style is there. */
export const plannerMap: Promise<GlMap> = new Promise((done) => {
  ready = done;
});
let made: GlMap | null = null;

/** Reads what the style needs to know; without an answer the map is as good, and says less of its sources. */
export async function loadReference(): Promise<void> {
  const [basemap, infos] = await Promise.allSettled([fetchJson<BasemapInfo | null>("/api/basemap"), fetchJson<LayerInfo[]>("/api/layers")]);
  if (basemap.status === "fulfilled") basemapInfo.value = basemap.value;
  if (infos.status === "fulfilled") layerInfos.value = new Map(infos.value.map((info) => [info.name, info]));
}

export function openMap(container: HTMLElement): void {
  let style = styleNow();
  try {
    setWorkerUrl(new URL(workerUrl, document.baseURI).href);
    made = new GlMap({
      container, style, ...(lastView.peek() ?? HOME), minZoom: 3.5, maxZoom: 18, maxPitch: 0, pixelRatio: pixelRatio(),
      fadeDuration: 0, attributionControl: false, dragRotate: false, pitchWithRotate: false,
    });
  } catch (fault) {
    mapFailed.value = fault instanceof Error ? fault.message : String(fault);
    return;
  }
  const map = made;
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new ScaleControl({ unit: "metric", maxWidth: 110 }), "bottom-left");
  map.getCanvas().setAttribute("aria-label", t("planner.map_label"));
  map.setMissingStyleImageResolver((name) => {
    const image = drawImage(name);
    if (image !== null && !map.hasImage(name)) map.addImage(name, image, { pixelRatio: ICON_SCALE });
  });
  map.on("moveend", () => {
    lastView.value = { center: [map.getCenter().lng, map.getCenter().lat], zoom: map.getZoom() };
    mapMoved.value = mapMoved.peek() + 1; // read without following: a change of pixels may move the map inside an effect
  });
  map.on("error", (event) => console.warn(`map: ${event.error?.message ?? ""}`));
  map.once("load", () => {
    for (const addition of additions) put(map, addition);
    let ours = ownLayers();
    effect(() => {
      const next = styleNow();
      const mine = ownLayers();
      changeStyle(map, { ...style, layers: [...style.layers, ...ours] }, { ...next, layers: [...next.layers, ...mine] });
      style = next;
      ours = mine;
    });
    effect(() => map.setPixelRatio(pixelRatio()));
    ready(map);
  });
  Object.defineProperty(window, "jointPatrol", { value: Object.freeze({ map }) });
}

/** Draws more on the map, now or as soon as it is there; keeps its colours in step with the palette. */
export function addToMap(addition: Addition): void {
  additions.push(addition);
  void plannerMap.then((map) => put(map, addition));
}

export async function setData(source: string, data: GeoJSON.GeoJSON): Promise<void> {
  await (await plannerMap).getSource<GeoJSONSource>(source)?.setData(data);
}

export async function showLayers(ids: readonly string[], shown: boolean): Promise<void> {
  const map = await plannerMap;
  for (const id of ids) map.setLayoutProperty(id, "visibility", shown ? "visible" : "none");
}

/** Moves so that the whole box can be seen between the panels. */
export async function fitBox(box: LngLatBoundsLike): Promise<void> {
  const map = await plannerMap;
  const { left, right, top, bottom } = covered.peek();
  const camera = map.cameraForBounds(box, { maxZoom: 14, padding: { left: left + 40, right: right + 40, top: top + 30, bottom: bottom + 30 } });
  if (camera?.center) map.easeTo({ center: camera.center, ...(camera.zoom === undefined ? {} : { zoom: camera.zoom }), duration: moving(500) });
}

export function zoomBy(steps: number): void {
  made?.easeTo({ zoom: made.getZoom() + steps, duration: moving(200) });
}

function put(map: GlMap, addition: Addition): void {
  for (const [id, source] of Object.entries(addition.sources)) if (!map.getSource(id)) map.addSource(id, source);
  const before = addition.before !== undefined && map.getLayer(addition.before) ? addition.before : undefined;
  for (const layer of addition.layers(readTokens())) if (!map.getLayer(layer.id)) map.addLayer(layer, before);
}

function ownLayers(): LayerSpecification[] {
  palette.value; // the colours are read from the page, which follows it
  const tokens = readTokens();
  return additions.flatMap((addition) => addition.layers(tokens));
}

function styleNow(): ReturnType<typeof buildStyle> {
  const drawing = { palette: palette.value, tokens: readTokens(), infos: layerInfos.value, selected: "", language, basemap: basemapInfo.value, history: null, dotsBelowZoom: 7 };
  return buildStyle(drawing, hiddenLayers.value);
}

function pixelRatio(): number {
  return plainDrawing.value ? devicePixelRatio / 2 : devicePixelRatio;
}

/** No movement for people who asked their system for none. */
function moving(ms: number): number {
  return matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : ms;
}
