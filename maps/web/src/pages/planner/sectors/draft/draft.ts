/** What somebody is drawing: name, use, note and shape, with steps to take back; a reload does not lose it. */

import { computed, signal } from "@preact/signals";
import { bodyOf, type SectorShape, sameShape } from "../../../../geo/sector-shape.ts";
import { CallError, call, fetchJson } from "../../../../wire/calls.ts";
import type { SectorUse } from "../../../../wire/documents.ts";
import { nothing } from "../../../../wire/parser.ts";
import { type PastVersion, SectorDetails, versionNumber } from "../../../../wire/sectors.ts";
import { t } from "../../../../words/index.ts";
import { Unsaved } from "../../desk/draft-notice.tsx";
import { notify } from "../../desk/frame-state.ts";
import { limitsOf, sameLimits, type TypedLimits, typed } from "./limits.ts";
import { loadSectors, looked, shapeOfDocument, view } from "./store.ts";
import { begin, redo, step, type UndoHistory, undo } from "./undo-history.ts";

export interface Words {
  name: string;
  use: SectorUse;
  limits: TypedLimits;
  note: string;
}

export interface Draft extends Words {
  /** Null for a new sector. */
  id: string | null;
  /** Version that it began from; 0 for a new sector. */
  version: number;
  /** Why it is changed, for the journal. */
  reason: string;
  steps: UndoHistory<SectorShape | null>;
  /** What it was when it began: equal means that nothing was changed. */
  first: Words & { shape: SectorShape | null };
}

/** Null while nobody draws. */
export const draft = signal<Draft | null>(null);
/** What somebody else saved meanwhile, "gone" when the sector was retired; null while nobody did. */
export const conflict = signal<SectorDetails | "gone" | null>(null);
/** Between pressing Save and the server's answer. */
export const saving = signal(false);
export const saveFault = signal<unknown>(null);

export const shape = computed(() => draft.value?.steps.now ?? null);

export const changed = computed(() => {
  const now = draft.value;
  if (now === null) return false;
  const { first } = now;
  return (
    now.name !== first.name ||
    now.use !== first.use ||
    now.note !== first.note ||
    !sameLimits(now.limits, first.limits) ||
    !sameShape(now.steps.now, first.shape)
  );
});

export function startNew(): void {
  open({ id: null, version: 0, name: "", use: "patrol", limits: typed(null), note: "" }, null);
}

export function startEdit({ sector }: SectorDetails): void {
  open(
    {
      id: sector.id,
      version: versionNumber(sector),
      name: sector.name,
      use: sector.use ?? "patrol",
      limits: typed(sector.limits),
      note: sector.note ?? "",
    },
    shapeOfDocument(sector),
  );
}

function open(about: Words & { id: string | null; version: number }, first: SectorShape | null): void {
  const { name, use, limits, note } = about;
  draft.value = { ...about, reason: "", steps: begin(first), first: { name, use, limits, note, shape: first } };
  conflict.value = null;
  saveFault.value = null;
  looked.value = null;
  view.value = { at: "edit" };
}

export function edit(some: Partial<Pick<Draft, "name" | "use" | "limits" | "note" | "reason">>): void {
  if (draft.value !== null) draft.value = { ...draft.value, ...some };
}

/** Takes a new shape as a step. With `merge` it takes the place of the newest step. */
export function setShape(next: SectorShape | null, merge = false): void {
  const now = draft.peek();
  if (now === null || sameShape(now.steps.now, next)) return;
  draft.value = { ...now, steps: step(now.steps, next, merge) };
}

export function undoShape(): void {
  if (draft.value !== null) draft.value = { ...draft.value, steps: undo(draft.value.steps) };
}

export function redoShape(): void {
  if (draft.value !== null) draft.value = { ...draft.value, steps: redo(draft.value.steps) };
}

/** Puts the draft away and shows what is there without it. */
export function discard(): void {
  const id = draft.peek()?.id ?? null;
  draft.value = null;
  conflict.value = null;
  saveFault.value = null;
  looked.value = null;
  view.value = id === null ? { at: "list" } : { at: "sector", id };
}

/** Works on from a version that somebody else saved, with the shape and words as they are here. */
export function saveOver(newer: SectorDetails): void {
  if (draft.value !== null) draft.value = { ...draft.value, version: versionNumber(newer.sector) };
  conflict.value = null;
  looked.value = null;
  void save();
}

