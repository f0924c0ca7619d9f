/** The one map of a page: made once, and owned here. Whoever draws on it or moves it asks this object. */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { GeoJSONSource, Map as GlMap, StyleSpecification } from "maplibre-gl";
import { type MapStart, moving, startMap } from "./map-start.ts";
import { changeStyle } from "./style-change.ts";

export class PageMap {
  /** As MapLibre knows it. */
  readonly gl: GlMap;
  /** The style is there: marks must not wait for the last tile of the ground under them. */
  readonly loaded: Promise<void>;
  #style: StyleSpecification;

  constructor(start: MapStart) {
    this.gl = startMap(start);
    this.#style = start.style;
    this.loaded = new Promise((done) => void this.gl.once("style.load", () => done()));
  }

  async restyle(style: StyleSpecification): Promise<void> {
    await this.loaded;
    changeStyle(this.gl, this.#style, style);
    this.#style = style;
  }

  async setData(source: string, data: GeoJSON.GeoJSON): Promise<void> {
    await this.loaded;
    await this.gl.getSource<GeoJSONSource>(source)?.setData(data);
  }

  zoomBy(steps: number): void {
    this.gl.easeTo({ zoom: this.gl.getZoom() + steps, duration: moving(200) });
  }
}

const page = signal<PageMap | null>(null);
/** Null before it is opened, and where the browser can draw none. */
export const pageMap: ReadonlySignal<PageMap | null> = page;
/** Why the map cannot be drawn; null while it can. */
export const mapFailed = signal<string | null>(null);

/**
 * Opens the map of the page; null, and `mapFailed` says why, where the browser can draw none. `console` is what the
 * person at the browser's console finds beside it, as `jointPatrol`.
 */
export function openPageMap(start: MapStart, console: object = {}): PageMap | null {
  try {
    const made = new PageMap(start);
    page.value = made;
    Object.defineProperty(window, "jointPatrol", { value: Object.freeze({ map: made.gl, ...console }) });
    return made;
  } catch (fault) {
    mapFailed.value = fault instanceof Error ? fault.message : String(fault);
    return null;
  }
}

export function zoomBy(steps: number): void {
  page.peek()?.zoomBy(steps);
}
