/** The drawing tool on the map (Terra Draw), kept in step with the draft. Loaded only when somebody draws. */
import type { Map as GlMap } from "maplibre-gl";
import {
  type HexColor,
  type SnappableContext,
  TerraDraw,
  TerraDrawCircleMode,
  TerraDrawModeUndoRedo,
  type TerraDrawMouseEvent,
  TerraDrawPolygonMode,
  TerraDrawRectangleMode,
  TerraDrawSelectMode,
} from "terra-draw";
import { TerraDrawMapLibreGLAdapter } from "terra-draw-maplibre-gl-adapter";
import {
  type ByCorners,
  inDrawnOrder,
  type Place,
  polygonOf,
  type Ring,
  ringOf,
  rounded,
} from "../../../../geo/sector-shape.ts";
import type { Tokens } from "../../../../symbols/tokens.ts";
import type { Reach } from "../draft/snap.ts";

export type Tool = "polygon" | "rectangle" | "circle" | "hole";

/** Whom the drawing tool tells, and whom it asks. */
export interface DrawHooks {
  /** Somebody ended a drawing with a tool. */
  drawn(tool: Tool, ring: Ring): void;
  /** A ring is under the pointer and not ended; null for none. */
  drawing(tool: Tool, ring: Ring | null): void;
  /** Corners are moved; `done` once they are let go. */
  edited(rings: readonly Ring[], done: boolean): void;
  /** The place that the pointer means; undefined where it means itself. */
  snap(at: Place, reach: Reach): Place | undefined;
}

type Id = string | number;
type Styles = Record<string, HexColor | number>;

/** Pixels from which a line catches the pointer. */
const CATCH_PX = 14;

export class DrawingTool {
  readonly #draw: TerraDraw;
  /** The mode that takes corners one by one, and keeps their history. */
  readonly #corners: TerraDrawPolygonMode;
  readonly #map: GlMap;
  readonly #hooks: DrawHooks;
  /**
   * The rings of the draft as they were placed or moved last, the outer first. The tool turns rings round as it
   * pleases: people count corners as they pressed them, so each is turned back by what was known of it.
   */
  #known: Ring[] = [];
  /** Their ids; null for one that has too few corners to be drawn. */
  #ids: (Id | null)[] = [];
  /** The ring under the pointer, in the order of the presses. */
  #under: Ring = [];
  #tool: Tool | null = null;
  #placing = false;
  /** Corners are put or taken by steps, not by the pointer: nothing catches them. */
  #stepping = false;

