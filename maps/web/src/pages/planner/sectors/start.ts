/** Starts what sectors need once: the list, the draft of before, the check, the drawing tool, the map, the keys. */

import { effect } from "@preact/signals";
import { may } from "../../../session/session.ts";
import { phone, plannerTab, sheetStop, tabBegins } from "../desk/frame-state.ts";
import { addKeys, type PlannerKey } from "../desk/keys.tsx";
import { draft, keepDraft, shape, startEdit, startNew } from "./draft/draft.ts";
import { fileAreas } from "./draft/file-choice.ts";
import { repair, watchShape } from "./draft/shape-check.ts";
import { DRAW_SECTORS, looking, mayEdit, view, watchSectors } from "./draft/store.ts";
import { redoOne, snapping, take, tool, undoOne, watchDrawing } from "./drawing/drawing.ts";
import { drawSectors, fitSector } from "./drawing/sector-layers.ts";
import { choose, way } from "./drawing/shape-tools.tsx";
import { takeRepair } from "./faults.tsx";
import { leave } from "./sector-form.tsx";

const here = (): boolean => plannerTab.peek() === "sectors";
const drawing = (): boolean => here() && draft.peek() !== null;
const resting = (): boolean => here() && draft.peek() === null;
const one = (): boolean => resting() && looking.peek() !== null;

const KEYS: readonly PlannerKey[] = [
  {
    keys: ["/"],
    words: "sector.search",
    when: () => resting() && view.peek().at === "list",
    act: () => document.getElementById("sector-search")?.focus(),
  },
  { keys: ["n"], words: "sector.new", when: () => resting() && may(DRAW_SECTORS), act: startNew },
  {
    keys: ["e"],
    words: "sector.edit",
    when: one,
    act: () => {
      const now = looking.peek();
      if (now && mayEdit(now)) startEdit(now);
    },
  },
  { keys: ["f"], words: "sector.show", when: one, act: () => fitSector(looking.peek()?.sector.id ?? "") },
  {
    keys: ["v"],
    words: "sector.versions",
    when: one,
    act: () => {
      view.value = { at: "versions", id: looking.peek()?.sector.id ?? "" };
    },
  },
  { keys: ["p"], words: "sector.way_polygon", when: drawing, act: () => choose("polygon") },
  { keys: ["r"], words: "sector.way_rectangle", when: drawing, act: () => choose("rectangle") },
  { keys: ["c"], words: "sector.way_circle", when: drawing, act: () => choose("circle") },
  { keys: ["k"], words: "sector.way_stretch", when: drawing, act: () => choose("stretch") },
  { keys: ["i"], words: "sector.way_file", when: drawing, act: () => choose("file") },
  {
    keys: ["h"],
    words: "sector.way_hole",
    when: () => drawing() && shape.peek()?.kind === "polygon",
    act: () => take("hole"),
  },
  {
    keys: ["s"],
    words: "sector.snap",
    when: drawing,
    act: () => {
      snapping.value = !snapping.value;
    },
  },
  { keys: ["u"], words: "sector.repair_use", when: () => drawing() && repair.peek() !== null, act: () => takeRepair() },
  { keys: ["Ctrl+Z"], words: "sector.undo", when: drawing, act: undoOne },
  { keys: ["Ctrl+Y", "Ctrl+Shift+Z"], words: "sector.redo", when: drawing, act: redoOne },
  {
    keys: ["Ctrl+Enter"],
    words: "sector.save",
    when: drawing,
    inFields: true,
    act: () => document.querySelector<HTMLFormElement>(".sector-form")?.requestSubmit(),
  },
  { keys: ["Escape"], words: "sector.back", when: here, act: back },
];

function back(): void {
  const now = view.peek();
  if (tool.peek() !== null) take(null);
  else if (draft.peek() !== null) leave();
  else if (now.at === "versions") view.value = { at: "sector", id: now.id };
  else view.value = { at: "list" };
}

/** Back to the list; a drawing that is not saved asks first. */
function toList(): void {
  if (tool.peek() !== null) take(null);
  if (draft.peek() !== null) leave();
  if (draft.peek() === null) view.value = { at: "list" };
}

export function startSectors(): void {
  addKeys(KEYS);
  tabBegins("sectors", toList);
  keepDraft();
  watchSectors();
  watchShape();
  watchDrawing();
  drawSectors();
  effect(() => {
    if (draft.value !== null) return;
    way.value = null;
    fileAreas.value = null;
  });
  // On a phone the map must be seen while somebody draws on it, and the form after it.
  let drew = false;
  effect(() => {
    const draws = tool.value !== null;
    if (draws !== drew && phone.peek()) sheetStop.value = draws ? "peek" : "half";
    drew = draws;
  });
}
