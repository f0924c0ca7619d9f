/** The map of the planner's page, made once and shared by its tabs: the reference map with what a tab adds to it. */
import { effect, signal } from "@preact/signals";
import type {
  GeoJSONSource,
  Map as GlMap,
  LayerSpecification,
  LngLatBoundsLike,
  SourceSpecification,
  StyleSpecification,
} from "maplibre-gl";
import { hiddenLayers, palette } from "../../../browser/preferences.ts";
import { moving } from "../../../map/map-start.ts";
import { openReferenceMap, referenceStyle } from "../../../map/reference-map.ts";
import { readTokens, type Tokens } from "../../../symbols/tokens.ts";
import { t } from "../../../words/index.ts";
import { covered } from "./frame-state.ts";

/** What a tab draws: sources, and layers in the colours of the palette. */
export interface Addition {
  sources: Readonly<Record<string, SourceSpecification>>;
  layers: (tokens: Tokens) => LayerSpecification[];
  /** Id of the layer below which they lie; above everything without one. */
  before?: string;
}

const additions: Addition[] = [];

/** Grows whenever the map has come to rest somewhere else. */
export const mapMoved = signal(0);

/** The map with what the tabs add, which follows the palette from then on. */
const glMap = signal<GlMap | null>(null);
/** The map as MapLibre knows it, once its style is there. */
export const plannerMap: Promise<GlMap> = new Promise((done) => {
  effect(() => {
    if (glMap.value !== null) done(glMap.value);
  });
});

export function openMap(container: HTMLElement): void {
  openReferenceMap(container, t("planner.map_label"), styleNow, (map) => {
    for (const addition of additions) put(map, addition);
    map.on("moveend", () => {
      // read without following: a change of pixels may move the map inside an effect
      mapMoved.value = mapMoved.peek() + 1;
    });
    glMap.value = map;
  });
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
  const camera = map.cameraForBounds(box, {
    maxZoom: 14,
    padding: { left: left + 40, right: right + 40, top: top + 30, bottom: bottom + 30 },
  });
  if (camera?.center)
    map.easeTo({
      center: camera.center,
      ...(camera.zoom === undefined ? {} : { zoom: camera.zoom }),
      duration: moving(500),
    });
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

function styleNow(): StyleSpecification {
  const style = referenceStyle("", hiddenLayers.value);
  const own = ownLayers();
  return glMap.peek() !== null ? { ...style, layers: [...style.layers, ...own] } : style;
}
