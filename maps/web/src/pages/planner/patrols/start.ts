/** Starts what patrols need, once, when their tab is first opened: lists, checks, the map, keys. */

import { once } from "../../../browser/shared-promise.ts";
import { readCourses } from "../../../geo/river-courses.ts";
import { may } from "../../../session/session.ts";
import { t } from "../../../words/index.ts";
import { notify, phone, plannerTab, tabBegins } from "../desk/frame-state.ts";
import { addKeys } from "../desk/keys.tsx";
import { draft, keepPlan, redoStep, save, startChange, startNew, undoStep, watchPlan } from "./plan/draft.ts";
import { drawPatrols } from "./plan/patrol-layers.ts";
import { looking, mayChange, PLAN, view, watchPatrols } from "./plan/store.ts";
import { goToNow, step } from "./plan/timeline-state.ts";

/** Does nothing when it is called again. */
export function startPatrols(): void {
  void begin();
}

const begin = once(async () => {
  keepPlan();
  watchPatrols();
  watchPlan();
  drawPatrols();
  void readCourses();
  addKeys(KEYS);
  tabBegins("patrols", () => {
    view.value = { at: "list" };
  });
});

const here = (): boolean => plannerTab.value === "patrols";
const editing = (): boolean => here() && draft.value !== null && view.value.at === "edit";

const KEYS = [
  { keys: ["n"], words: "patrol.new", when: () => here() && !editing() && may(PLAN), act: () => startNew() },
  {
    keys: ["e"],
    words: "patrol.edit",
    when: () => here() && looking.value !== null && mayChange(looking.value),
    act: () => {
      if (looking.value !== null) startChange(looking.value);
    },
  },
  {
    keys: ["Ctrl+S"],
    words: "patrol.save",
    when: editing,
    inFields: true,
    act: () => {
      void save().then((kept) => {
        if (kept) notify(t("patrol.saved"));
      });
    },
  },
  { keys: ["Ctrl+Z"], words: "patrol.undo", when: editing, act: undoStep },
  { keys: ["Ctrl+Shift+Z", "Ctrl+Y"], words: "patrol.redo", when: editing, act: redoStep },
  {
    keys: ["Escape"],
    words: "patrol.back",
    when: () => here() && view.value.at !== "list" && view.value.at !== "edit",
    act: () => {
      view.value = { at: "list" };
    },
  },
  { keys: [","], words: "timeline.earlier", when: () => here() && !phone.value, act: () => step(-1) },
  { keys: ["."], words: "timeline.later", when: () => here() && !phone.value, act: () => step(1) },
  { keys: ["t"], words: "timeline.now", when: here, act: goToNow },
] satisfies Parameters<typeof addKeys>[0];
