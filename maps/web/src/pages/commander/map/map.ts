/** The commander's map: presses, what is told of places, data and style. Everything else asks this object. */

import type {
  GeoJSONSource,
  Map as GlMap,
  LngLatBoundsLike,
  MapGeoJSONFeature,
  MapMouseEvent,
  StyleSpecification,
  VectorTileSource,
} from "maplibre-gl";
import { moving } from "../../../map/map-start.ts";
import type { PageMap } from "../../../map/page-map.ts";
import { type FedSource, SourceFeed } from "../../../map/source-feed.ts";
import type { Box } from "../../../symbols/clusters.ts";

/** Pixels at each edge that panels cover. */
export interface Covered {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export interface MapHooks {
  /** Somebody pressed on a unit (its id) or beside every unit (null). */
  picked(id: string | null, place: { lon: number; lat: number }): void;
  /** Somebody pressed on a marked place where no unit is. */
  marked(id: string): void;
  /** The pointer is over an office or crossing, or over none. */
  hovered(what: { layer: string; properties: Record<string, unknown>; x: number; y: number } | null): void;
  /** The view moves, for whatever reason. */
  moving(): void;
  /** Somebody moves the map by hand or key; zooming alone is not moving. */
  panned(): void;
}

/** Half the side of the square that counts as pressing on a mark: together a finger's 44 pixels. */
const REACH_PX = 22;

export class OperationsMap {
  readonly #page: PageMap;
  readonly #map: GlMap;
  readonly feeds: { units: SourceFeed; tracks: SourceFeed; crowds: SourceFeed };

