/** The plan that is being made: its steps, what the server says of it, saving it. */

import { computed, effect, signal } from "@preact/signals";
import { Debounce } from "../../../../browser/debounce.ts";
import { Latest } from "../../../../browser/latest-request.ts";
import { now } from "../../../../session/clock.ts";
import { CallError, call } from "../../../../wire/calls.ts";
import { listOf } from "../../../../wire/parser.ts";
import type { Member } from "../../../../wire/patrols.ts";
import { PatrolDocument, PlanConflict } from "../../../../wire/patrols.ts";
import { t } from "../../../../words/index.ts";
import { Unsaved } from "../../desk/draft-notice.tsx";
import { notify } from "../../desk/frame-state.ts";
import { begin, redo, step, type UndoHistory, undo } from "../../sectors/draft/undo-history.ts";
import { HOUR_MS, isoOf, snapped } from "./local-days.ts";
import {
  changesOf,
  checkBody,
  contentOf,
  draftOf,
  missing,
  newContent,
  type PlanContent,
  type PlanDraft,
} from "./plan.ts";
import { loadPatrols, own, patrols, put, view } from "./store.ts";

const PAUSE_MS = 350;

export const draft = signal<PlanDraft | null>(null);
const steps = signal<UndoHistory<PlanContent> | null>(null);
/** What the form holds now. */
export const content = computed(() => steps.value?.now ?? null);
export const canUndo = computed(() => (steps.value?.past.length ?? 0) > 0);
export const canRedo = computed(() => (steps.value?.future.length ?? 0) > 0);
export const changed = computed(
  () =>
    draft.value !== null &&
    content.value !== null &&
    Object.keys(changesOf(draft.value.before, content.value)).length > 0,
);

/** What is wrong with it as it stands, errors first; it may be of a moment ago: see `checkState`. */
export const found = signal<readonly PlanConflict[]>([]);
export const checkState = signal<"none" | "asking" | "told" | "failed">("none");
/** Fields that stop it from being sent are told once somebody tried. */
export const tried = signal(false);
export const saving = signal(false);
/** What the server refused: the field, if it named one, and why. */
export const refused = signal<{ field: string; fault: CallError | unknown } | null>(null);
/** Somebody else saved a newer content meanwhile. */
export const isOutdated = computed(() => {
  const now = draft.value;
  if (now === null || now.id === null) return null;
  const known = patrols.value?.find((each) => each.id === now.id);
  return known !== undefined && (known.revision ?? 1) > now.revision ? known : null;
});

/** Begun on the timeline, or taken up again: worth keeping before anything is changed. */
const brought = signal(false);

/** Whether something was done to the plan that is open that is not saved. */
const worthKeeping = computed(() => draft.value !== null && changed.value && (canUndo.value || brought.value));

/** Whether the plan that is open would be lost by another: it is shown then, to be saved or discarded first. */
function comesFirst(): boolean {
  if (!worthKeeping.peek()) return false;
  view.value = { at: "edit" };
  notify(t("patrol.other_unsaved"), true);
  return true;
}

export function startNew(startsAt?: number, endsAt?: number, members: readonly Member[] = []): void {
  if (comesFirst()) return;
  const first = startsAt ?? snapped(Math.ceil(now.peek() / HOUR_MS) * HOUR_MS + HOUR_MS);
  const last = endsAt ?? first + 4 * HOUR_MS;
  open({ id: null, revision: 0, before: null }, newContent(own.peek(), isoOf(first), isoOf(last), members));
  brought.value = startsAt !== undefined;
}

/** Opens a patrol to be changed; false where another plan comes first. */
export function startChange(patrol: PatrolDocument): boolean {
  if (worthKeeping.peek() && draft.peek()?.id === patrol.id) view.value = { at: "edit" };
  else if (comesFirst()) return false;
  else open(draftOf(patrol), contentOf(patrol));
  return true;
}

function open(next: PlanDraft, first: PlanContent): void {
  draft.value = next;
  steps.value = begin(first);
  merged.value = "";
  brought.value = false;
  found.value = [];
  tried.value = false;
  refused.value = null;
  view.value = { at: "edit" };
}

/**
 * Changes the plan. With `merge` it joins the step before where that was of the same fields: typing a name is one step,
 * and a note another.
 */
export function change(next: PlanContent, merge = false): void {
  const now = steps.peek();
  if (now === null || JSON.stringify(now.now) === JSON.stringify(next)) return;
  const fields = Object.keys(changesOf(now.now, next)).join();
  steps.value = step(now, next, merge && now.past.length > 0 && merged.peek() === fields);
  merged.value = merge ? fields : "";
  refused.value = null;
}

/** The fields of the step that may still be joined; empty for none. */
const merged = signal("");

export function undoStep(): void {
  merged.value = "";
  if (steps.peek() !== null) steps.value = undo(steps.peek() as UndoHistory<PlanContent>);
}