  /** @param below id of the layer that the drawing lies under. */
  constructor(map: GlMap, below: string, tokens: Tokens, hooks: DrawHooks) {
    this.#map = map;
    this.#hooks = hooks;
    const toCustom = (event: TerraDrawMouseEvent, context: SnappableContext): Place | undefined => {
      if (this.#stepping) return undefined;
      const at = context.project(event.lng, event.lat);
      const beside = context.unproject(at.x + CATCH_PX, at.y - CATCH_PX);
      return hooks.snap([event.lng, event.lat], {
        lon: Math.abs(beside.lng - event.lng),
        lat: Math.abs(beside.lat - event.lat),
      });
    };
    const styles = stylesOf(tokens);
    this.#corners = new TerraDrawPolygonMode({
      snapping: { toCustom },
      styles: styles.drawing,
      showCoordinatePoints: true,
      pointerDistance: 20,
    });
    this.#draw = new TerraDraw({
      adapter: new TerraDrawMapLibreGLAdapter({ map, coordinatePrecision: 9, renderBelowLayerId: below }),
      modes: [
        this.#corners,
        new TerraDrawRectangleMode({ styles: styles.drawing, drawInteraction: "click-move-or-drag" }),
        new TerraDrawCircleMode({ styles: styles.drawing, drawInteraction: "click-move-or-drag" }),
        new TerraDrawSelectMode({
          styles: styles.chosen,
          pointerDistance: 22,
          allowManualDeselection: false,
          keyEvents: { deselect: null, delete: null, rotate: null, scale: null },
          flags: {
            polygon: {
              feature: {
                draggable: false,
                coordinates: {
                  midpoints: { draggable: true },
                  draggable: true,
                  deletable: true,
                  snappable: { toCustom },
                },
              },
            },
          },
        }),
      ],
      undoRedo: { modeLevel: new TerraDrawModeUndoRedo() },
    });
    this.#draw.start();
    this.#draw.setMode("select");
    this.#draw.on("change", () => this.#changed());
    this.#draw.on("finish", (id) => this.#finished(id));
  }

  /** Takes a tool in hand, or lays it down: then corners can be moved. */
  use(tool: Tool | null, rings: readonly Ring[]): void {
    this.#tool = tool;
    this.#under = [];
    this.#draw.setMode(tool === null ? "select" : tool === "hole" ? "polygon" : tool);
    this.#draw.clearUndoRedoHistory();
    this.#place(tool === null || tool === "hole" ? rings : []);
  }

  /** Shows the rings of the draft, unless they are what is there. */
  show(rings: readonly Ring[]): void {
    if (this.#tool !== null && this.#tool !== "hole") return;
    if (JSON.stringify(this.#rings()) !== JSON.stringify(rings)) this.#place(rings);
  }

  /** Makes the corners of a ring movable. */
  choose(ring: number): void {
    const id = this.#ids[ring];
    if (this.#tool === null && id != null && this.#draw.hasFeature(id)) this.#draw.selectFeature(id);
  }

  /** Ends the ring that is being drawn, as Enter does on the map. */
  finish(): void {
    this.#map.getCanvas().dispatchEvent(new KeyboardEvent("keyup", { key: "Enter" }));
  }

  /** Takes a tool in hand with corners of a ring pressed already, as if they had been a moment ago.
   * @param count how many of them; the others can be done again.
   */
  reopen(tool: ByCorners, rings: readonly Ring[], ring: Ring, count: number): void {
    this.use(tool, rings);
    // A place of no pixels is near to none, so that no corner closes the ring.
    for (const [lng, lat] of ring)
      this.#step(() =>
        this.#corners.onClick({
          lng,
          lat,
          containerX: NaN,
          containerY: NaN,
          button: "left",
          heldKeys: [],
          isContextMenu: false,
        }),
      );
    for (let n = ring.length; n > count; n -= 1) this.undoCorner();
  }

  /** The corners that are pressed of the ring that is being drawn, and not closed. */
  pressed(): Ring {
    const count = this.#byCorners() ? this.#corners.undoSize() : 0;
    const geometry = count === 0 ? undefined : this.#beingDrawn()?.geometry;
    return geometry?.type === "Polygon" ? (geometry.coordinates[0] ?? []).slice(0, count).map(rounded) : [];
  }

  /** Takes the last corner of the ring that is being drawn back. Returns whether there was one. */
  undoCorner(): boolean {
    if (!this.#byCorners() || this.#corners.undoSize() === 0) return false;
    this.#step(() => this.#corners.undo());
    return true;
  }

  /** Not by way of the whole tool, which does no first corner again. */
  redoCorner(): boolean {
    if (!this.#byCorners() || this.#corners.redoSize() === 0) return false;
    this.#step(() => this.#corners.redo());
    return true;
  }

  restyle(tokens: Tokens): void {
    const styles = stylesOf(tokens);
    this.#draw.updateModeOptions<typeof TerraDrawPolygonMode>("polygon", { styles: styles.drawing });
    this.#draw.updateModeOptions<typeof TerraDrawRectangleMode>("rectangle", { styles: styles.drawing });
    this.#draw.updateModeOptions<typeof TerraDrawCircleMode>("circle", { styles: styles.drawing });
    this.#draw.updateModeOptions<typeof TerraDrawSelectMode>("select", { styles: styles.chosen });
  }

  stop(): void {
    this.#draw.stop();
  }

  #byCorners(): boolean {
    return this.#tool === "polygon" || this.#tool === "hole";
  }

  #step(act: () => void): void {
    this.#stepping = true;
    try {
      act();
    } finally {
      this.#stepping = false;
    }
  }

  #place(rings: readonly Ring[]): void {
    this.#placing = true;
    try {
      if (this.#ids.length > 0 || this.#draw.getSnapshot().length > 0) this.#draw.clear();
      const features = rings.map((ring) => ({
        type: "Feature" as const,
        id: this.#draw.getFeatureId(),
        properties: { mode: "polygon" },
        geometry: polygonOf([ring]),
      }));
      const drawable = features.filter((_, n) => (rings[n]?.length ?? 0) >= 3);
      const results = this.#draw.addFeatures(drawable);
      const accepted = new Set(drawable.filter((_, n) => results[n]?.valid).map((each) => each.id));
      this.#ids = features.map(({ id }) => (accepted.has(id) ? id : null));
      this.#known = [...rings];
      if (this.#tool === null) this.choose(0);
    } finally {
      this.#placing = false;
    }
  }

  #rings(): Ring[] {
    return this.#known.map((known, n) => {
      const id = this.#ids[n];
      const ring =
        id == null || !this.#draw.hasFeature(id) ? null : ringAt(this.#draw.getSnapshotFeature(id)?.geometry);
      return ring === null ? known : inDrawnOrder(ring, known);
    });
  }

  #changed(): void {
    if (this.#placing) return;
    if (this.#tool === null) return this.#hooks.edited(this.#rings(), false);
    const ring = ringAt(this.#beingDrawn()?.geometry);
    if (ring !== null) this.#under = inDrawnOrder(ring, this.#under);
    this.#hooks.drawing(this.#tool, ring === null ? null : this.#under);
  }

  #beingDrawn(): GeoJSON.Feature | undefined {
    return this.#draw
      .getSnapshot()
      .find((each) => each.geometry.type === "Polygon" && each.id !== undefined && !this.#ids.includes(each.id)) as
      | GeoJSON.Feature
      | undefined;
  }

  #finished(id: Id): void {
    if (this.#placing) return;
    const tool = this.#tool;
    if (tool === null) {
      this.#known = this.#rings();
      return this.#hooks.edited(this.#known, true);
    }
    const ring = ringAt(this.#draw.getSnapshotFeature(id)?.geometry);
    if (ring !== null) this.#hooks.drawn(tool, inDrawnOrder(ring, this.#under));
  }
}

function ringAt(geometry: GeoJSON.Geometry | undefined): Ring | null {
  return geometry?.type === "Polygon" ? ringOf(geometry.coordinates[0] ?? []) : null;
}

/** The palette as the drawing tool takes it. */
function stylesOf(tokens: Tokens): { drawing: Styles; chosen: Styles } {
  const line = tokens.get("map-target") as HexColor;
  const ground = tokens.get("map-halo") as HexColor;
  const corner = { Color: ground, Width: 5, OutlineColor: line, OutlineWidth: 2 };
  const as = (name: string, { Color, Width, OutlineColor, OutlineWidth } = corner): Styles => ({
    [`${name}Color`]: Color,
    [`${name}Width`]: Width,
    [`${name}OutlineColor`]: OutlineColor,
    [`${name}OutlineWidth`]: OutlineWidth,
  });
  return {
    drawing: {
      fillColor: line,
      fillOpacity: 0.1,
      outlineColor: line,
      outlineWidth: 2.5,
      ...as("closingPoint", { ...corner, Width: 7 }),
      ...as("coordinatePoint"),
      ...as("snappingPoint", { ...corner, Color: line }),
      ...as("editedPoint"),
    },
    chosen: {
      selectedPolygonColor: line,
      selectedPolygonFillOpacity: 0.1,
      selectedPolygonOutlineColor: line,
      selectedPolygonOutlineWidth: 2.5,
      ...as("selectionPoint", { ...corner, Width: 7 }),
      ...as("midPoint", { ...corner, Color: line, Width: 3 }),
    },
  };
}
