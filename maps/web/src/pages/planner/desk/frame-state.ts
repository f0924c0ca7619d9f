/** What the planner's page shows now: the open tab, the sheet of a phone, what lies along the foot of the map. */

import { computed, signal } from "@preact/signals";
import type { JSX } from "preact";
import { Debounce } from "../../../browser/debounce.ts";
import { storageSignal } from "../../../browser/storage.ts";
import type { Stop } from "../../../widgets/frame/sheet.tsx";

export type PlannerTab = "sectors" | "patrols" | "coverage";
export const PLANNER_TABS: readonly PlannerTab[] = ["sectors", "patrols", "coverage"];

const fromAddress = location.hash.slice(1) as PlannerTab;

/** The open tab; `/planner#patrols` opens one by its address. */
export const plannerTab = signal<PlannerTab>(PLANNER_TABS.includes(fromAddress) ? fromAddress : "sectors");
export const sheetStop = signal<Stop>("half");
export const sideOpen = storageSignal<boolean>("jp.planner.side", true);

/** Something wide along the foot of the map, a timeline for one, with its height in pixels; null for nothing. */
export const below = signal<{ view: () => JSX.Element; height: number } | null>(null);

const narrow = matchMedia("(max-width: 760px)");
export const phone = signal(narrow.matches);
narrow.addEventListener("change", () => {
  phone.value = narrow.matches;
});

/** Pixels that the frame covers at each edge of the map. */
export const covered = computed(() => {
  if (!phone.value) return { left: sideOpen.value ? 400 : 0, right: 56, top: 60, bottom: below.value?.height ?? 0 };
  const sheet = { peek: 112, half: innerHeight * 0.5, full: innerHeight * 0.5 }[sheetStop.value];
  return { left: 0, right: 0, top: 56, bottom: sheet };
});

/** A sentence for screen readers and the foot of the map: what just happened. */
export const notice = signal<{ text: string; bad: boolean } | null>(null);
const fading = new Debounce();

export function notify(text: string, bad = false): void {
  notice.value = { text, bad };
  fading.restart(
    () => {
      notice.value = null;
    },
    bad ? 12000 : 5000,
  );
}

const homes = new Map<PlannerTab, () => void>();

/** Says what pressing a tab does that is open already: back to where the tab begins. */
export function tabBegins(tab: PlannerTab, back: () => void): void {
  homes.set(tab, back);
}

export function openPlannerTab(tab: PlannerTab): void {
  // On a phone the first press brings the folded sheet up, with what is in it.
  const folded = phone.peek() && sheetStop.peek() === "peek";
  if (plannerTab.peek() === tab && !folded) homes.get(tab)?.();
  plannerTab.value = tab;
  history.replaceState(null, "", `#${tab}`);
  if (phone.peek() && sheetStop.peek() === "peek") sheetStop.value = "half";
}