export function redoStep(): void {
  merged.value = "";
  if (steps.peek() !== null) steps.value = redo(steps.peek() as UndoHistory<PlanContent>);
}

export function drop(): void {
  const id = draft.peek()?.id ?? null;
  draft.value = null;
  steps.value = null;
  view.value = id === null ? { at: "list" } : { at: "patrol", id };
}

/** A plan as it is kept over a reload. */
export interface LeftPlan {
  draft: PlanDraft;
  content: PlanContent;
}

/** Plans that were left without being saved. */
export const unsaved = new Unsaved<LeftPlan>("patrols");

function isLeft(what: unknown): what is LeftPlan {
  const left = what as Partial<LeftPlan> | null;
  return (
    typeof left?.content?.name === "string" &&
    Array.isArray(left.content.rendezvous) &&
    typeof left.draft?.revision === "number"
  );
}

/** Offers what this person planned before a reload, and keeps what is planned from now on. */
export function keepPlan(): void {
  unsaved.keep(isLeft, () =>
    worthKeeping.value && draft.value !== null && content.value !== null
      ? { draft: draft.value, content: content.value }
      : null,
  );
}

/** Plans on with what was left; false while another plan is open that is not saved. */
export function takeUp(left: LeftPlan): boolean {
  if (comesFirst()) return false;
  // What has no place yet was kept as none.
  open(left.draft, {
    ...left.content,
    rendezvous: left.content.rendezvous.map((each) => ({
      ...each,
      lon: each.lon ?? Number.NaN,
      lat: each.lat ?? Number.NaN,
    })),
  });
  brought.value = true;
  return true;
}

/** Takes the newer content that somebody else saved, and leaves the changes made here. */
export function takeTheirs(): void {
  const newer = isOutdated.peek();
  if (newer !== null) open(draftOf(newer), contentOf(newer));
}

/** Puts the changes made here onto the newer content. */
export function keepOurs(): void {
  const newer = isOutdated.peek();
  const before = draft.peek()?.before ?? null;
  const mine = content.peek();
  if (newer === null || mine === null) return;
  const changes = changesOf(before, mine);
  draft.value = draftOf(newer);
  steps.value = step(steps.peek() as UndoHistory<PlanContent>, { ...contentOf(newer), ...changes });
}

/** Sends it; true once it is kept. */
export async function save(): Promise<boolean> {
  const target = draft.peek();
  const before = content.peek();
  if (target === null || before === null || saving.peek()) return false;
  tried.value = true;
  if (Object.keys(missing(before)).length > 0) return false;
  saving.value = true;
  refused.value = null;
  try {
    const changes = changesOf(target.before, { ...before, name: before.name.trim() });
    const saved =
      target.id === null
        ? await call("POST", "/api/patrols", PatrolDocument, changes)
        : await call("PATCH", `/api/patrols/${target.id}`, PatrolDocument, { ...changes, revision: target.revision });
    if (draft.peek() === target && content.peek() === before) {
      draft.value = null;
      steps.value = null;
      view.value = { at: "patrol", id: saved.id };
    } else if (draft.peek() === target) {
      draft.value = draftOf(saved); // what was changed while it was sent is not in what was kept: it goes on from there
    }
    put(saved);
    return true;
  } catch (fault) {
    refused.value = { field: fieldOf(fault), fault };
    // Somebody may have been faster, and the stream may bring no news of it: what is there now is offered then.
    if (fault instanceof CallError && fault.status === 409) void loadPatrols();
    return false;
  } finally {
    saving.value = false;
  }
}

/** The form's field that a refusal is about; empty for the whole. */
function fieldOf(fault: unknown): string {
  const field = fault instanceof CallError ? (fault.field ?? "") : "";
  return field.replace(/^body\./, "").split(".")[0] ?? "";
}

const latest = new Latest();
const pause = new Debounce();

/** Asks what is in the way, a moment after the last change. */
export function watchPlan(): void {
  let lastText = "";
  effect(() => {
    const body = draft.value === null || content.value === null ? null : checkBody(draft.value, content.value);
    const text = JSON.stringify(body);
    if (text === lastText) return;
    lastText = text;
    pause.cancel();
    if (body === null) {
      latest.cancel();
      found.value = [];
      checkState.value = "none";
      return;
    }
    checkState.value = "asking";
    pause.restart(() => void check(body), PAUSE_MS);
  });
}

export function checkAgain(): void {
  const body =
    draft.peek() === null || content.peek() === null
      ? null
      : checkBody(draft.peek() as PlanDraft, content.peek() as PlanContent);
  if (body !== null) void check(body);
}

async function check(body: object): Promise<void> {
  const isLatest = latest.begin();
  checkState.value = "asking";
  try {
    const conflicts = await call("POST", "/api/patrols/check", listOf(PlanConflict), body);
    if (!isLatest()) return;
    found.value = conflicts;
    checkState.value = "told";
  } catch {
    if (isLatest()) checkState.value = "failed";
  }
}
