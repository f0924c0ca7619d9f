/** The reference map of pages that draw something of their own on it: what its layers are, its style, its start. */

import { effect, signal } from "@preact/signals";
import type { Map as GlMap, StyleSpecification } from "maplibre-gl";
import { palette } from "../browser/preferences.ts";
import { readTokens } from "../symbols/tokens.ts";
import { fetchJson } from "../wire/calls.ts";
import { BasemapInfo, LayerInfo } from "../wire/map.ts";
import { listOf, nullable } from "../wire/parser.ts";
import { language } from "../words/index.ts";
import { pixelRatio } from "./map-start.ts";
import { openPageMap } from "./page-map.ts";
import { buildStyle } from "./style.ts";

/** What the server says of its reference layers, by name. */
export const layerInfos = signal<ReadonlyMap<string, LayerInfo>>(new Map());
const basemapInfo = signal<BasemapInfo | null>(null);

/** Reads what the style needs to know; without an answer the map is as good, and says less of its sources. */
export async function loadReference(): Promise<void> {
  const [basemap, infos] = await Promise.allSettled([
    fetchJson("/api/basemap", nullable(BasemapInfo)),
    fetchJson("/api/layers", listOf(LayerInfo)),
  ]);
  if (basemap.status === "fulfilled") basemapInfo.value = basemap.value;
  if (infos.status === "fulfilled") layerInfos.value = new Map(infos.value.map((info) => [info.name, info]));
}

/** The style in the palette of now. Followed by effects. */
export function referenceStyle(selected: string, hidden: readonly string[]): StyleSpecification {
  // The palette's attribute is on the page before this runs: preferences.ts sets it first.
  return buildStyle(
    {
      palette: palette.value,
      tokens: readTokens(),
      infos: layerInfos.value,
      selected,
      language,
      basemap: basemapInfo.value,
      history: null,
      dotsBelowZoom: 7,
    },
    hidden,
  );
}

/** Opens the map of the page, which follows `style`: the whole style of now.
 *
 * @param ready is given the map once it has drawn its first style, before it follows.
 */
export function openReferenceMap(
  container: HTMLElement,
  label: string,
  style: () => StyleSpecification,
  ready: (map: GlMap) => void,
): void {
  const page = openPageMap({ container, style: style(), label, failed: (_, why) => console.warn(`map: ${why}`) });
  page?.gl.once("load", () => {
    ready(page.gl);
    effect(() => void page.restyle(style()));
    effect(() => page.gl.setPixelRatio(pixelRatio()));
  });
}
