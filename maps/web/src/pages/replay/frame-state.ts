/** Which part of the page is open. */
import { signal } from "@preact/signals";
import { storageSignal } from "../../browser/storage.ts";

export const TABS = ["range", "units", "then", "totals", "save"] as const;
export type Tab = (typeof TABS)[number];

export const tab = signal<Tab>("range");
export const panelOpen = storageSignal<boolean>("jp.replay.panel", true);

const narrow = matchMedia("(max-width: 760px)");
export const phone = signal(narrow.matches);
narrow.addEventListener("change", () => {
  phone.value = narrow.matches;
});

export function openTab(wanted: Tab): void {
  tab.value = wanted;
  panelOpen.value = true;
}