/** Makes of it a new sector, where the old one is gone. */
export function saveAsNew(): void {
  if (draft.value !== null) draft.value = { ...draft.value, id: null, version: 0 };
  conflict.value = null;
  void save();
}

/** Keeps the draft on the server as a new sector or a new version. What fails changes nothing here. */
export async function save(): Promise<void> {
  const now = draft.peek();
  const body = bodyOf(now?.steps.now ?? null);
  if (now === null || body === null || saving.peek()) return;
  saving.value = true;
  saveFault.value = null;
  const words = { name: now.name.trim(), use: now.use, note: now.note };
  const sent = { ...words, limits: limitsOf(now.limits) };
  try {
    const moved = now.id === null || !sameShape(now.steps.now, now.first.shape);
    const stored =
      now.id === null
        ? await call("POST", "/api/sectors", SectorDetails, { ...sent, ...body })
        : await call("PATCH", `/api/sectors/${encodeURIComponent(now.id)}`, SectorDetails, {
            ...sent,
            ...(moved ? body : {}),
            version: now.version,
            reason: now.reason,
          });
    conflict.value = null;
    looked.value = null;
    const meanwhile = draft.peek();
    if (meanwhile === now) {
      draft.value = null;
    } else if (meanwhile?.first === now.first) {
      // What was drawn on while it was sent is not in what was kept: it goes on from there.
      draft.value = {
        ...meanwhile,
        id: stored.sector.id,
        version: versionNumber(stored.sector),
        first: { ...words, limits: now.limits, shape: now.steps.now },
      };
    }
    await loadSectors();
    if (meanwhile === now) view.value = { at: "sector", id: stored.sector.id };
    notify(t("sector.saved", { name: stored.sector.name, number: versionNumber(stored.sector) }));
  } catch (fault) {
    saveFault.value = fault;
    if (fault instanceof CallError && now.id !== null && (fault.status === 409 || fault.status === 404))
      await findConflict(now.id, now.version);
  } finally {
    saving.value = false;
  }
}

/** Looks at what is there now; a name that is taken is no conflict of versions. */
async function findConflict(id: string, version: number): Promise<void> {
  try {
    const there = await fetchJson(`/api/sectors/${encodeURIComponent(id)}`, SectorDetails);
    if (there.sector.retired_at) conflict.value = "gone";
    else if (versionNumber(there.sector) !== version) conflict.value = there;
    else return;
    saveFault.value = null;
  } catch {
    // The first refusal is told; the next try looks again.
  }
}

/** Makes an old version the newest again. */
export async function restore(past: PastVersion, newest: SectorDetails, reason: string): Promise<void> {
  const { sector } = past;
  const body = {
    name: sector.name,
    use: sector.use ?? "patrol",
    limits: sector.limits ?? {},
    note: sector.note ?? "",
    ...bodyOf(shapeOfDocument(sector)),
    version: versionNumber(newest.sector),
    reason,
  };
  await call("PATCH", `/api/sectors/${encodeURIComponent(sector.id)}`, nothing, body);
  looked.value = null;
  await loadSectors();
  notify(t("sector.restored", { number: versionNumber(sector), name: sector.name }));
}

export async function retire(details: SectorDetails, reason: string): Promise<void> {
  await call("POST", `/api/sectors/${encodeURIComponent(details.sector.id)}/retire`, nothing, {
    version: versionNumber(details.sector),
    reason,
  });
  await loadSectors();
  view.value = { at: "list" };
  notify(t("sector.retired", { name: details.sector.name }));
}

/** Drawings that were left without being saved. */
export const unsaved = new Unsaved<Draft>("sectors");

function isDraft(what: unknown): what is Draft {
  const found = what as Partial<Draft> | null;
  return (
    typeof found?.name === "string" &&
    Array.isArray(found.steps?.past) &&
    found.first?.limits !== undefined &&
    found.limits !== undefined
  );
}

/** Offers what this person drew before a reload, and keeps what is drawn from now on. */
export function keepDraft(): void {
  unsaved.keep(isDraft, () => {
    const now = draft.value;
    return now === null || !changed.value
      ? null
      : { ...now, steps: { ...now.steps, past: now.steps.past.slice(-20), future: [] } };
  });
}

/** Draws on with what was left. */
export function takeUp(left: Draft): void {
  draft.value = left;
  conflict.value = null;
  saveFault.value = null;
  looked.value = null;
  view.value = { at: "edit" };
}
