/** The only file that makes the MapLibre map: one start for every page that has one. */
import "maplibre-gl/dist/maplibre-gl.css";
import { type GeoJSONSource, Map as GlMap, ScaleControl, type StyleSpecification, setWorkerUrl } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import { plainDrawing } from "../browser/preferences.ts";
import { storageSignal } from "../browser/storage.ts";
import { NEEDS } from "../layers/index.ts";
import { addressOf } from "../layers/layer.ts";
import { drawImage, ICON_SCALE } from "../symbols/images.ts";
import { isRecord } from "../wire/parser.ts";
import { LayersAgain } from "./layer-retry.ts";

export interface View {
  center: [number, number];
  zoom: number;
}

/** Houay Xai and Chiang Khong. */
export const HOME: View = { center: [100.41, 20.27], zoom: 11 };
/** Where somebody looked last, on whatever page; null before the first look. */
export const lastView = storageSignal<View | null>("jp.view", null, isView);

/** What a page says of its map.
 *
 * `label` is spoken; `failed` is told what could not be loaded or drawn, with the source where it is of one; `again` is
 * told of a layer that is read once more after that.
 */
export interface MapStart {
  container: HTMLElement;
  style: StyleSpecification;
  label: string;
  failed(source: string | null, why: string): void;
  again?(source: string): void;
}

/** Makes the map where it was looked at last, north up, and keeps where it is looked at.
 *
 * @throws Error where the browser can draw none.
 */
export function startMap({ container, style, label, failed, again }: MapStart): GlMap {
  setWorkerUrl(new URL(workerUrl, document.baseURI).href);
  const map = new GlMap({
    container,
    style,
    ...(lastView.peek() ?? HOME),
    minZoom: 3.5,
    maxZoom: 18,
    maxPitch: 0,
    pixelRatio: pixelRatio(),
    fadeDuration: 0,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new ScaleControl({ unit: "metric", maxWidth: 110 }), "bottom-left");
  map.getCanvas().setAttribute("aria-label", label);
  map.setMissingStyleImageResolver((name) => {
    const image = drawImage(name);
    if (image !== null && !map.hasImage(name)) map.addImage(name, image, { pixelRatio: ICON_SCALE });
  });
  map.on("moveend", () => {
    lastView.value = { center: [map.getCenter().lng, map.getCenter().lat], zoom: map.getZoom() };
  });
  const layers = new LayersAgain((source) => {
    again?.(source);
    void map.getSource<GeoJSONSource>(source)?.setData(addressOf(source));
  });
  map.on("error", (event) => {
    const source = "sourceId" in event && typeof event.sourceId === "string" ? event.sourceId : null;
    failed(source, event.error?.message ?? "");
    if (source !== null && NEEDS.has(source)) layers.failed(source);
  });
  return map;
}

/** Half the pixels where somebody asked for plain drawing. Followed by effects. */
export function pixelRatio(): number {
  return plainDrawing.value ? devicePixelRatio / 2 : devicePixelRatio;
}

/** No movement for people who asked their system for none, milliseconds. */
export function moving(ms: number): number {
  return matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : ms;
}

function isView(value: unknown): value is View {
  return (
    isRecord(value) && Array.isArray(value["center"]) && [...value["center"], value["zoom"]].every(Number.isFinite)
  );
}
