/** What the person at the console is doing now: selection, open tab, what the next press on the map means. */

import { computed, signal } from "@preact/signals";
import { Debounce } from "../../../browser/debounce.ts";
import { leftOpen, rightOpen } from "../../../browser/preferences.ts";
import { everyone } from "../../../live/signals.ts";
import type { Stop } from "../../../widgets/frame/sheet.tsx";
import type { BasemapInfo, LayerInfo } from "../../../wire/map.ts";

export type Tab = "units" | "alerts" | "unit" | "unknown" | "channels" | "map";

/** Id of the selected unit or unknown radio; empty for none. */
export const selectedId = signal("");
export const tab = signal<Tab>("units");
export const sheetStop = signal<Stop>("peek");
export const helpOpen = signal(false);
/** Radio address that the assign dialog is open for; null when shut. */
export const assigning = signal<string | null>(null);
/** Waits for a press on the map and is given the place; null when nobody waits. */
export const awaitingPlace = signal<((place: { lon: number; lat: number }) => void) | null>(null);
/** A sentence for screen readers and the foot of the map: what just happened. */
export const notice = signal<{ text: string; bad: boolean } | null>(null);
export const layerInfos = signal<ReadonlyMap<string, LayerInfo>>(new Map());
/** The site's own background; known before the map is made, null without one. */
export const basemapInfo = signal<BasemapInfo | null>(null);
/** Reference layers that could not be read. */
export const brokenLayers = signal<ReadonlySet<string>>(new Set());

const narrow = matchMedia("(max-width: 760px)");
export const phone = signal(narrow.matches);
narrow.addEventListener("change", () => {
  phone.value = narrow.matches;
});

export const selected = computed(() => everyone.value?.find((unit) => unit.id === selectedId.value) ?? null);

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

/** Selects a unit and brings its detail to the front. */
export function select(id: string): void {
  selectedId.value = id;
  if (id === "") return;
  tab.value = "unit";
  if (phone.value && sheetStop.value === "peek") sheetStop.value = "half";
  if (!phone.value) rightOpen.value = true;
}

export function clearSelection(): void {
  selectedId.value = "";
  if (tab.value === "unit" && phone.value) tab.value = "units";
}

export function openTab(wanted: Tab): void {
  tab.value = wanted;
  if (phone.value) {
    if (sheetStop.value === "peek") sheetStop.value = "half";
  } else if (wanted === "units") {
    leftOpen.value = true;
  } else {
    rightOpen.value = true;
  }
}
