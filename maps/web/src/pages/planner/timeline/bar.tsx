/** One patrol on the row of one unit: pressed to open, dragged to move, its edges dragged to change begin and end. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { type PatrolDocument, stateOf } from "../../../wire/patrols.ts";
import { t } from "../../../words/index.ts";
import { ConflictMark } from "../patrols/plan/conflicts.tsx";
import { change, content, draft, found, startChange } from "../patrols/plan/draft.ts";
import { isoOf, STEP_MS } from "../patrols/plan/local-days.ts";
import { withWindow } from "../patrols/plan/plan.ts";
import { dragged, percent } from "../patrols/plan/scale.ts";
import { StateMark, stateWords } from "../patrols/plan/state-mark.tsx";
import { conflictsOf, mayChange, scale, view } from "../patrols/plan/store.ts";
import { span } from "../patrols/plan/words.ts";
import type { RowBar } from "./rows.ts";

/** Height of a lane: a finger fits. */
export const BAR_PX = 46;
const LEAST_PX = 5;

type Part = "whole" | "start" | "end";

/** The bar under the pointer, as it would be. */
const moving = signal<{ id: string; span: [number, number] } | null>(null);

export function Bar({ bar, row }: { bar: RowBar; row: string }): JSX.Element {
  const { patrol, lane } = bar;
  const state = stateOf(patrol);
  const isNew = isDraft(patrol);
  const [from, to] = moving.value?.id === patrol.id ? moving.value.span : bar.span;
  const left = percent(scale.value, from);
  const conflicts = isNew ? found.value : (conflictsOf.value.get(patrol.id) ?? []);
  const worst = conflicts.find((each) => each.severity === "error") ?? conflicts[0];
  const free = isNew || mayChange(patrol);
  const name = patrol.name || t("patrol.new");
  const words = t("timeline.bar", { name, unit: row, state: stateWords(state), span: span(from, to) });
  const warned = conflicts.length > 0 ? `${words} ${t("conflict.count", { n: conflicts.length })}` : words;
  return (
    <button
      class={`bar bar-${state.replace(" ", "-")}${isNew ? " made" : ""}${patrol.suspended === true ? " cut" : ""}`}
      data-patrol={patrol.id}
      title={free ? `${warned}\n${t("timeline.keys")}` : warned}
      aria-label={warned}
      style={{
        left: `${left}%`,
        width: `${Math.max(0.3, percent(scale.value, to) - left)}%`,
        top: `${lane * BAR_PX + 2}px`,
      }}
      onPointerDown={(event) => begin(event, patrol, bar.span, free)}
      onClick={() => open(patrol)}
      onKeyDown={(event) => keyed(event, patrol, bar.span, free)}
    >
      {free && <i class="edge first" data-part="start" />}
      <StateMark state={state} />
      <span class="bar-name">{name}</span>
      {worst !== undefined && (
        <span class="bar-conflict">
          <ConflictMark severity={worst.severity} />
        </span>
      )}
      {free && <i class="edge last" data-part="end" />}
    </button>
  );
}

function isDraft(patrol: PatrolDocument): boolean {
  const about = draft.value;
  return about !== null && (about.id === patrol.id || (about.id === null && patrol.id === "new"));
}

/** A press that was no drag; a drag ends with a click of its own, which means nothing. */
let wasDragged = false;

function open(patrol: PatrolDocument): void {
  if (wasDragged) {
    wasDragged = false;
    return;
  }
  view.value = isDraft(patrol) ? { at: "edit" } : { at: "patrol", id: patrol.id };
}

function begin(
  event: PointerEvent & { currentTarget: HTMLElement },
  patrol: PatrolDocument,
  first: [number, number],
  free: boolean,
): void {
  wasDragged = false;
  if (event.button !== 0 || !free) return;
  const bar = event.currentTarget;
  const width = bar.parentElement?.getBoundingClientRect().width ?? 1;
  const part = ((event.target as HTMLElement).dataset["part"] ?? "whole") as Part;
  const startX = event.clientX;
  const { from, to } = scale.peek();
  bar.setPointerCapture(event.pointerId);
  const move = (next: PointerEvent): void => {
    const by = next.clientX - startX;
    if (Math.abs(by) < LEAST_PX && moving.peek() === null) return;
    moving.value = { id: patrol.id, span: dragged(first, part, (by / width) * (to - from)) };
  };
  const end = (next: PointerEvent): void => {
    bar.removeEventListener("pointermove", move);
    bar.removeEventListener("pointerup", end);
    bar.removeEventListener("pointercancel", end);
    const moved = moving.peek();
    moving.value = null;
    if (moved === null) return;
    wasDragged = true;
    if (next.type === "pointerup") take(patrol, moved.span);
  };
  bar.addEventListener("pointermove", move);
  bar.addEventListener("pointerup", end);
  bar.addEventListener("pointercancel", end);
}

/** Arrow keys move it by a quarter of an hour, with Shift its end, with Ctrl its beginning. */
function keyed(event: KeyboardEvent, patrol: PatrolDocument, first: [number, number], free: boolean): void {
  const way = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  if (way === 0 || !free) return;
  event.preventDefault();
  take(
    patrol,
    dragged(first, event.shiftKey ? "end" : event.ctrlKey || event.metaKey ? "start" : "whole", way * STEP_MS),
  );
}

/** Puts a new window into the form, where it is saved: what a change costs is said there. */
function take(patrol: PatrolDocument, [from, to]: [number, number]): void {
  if (!isDraft(patrol) && !startChange(patrol)) return;
  const plan = content.peek();
  if (plan !== null) change(withWindow(plan, isoOf(from), isoOf(to)), true);
  view.value = { at: "edit" };
}
