/** Drawing: which tool is in hand, what it snaps to, and how it and the draft follow each other. */
import { effect, signal } from "@preact/signals";
import { palette } from "../../../../browser/preferences.ts";
import { storageSignal } from "../../../../browser/storage.ts";
import { type ByCorners, closedRing, type Place, type Ring } from "../../../../geo/sector-shape.ts";
import { readTokens } from "../../../../symbols/tokens.ts";
import { mapMoved, plannerMap } from "../../desk/planner-map.ts";
import { draft, redoShape, setShape, shape, undoShape } from "../draft/draft.ts";
import { moving } from "../draft/shape-check.ts";
import { clipped, type Reach, type SnapLine, type Snapped, snapped } from "../draft/snap.ts";
import { sectors, snapLines } from "../draft/store.ts";
import type { DrawingTool, Tool } from "./terra.ts";

export type { Tool } from "./terra.ts";

/** The tool in hand; null while corners are moved. */
export const tool = signal<Tool | null>(null);
export const toolState = signal<"none" | "loading" | "ready" | "failed">("none");
export const snapping = storageSignal<boolean>("jp.planner.snap", true);
/** Where the pointer caught a line; null where it did not. */
export const caught = signal<Snapped | null>(null);
/** A corner that the keyboard is at, shown on the map. */
export const corner = signal<Place | null>(null);

/** The tool on the map; null while nothing is drawn. */
const onMap = signal<DrawingTool | null>(null);
/** Alt lets go of the lines that a corner would snap to. */
const altHeld = signal(false);
/** Rings that stay while a hole is drawn. */
const rings = (): readonly Ring[] =>
  shape.peek()?.kind === "polygon" ? (shape.peek() as { rings: readonly Ring[] }).rings : [];

/** Starts following the draft: the tool is brought when the first drawing opens. */
export function watchDrawing(): void {
  for (const kind of ["keydown", "keyup", "blur"] as const) {
    addEventListener(kind, (event) => {
      altHeld.value = event instanceof KeyboardEvent && event.altKey;
      if (altHeld.peek()) caught.value = null;
    });
  }
  effect(() => {
    if (draft.value === null) stop();
    else void start();
  });
  effect(() => {
    const now = shape.value;
    onMap.peek()?.show(now?.kind === "polygon" ? now.rings : []);
  });
  effect(() => {
    palette.value;
    onMap.peek()?.restyle(readTokens());
  });
}

export function take(wanted: Tool | null): void {
  const drawing = onMap.peek();
  if (drawing === null) return;
  tool.value = wanted;
  moving.value = null;
  caught.value = null;
  drawing.use(wanted, rings());
  void plannerMap.then((map) => map.getCanvas().focus());
}

export function finish(): void {
  onMap.peek()?.finish();
}

export function chooseRing(ring: number): void {
  onMap.peek()?.choose(ring);
}

/** Takes back a corner of what is being drawn, else the last step of the draft: of a ring that was closed that is the
 * closing, and its corners are in hand again.
 */
export function undoOne(): void {
  caught.value = null;
  if (onMap.peek()?.undoCorner()) return;
  if (tool.peek() !== null && moving.peek() !== null) return take(null); // a rectangle or circle that is begun
  const steps = draft.peek()?.steps;
  if (steps === undefined || steps.past.length === 0) return;
  const closed = closedRing(steps.now);
  if (tool.peek() !== null) take(null);
  undoShape();
  if (closed !== null) reopen(closed.tool, closed.ring, closed.ring.length);
}

/** Does again what was taken back last: a corner, the closing of a ring, a step. */
export function redoOne(): void {
  caught.value = null;
  const drawing = onMap.peek();
  if (drawing?.redoCorner()) return;
  const next = draft.peek()?.steps.future[0];
  if (next === undefined) return;
  const closed = closedRing(next);
  const pressed = drawing?.pressed() ?? [];
  const same = closed?.tool === tool.peek() && JSON.stringify(closed?.ring) === JSON.stringify(pressed);
  if (pressed.length > 0 && !same) return; // another ring is being drawn
  if (drawing !== null && closed !== null && !same) return reopen(closed.tool, closed.ring, 1);
  if (tool.peek() !== null) take(null);
  redoShape();
}

/** Takes corners in hand that were pressed before. The buttons of the drawing keep the focus where they have it. */
function reopen(wanted: ByCorners, ring: Ring, count: number): void {
  const drawing = onMap.peek();
  if (drawing === null) return;
  tool.value = wanted;
  drawing.reopen(wanted, rings(), ring, count);
  if (document.activeElement?.closest(".draw-bar") == null) void plannerMap.then((map) => map.getCanvas().focus());
}

async function start(): Promise<void> {
  if (onMap.peek() !== null || toolState.peek() === "loading") return;
  toolState.value = "loading";
  try {
    const [{ DrawingTool }, map] = await Promise.all([import("./terra.ts"), plannerMap]);
    if (draft.peek() === null) {
      toolState.value = "none";
      return;
    }
    const drawing = new DrawingTool(map, "planner-repair-halo", readTokens(), {
      drawn: takeShape,
      drawing: under,
      edited,
      snap,
    });
    drawing.show(rings());
    onMap.value = drawing;
    toolState.value = "ready";
  } catch {
    toolState.value = "failed";
  }
}

export function startAgain(): void {
  void start();
}

function stop(): void {
  onMap.peek()?.stop();
  onMap.value = null;
  tool.value = null;
  toolState.value = "none";
  caught.value = corner.value = moving.value = null;
}

function takeShape(used: Tool, ring: Ring): void {
  moving.value = null;
  caught.value = null;
  const before = rings();
  if (ring.length >= 3)
    setShape(
      used === "polygon" || used === "hole"
        ? { kind: "polygon", rings: used === "hole" ? [...before, ring] : [ring], closed: used }
        : { kind: "polygon", rings: [ring] },
    );
  // The tool is still ending its own work: it is put down after that.
  queueMicrotask(() => take(null));
}

function under(used: Tool, ring: Ring | null): void {
  moving.value =
    ring === null || ring.length < 3 ? null : { kind: "polygon", rings: used === "hole" ? [...rings(), ring] : [ring] };
}

function edited(now: readonly Ring[], done: boolean): void {
  if (now.length === 0) return;
  const next = { kind: "polygon" as const, rings: now };
  moving.value = done ? null : next;
  if (!done) return;
  caught.value = null;
  setShape(next);
}

function snap(at: Place, reach: Reach): Place | undefined {
  const found = snapping.peek() && !altHeld.peek() ? snapped(at, near.read(), reach) : null;
  caught.value = found;
  return found?.place;
}

/** What can be snapped to in what the map shows, worked out once a view. */
class NearLines {
  #view: [number, number, number, number] = [-180, -90, 180, 90];
  #key = "";
  #lines: readonly SnapLine[] = [];

  look(west: number, south: number, east: number, north: number): void {
    this.#view = [west, south, east, north];
    this.#key = "";
  }

  read(): readonly SnapLine[] {
    const known = (sectors.peek() ?? []).map((each) => `${each.sector.id}${each.sector.version ?? 1}`).join();
    const key = `${mapMoved.peek()} ${draft.peek()?.id ?? ""} ${known}`;
    if (this.#key !== key) {
      this.#key = key;
      this.#lines = clipped(snapLines(draft.peek()?.id ?? null), this.#view);
    }
    return this.#lines;
  }
}

const near = new NearLines();
void plannerMap.then((map) => {
  const look = (): void => {
    const bounds = map.getBounds();
    near.look(bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth());
  };
  look();
  map.on("moveend", look);
});
