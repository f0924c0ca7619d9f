/** Following a unit: the map stays on it until somebody moves the map. */
import { computed, signal } from "@preact/signals";
import { everyone } from "../../../live/signals.ts";
import { t } from "../../../words/index.ts";
import { notify, selected } from "./selection.ts";

/** Id of the unit that the map stays on; empty for none. */
export const followedId = signal("");
export const followed = computed(() => everyone.value?.find((unit) => unit.id === followedId.value) ?? null);

/** Begins to follow the selected unit, or stops. */
export function toggleFollow(): void {
  const unit = selected.peek();
  if (followedId.peek() !== "" && (unit === null || unit.id === followedId.peek())) return stopFollowing();
  if (unit === null) return notify(t("follow.none"));
  if (!unit.last) return notify(t("follow.no_place", { name: unit.call_sign }));
  followedId.value = unit.id;
  notify(t("follow.begun", { name: unit.call_sign }));
}

/** Stops, and says so: nobody should think that the map still follows. */
export function stopFollowing(): void {
  if (followedId.peek() === "") return;
  const name = followed.peek()?.call_sign ?? "";
  followedId.value = "";
  notify(t("follow.stopped", { name }));
}
