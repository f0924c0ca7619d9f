/** Every act of the planner's page that has a key; `?` lists them. Each tab gives its own. */
import { effect, signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { isDialogOpen, pressedKey } from "../../../browser/key-press.ts";
import { PALETTES, palette } from "../../../browser/preferences.ts";
import { zoomBy } from "../../../map/page-map.ts";
import { Icon } from "../../../widgets/icons.tsx";
import { t, type Words } from "../../../words/index.ts";
import { firstOffer } from "./draft-notice.tsx";
import { followTyping, takeTyped } from "./field-edit.ts";
import { openPlannerTab, sideOpen } from "./frame-state.ts";

export interface PlannerKey {
  /** As the browser names the key; with Ctrl as `Ctrl+Z`. */
  keys: readonly string[];
  words: Words;
  /** Whether it does something now. */
  when?: () => boolean;
  act: () => void;
  /** It works while a field is typed in. */
  inFields?: boolean;
  /** Once a press, however long the key is held. */
  once?: boolean;
}

export const helpOpen = signal(false);

const table: PlannerKey[] = [
  { keys: ["1"], words: "planner.sectors", act: () => openPlannerTab("sectors") },
  { keys: ["2"], words: "planner.patrols", act: () => openPlannerTab("patrols") },
  { keys: ["3"], words: "planner.coverage", act: () => openPlannerTab("coverage") },
  {
    keys: ["o"],
    words: "planner.take_up",
    when: () => firstOffer.peek() !== null,
    act: () => firstOffer.peek()?.take(),
  },
  {
    keys: ["x"],
    words: "planner.throw_away",
    once: true,
    when: () => firstOffer.peek() !== null,
    act: () => firstOffer.peek()?.drop(),
  },
  { keys: ["+", "="], words: "key.zoom_in", act: () => zoomBy(1) },
  { keys: ["-"], words: "key.zoom_out", act: () => zoomBy(-1) },
  {
    keys: ["["],
    words: "planner.fold",
    act: () => {
      sideOpen.value = !sideOpen.value;
    },
  },
  {
    keys: ["N"],
    words: "planner.palette",
    act: () => {
      palette.value = PALETTES[(PALETTES.indexOf(palette.value) + 1) % PALETTES.length] ?? "day";
    },
  },
  {
    keys: ["?"],
    words: "planner.keys",
    act: () => {
      helpOpen.value = true;
    },
  },
];

/** Adds the keys of a tab; the first that does something now is done. */
export function addKeys(more: readonly PlannerKey[]): void {
  table.unshift(...more);
}

export function listenToKeys(): void {
  followTyping(document);
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || isDialogOpen()) return;
    const field = event.target instanceof HTMLElement && event.target.closest("input, select, textarea") !== null;
    const key = pressedKey(event);
    const pressed =
      event.ctrlKey || event.metaKey
        ? `Ctrl+${event.shiftKey ? "Shift+" : ""}${key.length === 1 ? key.toUpperCase() : key}`
        : key;
    const found = table.find(
      (each) => each.keys.includes(pressed) && (!field || each.inFields === true) && (each.when?.() ?? true),
    );
    if (found !== undefined) {
      event.preventDefault();
      // What is typed counts as soon as the field is left; a key that saves leaves none.
      if (field) takeTyped(event.target);
      if (!event.repeat || found.once !== true) found.act();
    } else if (field && event.key === "Escape") (event.target as HTMLElement).blur();
  });
}

export function KeysDialog(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(
    () =>
      effect(() => {
        if (helpOpen.value) dialog.current?.showModal();
        else dialog.current?.close();
      }),
    [],
  );
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby="keys-title"
      onClose={() => {
        helpOpen.value = false;
      }}
    >
      <div class="dialog-head">
        <h2 id="keys-title">{t("planner.keys")}</h2>
        <button
          class="icon-button"
          aria-label={t("dialog.close")}
          onClick={() => {
            helpOpen.value = false;
          }}
        >
          <Icon name="close" />
        </button>
      </div>
      <dl class="keys">
        {table.map((each) => (
          <div key={each.words}>
            <dt>
              {each.keys.slice(0, 1).map((key) => (
                <kbd key={key}>{key === "Escape" ? "Esc" : key}</kbd>
              ))}
            </dt>
            <dd>{t(each.words)}</dd>
          </div>
        ))}
      </dl>
    </dialog>
  );
}
