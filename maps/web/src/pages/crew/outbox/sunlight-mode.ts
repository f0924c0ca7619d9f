/** The sun: the day's palette in black on white, for a screen in full light. The crew's page only. */
import { effect } from "@preact/signals";
import { palette } from "../../../browser/preferences.ts";
import { storageSignal } from "../../../browser/storage.ts";

export const sunlightMode = storageSignal<boolean>("jp.crew.sun", false);

effect(() => {
  document.documentElement.toggleAttribute("data-sun", sunlightMode.value && palette.value === "day");
});