  constructor(page: PageMap, hooks: MapHooks) {
    this.#page = page;
    this.#map = page.gl;
    this.feeds = {
      units: new SourceFeed(this.#lazy("units")),
      tracks: new SourceFeed(this.#lazy("tracks")),
      crowds: new SourceFeed(this.#lazy("crowds")),
    };
    this.#listen(hooks);
  }

  restyle(style: StyleSpecification): Promise<void> {
    return this.#page.restyle(style);
  }

  setData(source: string, data: GeoJSON.GeoJSON): Promise<void> {
    return this.#page.setData(source, data);
  }

  /** Gives a source of vector tiles another address. */
  async setTiles(source: string, address: string): Promise<void> {
    await this.#page.loaded;
    this.#map.getSource<VectorTileSource>(source)?.setTiles([address]);
  }

  setPixelRatio(ratio: number): void {
    this.#map.setPixelRatio(ratio);
  }

  get zoom(): number {
    return this.#map.getZoom();
  }

  /** West, south, east, north of what is in view. */
  get box(): Box {
    const bounds = this.#map.getBounds();
    return [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
  }

  /** Keeps the zoom and slides until the place lies in the middle of what the panels leave free. */
  slideTo(lon: number, lat: number, covered: Covered): void {
    const middle = this.#map.project([lon, lat]);
    const { clientWidth, clientHeight } = this.#map.getContainer();
    const off = Math.hypot(
      middle.x - (clientWidth + covered.left - covered.right) / 2,
      middle.y - (clientHeight + covered.top - covered.bottom) / 2,
    );
    if (off > 1 && !this.#map.isZooming())
      this.#map.easeTo({
        center: [lon, lat],
        offset: [(covered.left - covered.right) / 2, (covered.top - covered.bottom) / 2],
        duration: moving(500),
        essential: false,
      });
  }

  /** How far two places are apart on the screen, pixels. */
  apartPx(one: { lon: number; lat: number }, other: { lon: number; lat: number }): number {
    return this.#map.project([one.lon, one.lat]).dist(this.#map.project([other.lon, other.lat]));
  }

  /** Moves so that the place lies in the middle of what the panels leave free. */
  flyTo(lon: number, lat: number, covered: Covered, zoom = Math.max(this.#map.getZoom(), 12)): void {
    this.#map.flyTo({
      center: [lon, lat],
      zoom,
      offset: [(covered.left - covered.right) / 2, (covered.top - covered.bottom) / 2],
      duration: moving(900),
      essential: false,
    });
  }

  fit(bounds: LngLatBoundsLike, covered: Covered): void {
    const camera = this.#map.cameraForBounds(bounds, {
      maxZoom: 13,
      padding: {
        left: covered.left + 60,
        right: covered.right + 90,
        top: covered.top + 60,
        bottom: covered.bottom + 60,
      },
    });
    if (camera?.center)
      this.#map.easeTo({
        center: camera.center,
        ...(camera.zoom === undefined ? {} : { zoom: camera.zoom }),
        duration: moving(600),
      });
  }

  crosshair(on: boolean): void {
    this.#map.getCanvas().style.cursor = on ? "crosshair" : "";
  }

  /** A source that waits for the map before it takes anything. */
  #lazy(name: string): FedSource {
    const ready = async (): Promise<GeoJSONSource> => {
      await this.#page.loaded;
      return this.#map.getSource<GeoJSONSource>(name) as GeoJSONSource;
    };
    return {
      setData: async (data) => (await ready()).setData(data),
      updateData: async (diff) => (await ready()).updateData(diff),
    };
  }

  #listen(hooks: MapHooks): void {
    const map = this.#map;
    map.on("click", (event) => {
      const nearest = this.#near(event, REACH_PX, ["unit-marks", "unit-dots", "crowds"]);
      if (nearest?.layer.id === "crowds" && map.getCanvas().style.cursor !== "crosshair") {
        const [lon = 0, lat = 0] = (nearest.geometry as GeoJSON.Point).coordinates;
        map.easeTo({ center: [lon, lat], zoom: map.getZoom() + 2, duration: moving(400) });
        return;
      }
      const unit = this.#unitAt(event);
      const mark =
        unit === null && map.getCanvas().style.cursor !== "crosshair"
          ? this.#near(event, REACH_PX, ["mark-signs"])
          : null;
      if (mark !== null) return hooks.marked(String(mark.properties["id"]));
      hooks.picked(unit, { lon: event.lngLat.lng, lat: event.lngLat.lat });
      hooks.hovered(this.#toldAt(event, REACH_PX));
    });
    map.on("move", () => hooks.moving());
    map.on("dragstart", () => hooks.panned());
    map.getCanvas().addEventListener("keydown", (event) => {
      if (event.key.startsWith("Arrow")) hooks.panned();
    });
    map.on("mousemove", (event) => {
      const canvas = map.getCanvas();
      const tooltip = this.#toldAt(event, 6);
      if (canvas.style.cursor !== "crosshair")
        canvas.style.cursor =
          tooltip || this.#near(event, 6, ["unit-marks", "unit-dots", "crowds", "mark-signs"]) ? "pointer" : "";
      hooks.hovered(tooltip);
    });
    map.on("mouseout", () => hooks.hovered(null));
  }

  #unitAt(event: MapMouseEvent): string | null {
    const nearest = this.#near(event, REACH_PX, ["unit-marks", "unit-dots"]);
    return nearest === null ? null : String(nearest.properties["id"]);
  }

  #toldAt(
    event: MapMouseEvent,
    reach: number,
  ): { layer: string; properties: Record<string, unknown>; x: number; y: number } | null {
    const found = this.#near(event, reach, ["blos", "crossings"]);
    return found === null
      ? null
      : { layer: found.layer.id, properties: found.properties, x: event.point.x, y: event.point.y };
  }

  /** The point drawn nearest to the pointer within `reach` pixels. */
  #near(event: MapMouseEvent, reach: number, layers: string[]): MapGeoJSONFeature | null {
    const { x, y } = event.point;
    // A press may come before the style is there.
    if (!layers.every((layer) => this.#map.getLayer(layer))) return null;
    let nearest: { feature: MapGeoJSONFeature; away: number } | null = null;
    for (const feature of this.#map.queryRenderedFeatures(
      [
        [x - reach, y - reach],
        [x + reach, y + reach],
      ],
      { layers },
    )) {
      if (feature.geometry.type !== "Point") continue;
      const at = this.#map.project(feature.geometry.coordinates as [number, number]);
      const away = Math.hypot(at.x - x, at.y - y);
      if (nearest === null || away < nearest.away) nearest = { feature, away };
    }
    return nearest?.feature ?? null;
  }
}
