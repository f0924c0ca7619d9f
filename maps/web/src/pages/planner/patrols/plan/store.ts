/** Patrols that this person may see, over or not, which of them is looked at, and the stretch of time that is shown. */

import { computed, effect, signal } from "@preact/signals";
import { Debounce } from "../../../../browser/debounce.ts";
import { Latest } from "../../../../browser/latest-request.ts";
import { isOneOf, storageSignal } from "../../../../browser/storage.ts";
import { now } from "../../../../session/clock.ts";
import { may, session, timeZone } from "../../../../session/session.ts";
import { call, fetchJson } from "../../../../wire/calls.ts";
import { listOf } from "../../../../wire/parser.ts";
import { isOver, PatrolDocument, PlanConflict, Seal, Shift, stateOf } from "../../../../wire/patrols.ts";
import { AgencyInfo } from "../../../../wire/session.ts";
import type { UnitState } from "../../../../wire/units.ts";
import { documentNews, units } from "../../desk/stream-documents.ts";
import { DAY_MS, isoOf } from "./local-days.ts";
import { type Scale, scaleFrom, ZOOMS, type Zoom } from "./scale.ts";

export const PLAN = "plan patrols";
export const SIGN = "sign patrols";
export const RUN = "run patrols";
export const ANNEX = "write annexes";

export type View = { at: "list" } | { at: "patrol"; id: string } | { at: "versions"; id: string } | { at: "edit" };
export const view = signal<View>({ at: "list" });

export const zoom = storageSignal<Zoom>("jp.planner.zoom", "week", isOneOf(ZOOMS));
/** The stretch of time that timeline and list show. */
export const scale = signal<Scale>(scaleFrom(Date.now(), zoom.peek(), timeZone.peek()));

const open = signal<readonly PatrolDocument[] | null>(null);
const past = signal<readonly PatrolDocument[]>([]);
export const shifts = signal<readonly Shift[]>([]);
export const agencies = signal<readonly AgencyInfo[]>([]);
/** Why the patrols could not be read; what was read before stays. */
export const patrolsFault = signal<unknown>(null);
/** What is in the way of each plan that is not under way, by its id. */
export const conflictsOf = signal<ReadonlyMap<string, readonly PlanConflict[]>>(new Map());

/** Patrols that are not over, and those of the stretch shown that are, by their start; null until they are known. */
export const patrols = computed(() => {
  if (open.value === null) return null;
  const ids = new Set(open.value.map((each) => each.id));
  return [...open.value, ...past.value.filter((each) => !ids.has(each.id))].sort(
    (a, b) => a.starts_at.localeCompare(b.starts_at) || a.id.localeCompare(b.id),
  );
});

export const own = computed(() => session.value?.agency.id ?? "");

export const looking = computed(() => {
  const at = view.value;
  return at.at === "patrol" || at.at === "versions" ? (patrols.value?.find((each) => each.id === at.id) ?? null) : null;
});

/** Units by id, as far as they may be seen. */
export const unitsById = computed(() => new Map<string, UnitState>((units.value ?? []).map((each) => [each.id, each])));

export function isParty(patrol: PatrolDocument): boolean {
  return patrol.agency === own.value || patrol.agencies.includes(own.value);
}

export function mayChange(patrol: PatrolDocument): boolean {
  return may(PLAN) && isParty(patrol) && ["draft", "proposed", "signed", "ready"].includes(stateOf(patrol));
}

const latest = new Latest();

export async function loadPatrols(): Promise<void> {
  const isLatest = latest.begin();
  try {
    const { from } = scale.peek();
    const until = Math.max(now.peek(), from) + DAY_MS;
    const query = new URLSearchParams({ start: isoOf(from), end: isoOf(until), limit: "500" });
    const [found, over] = await Promise.all([
      fetchJson("/api/patrols", listOf(PatrolDocument)),
      fetchJson(`/api/patrols/past?${query}`, listOf(PatrolDocument)),
    ]);
    if (!isLatest()) return;
    open.value = found;
    past.value = over;
    patrolsFault.value = null;
    void judge(found, isLatest);
  } catch (fault) {
    if (isLatest()) patrolsFault.value = fault;
  }
}

/** Asks what is in the way of each plan that can still be changed. */
async function judge(found: readonly PatrolDocument[], isLatest: () => boolean): Promise<void> {
  const judged = found.filter((each) => isParty(each) && stateOf(each) !== "under way");
  const conflicts = await Promise.all(
    judged.map(async (each): Promise<[string, readonly PlanConflict[]]> => {
      try {
        return [each.id, await fetchJson(`/api/patrols/${each.id}/conflicts`, listOf(PlanConflict))];
      } catch {
        return [each.id, conflictsOf.peek().get(each.id) ?? []]; // the next news asks again
      }
    }),
  );
  if (isLatest()) conflictsOf.value = new Map(conflicts);
}

async function loadShifts(): Promise<void> {
  try {
    const { from, to } = scale.peek();
    const query = new URLSearchParams({
      since: isoOf(from - DAY_MS * 2),
      until: isoOf(Math.max(to, now.peek()) + DAY_MS),
      limit: "200",
    });
    const [coming, over] = await Promise.all([
      fetchJson("/api/roster/shifts", listOf(Shift)),
      fetchJson(`/api/roster/shifts/past?${query}`, listOf(Shift)),
    ]);
    const byId = new Map([...over, ...coming].map((each) => [each.id, each]));
    shifts.value = [...byId.values()].filter((each) => each.state !== "cancelled");
  } catch {
    shifts.value = []; // the band is a hint: plans are made without it
  }
}

export async function loadParties(): Promise<void> {
  try {
    agencies.value = await fetchJson("/api/agencies", listOf(AgencyInfo));
  } catch {
    agencies.value = []; // plans of the own agency alone can still be made
  }
}

export function sealOf(patrol: PatrolDocument): Promise<Seal> {
  return fetchJson(`/api/patrols/${patrol.id}/seal`, Seal);
}

/** Does an act of a patrol's life, and shows what became of it at once. */
export async function act(
  patrol: PatrolDocument,
  method: string,
  path: string,
  body?: unknown,
): Promise<PatrolDocument> {
  const changed = await call(method, `/api/patrols/${patrol.id}${path}`, PatrolDocument, body);
  put(changed);
  return changed;
}

/** Puts what the server answered into the list; the stream brings the same. */
export function put(patrol: PatrolDocument): void {
  const others = (open.peek() ?? []).filter((each) => each.id !== patrol.id);
  if (isOver(patrol)) {
    open.value = others;
    past.value = [...past.peek().filter((each) => each.id !== patrol.id), patrol];
  } else open.value = [...others, patrol];
  void loadPatrols();
}

const reload = new Debounce();

/** Reads the lists now, when there is news of documents, and when another stretch of time is shown. */
export function watchPatrols(): void {
  scale.value = scaleFrom(now.peek(), zoom.peek(), timeZone.peek());
  effect(() => {
    documentNews.value;
    scale.value;
    reload.restart(() => {
      void loadPatrols();
      void loadShifts();
    }, 150);
  });
  void loadParties();
}
