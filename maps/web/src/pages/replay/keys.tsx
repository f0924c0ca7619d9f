/** Every action that has a key; tooltips and the list of keys read the same table. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { isDialogOpen, pressedKey } from "../../browser/key-press.ts";
import { PALETTES, palette } from "../../browser/preferences.ts";
import { Icon } from "../../widgets/icons.tsx";
import { t, type Words } from "../../words/index.ts";
import { openTab, panelOpen } from "./frame-state.ts";
import { faster, look, loop, seek, seekBy, step, turn } from "./player.ts";
import { fit } from "./replay-map.ts";

export const keysOpen = signal(false);

interface Action {
  keys: readonly string[];
  words: Words;
  act: () => void;
}

export function nextPalette(): void {
  palette.value = PALETTES[(PALETTES.indexOf(palette.value) + 1) % PALETTES.length] ?? "day";
}

const ACTIONS: readonly Action[] = [
  { keys: [" "], words: "replay.key.play", act: () => turn() },
  { keys: ["ArrowLeft", ","], words: "replay.key.back", act: () => step(-1) },
  { keys: ["ArrowRight", "."], words: "replay.key.on", act: () => step(1) },
  { keys: ["PageDown"], words: "replay.key.jump_on", act: () => seekBy(0.05) },
  { keys: ["PageUp"], words: "replay.key.jump_back", act: () => seekBy(-0.05) },
  { keys: ["Home"], words: "replay.key.start", act: () => seek(-Infinity) },
  { keys: ["End"], words: "replay.key.end", act: () => seek(Infinity) },
  { keys: ["-"], words: "replay.key.slower", act: () => faster(-1) },
  { keys: ["+", "="], words: "replay.key.faster", act: () => faster(1) },
  {
    keys: ["r"],
    words: "replay.key.loop",
    act: () => {
      loop.value = !loop.value;
    },
  },
  {
    keys: ["k"],
    words: "replay.key.known",
    act: () => {
      look.value = look.value === "known" ? "was" : "known";
    },
  },
  { keys: ["f"], words: "replay.key.fit", act: fit },
  { keys: ["c"], words: "replay.key.range", act: () => openTab("range") },
  { keys: ["u"], words: "replay.key.units", act: () => openTab("units") },
  { keys: ["h"], words: "replay.tab.then", act: () => openTab("then") },
  { keys: ["t"], words: "replay.key.totals", act: () => openTab("totals") },
  { keys: ["s"], words: "replay.tab.save", act: () => openTab("save") },
  {
    keys: ["["],
    words: "replay.key.panel",
    act: () => {
      panelOpen.value = !panelOpen.value;
    },
  },
  { keys: ["n"], words: "replay.key.palette", act: nextPalette },
  {
    keys: ["?"],
    words: "replay.key.help",
    act: () => {
      keysOpen.value = !keysOpen.value;
    },
  },
];

const SHOWN: Readonly<Record<string, string>> = {
  ArrowLeft: "←",
  ArrowRight: "→",
  PageUp: "⇞",
  PageDown: "⇟",
  Home: "⇱",
  End: "⇲",
};

/** A tooltip: the words, and the key that does the same. */
export function tip(words: string, key: string): string {
  return t("key.tip", { words, key });
}

export function listenToKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      event.defaultPrevented ||
      isDialogOpen() ||
      !(event.target instanceof HTMLElement)
    )
      return;
    const key = pressedKey(event);
    const action = ACTIONS.find((each) => each.keys.includes(key));
    if (action === undefined) return;
    // The time line is a field, but keys act on it as on the map: a step is a position, not a pixel.
    const onLine = event.target.id === "scrubber";
    if (!onLine && event.target.closest("input, select, textarea")) return;
    if (event.key === " " && event.target.closest("button, summary, a, [role=tab]")) return;
    // Arrows move in lists of tabs and on the map itself.
    if (event.key.startsWith("Arrow") && event.target.closest("[role=tablist], .maplibregl-canvas")) return;
    if (["Home", "End", "PageUp", "PageDown"].includes(event.key) && event.target.closest(".scroll, [role=region]"))
      return;
    if ((key === "+" || key === "=" || key === "-") && event.target.closest(".maplibregl-canvas")) return;
    event.preventDefault();
    action.act();
  });
}

export function KeysDialog(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (keysOpen.value && !dialog.current?.open) dialog.current?.showModal();
    if (!keysOpen.value && dialog.current?.open) dialog.current.close();
  }, [keysOpen.value]);
  return (
    <dialog
      class="replay-keys"
      ref={dialog}
      aria-labelledby="keys-title"
      onClose={() => {
        keysOpen.value = false;
      }}
    >
      <header>
        <h2 id="keys-title">{t("replay.keys")}</h2>
        <button
          class="icon-button"
          aria-label={t("dialog.close")}
          onClick={() => {
            keysOpen.value = false;
          }}
        >
          <Icon name="close" />
        </button>
      </header>
      <dl>
        {ACTIONS.map(({ keys, words }) => (
          <div key={words}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key === " " ? t("replay.space") : (SHOWN[key] ?? key)}</kbd>
              ))}
            </dt>
            <dd>{t(words)}</dd>
          </div>
        ))}
      </dl>
    </dialog>
  );
}
