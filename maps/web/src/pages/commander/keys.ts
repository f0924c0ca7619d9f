/** Every action that has a key. Tooltips and the help list read the same table. */

import { isDialogOpen, pressedKey } from "../../browser/key-press.ts";
import { leftOpen, rightOpen } from "../../browser/preferences.ts";
import type { AlertAct } from "../../live/alerts.ts";
import { markOldestIncidentRead } from "../../live/incidents.ts";
import { toWrite } from "../../live/messages.ts";
import { markOldestRead, markTextsRead, writers } from "../../live/radio-texts.ts";
import { distressed } from "../../live/signals.ts";
import { zoomBy } from "../../map/page-map.ts";
import { openQuestion } from "../../widgets/question.ts";
import type { Alert, HandOff } from "../../wire/documents.ts";
import { t, type Words } from "../../words/index.ts";
import { muteSounds } from "./alerts/sound-mute.tsx";
import { followedId, stopFollowing, toggleFollow } from "./desk/followed-unit.ts";
import { markedId } from "./desk/marks.ts";
import { measuring, turnMeasuring } from "./desk/measure.ts";
import {
  alerts,
  chosenId,
  current,
  doable,
  inView,
  isOpen,
  mayAnswer,
  mayOffer,
  offers,
  ours,
  rightTab,
  step,
  underWay,
} from "./desk/queue.ts";
import { accept, callBack, decline, doAbout } from "./desk/queue-acts.ts";
import { pin } from "./desk/search-pin.ts";
import {
  assigning,
  awaitingPlace,
  clearSelection,
  helpOpen,
  notify,
  openTab,
  phone,
  select,
  selectedId,
  sheetStop,
  tab,
} from "./desk/selection.ts";
import { focusOn, focusSearch, nextPalette, turnCoordinates } from "./desk/shortcuts.ts";
import { fitAll, flyToSelected } from "./map/map-sync.ts";

export interface KeyAction {
  keys: string[];
  words: Words;
  act: () => void;
  /**
   * Again and again while the key is held. All others act once a press: a finger that rests on a key must not
   * acknowledge one alert after another.
   */
  held?: true;
}

/** Brings a form in the unit's detail under the fingers. */
function focusPlot(): void {
  if (selectedId.value === "") return;
  openTab("unit");
  focusOn("plot-km");
}

function focusMessage(): void {
  if (selectedId.value === "") return;
  openTab("unit");
  toWrite.value = selectedId.value; // the form comes once the ways to the radio are known
}

/** Brings the queue to where it can be seen. Returns whether it was: no key acts on what is hidden. */
function queueShown(): boolean {
  if (inView.value) return true;
  openTab("alerts");
  return false;
}

function actOnAlert(...wanted: AlertAct[]): void {
  if (!queueShown()) return;
  const chosen = current.value?.kind === "alert" ? current.value : null;
  const able = (alert: Alert): AlertAct | undefined => doable(alert).find((act) => wanted.includes(act));
  const alert = chosen !== null && (able(chosen) || chosen.id === chosenId.value) ? chosen : alerts.value.find(able);
  const act = alert && able(alert);
  if (alert && act) doAbout(alert, act);
}

function answer(how: (offer: HandOff) => void): void {
  if (!queueShown() || !mayAnswer.value) return;
  const offer = offers.value.find((each) => each.id === current.value?.id) ?? offers.value[0];
  if (offer !== undefined) how(offer);
}

function callBackFirst(): void {
  const mine = underWay.value.find((each) => each.agency === ours.value && isOpen(each));
  if (queueShown() && mayOffer.value && mine !== undefined) callBack(mine);
}

/** Texts can be read in the queue, or where the unit itself is shown; incidents come after them. */
function readTexts(): void {
  const shown = phone.value
    ? tab.value === "unit" && sheetStop.value !== "peek"
    : rightOpen.value && rightTab.value === "unit";
  if (shown && writers.value.includes(selectedId.value)) markTextsRead(selectedId.value);
  else if (!queueShown()) return;
  else if (writers.value.length > 0) markOldestRead();
  else markOldestIncidentRead();
}

function move(by: number): void {
  if (queueShown()) step(by);
}

/** Once to each call for help in turn; the map does not stay on it. */
function goToDistress(): void {
  const calling = distressed.value;
  const next = calling[(calling.findIndex((unit) => unit.id === selectedId.value) + 1) % calling.length];
  if (next === undefined) return notify(t("distress.none"));
  select(next.id);
  flyToSelected();
}

function back(): void {
  if (awaitingPlace.value !== null) awaitingPlace.value = null;
  else if (measuring.value !== null) measuring.value = null;
  else if (openQuestion.value !== null) openQuestion.value = null;
  else if (assigning.value !== null) assigning.value = null;
  else if (helpOpen.value) helpOpen.value = false;
  else if (markedId.value !== "") markedId.value = "";
  else if (pin.value !== null) pin.value = null;
  else if (followedId.value !== "") stopFollowing();
  else if (selectedId.value !== "") clearSelection();
  else if (phone.value) sheetStop.value = "peek";
}

export const ACTIONS: readonly KeyAction[] = [
  { keys: ["/"], words: "key.search", act: focusSearch },
  { keys: ["g"], words: "key.go", act: flyToSelected },
  { keys: ["h"], words: "key.distress", act: goToDistress },
  { keys: ["w"], words: "key.follow", act: toggleFollow },
  { keys: ["f"], words: "key.fit", act: fitAll },
  { keys: ["l"], words: "key.measure", act: turnMeasuring },
  { keys: ["+", "="], words: "key.zoom_in", act: () => zoomBy(1), held: true },
  { keys: ["-"], words: "key.zoom_out", act: () => zoomBy(-1), held: true },
  { keys: ["p"], words: "key.plot", act: focusPlot },
  { keys: ["t"], words: "key.message", act: focusMessage },
  { keys: ["q"], words: "key.alerts", act: () => openTab("alerts") },
  { keys: ["j"], words: "key.next", act: () => move(1), held: true },
  { keys: ["k"], words: "key.previous", act: () => move(-1), held: true },
  { keys: ["a"], words: "key.acknowledge", act: () => actOnAlert("acknowledge") },
  { keys: ["v"], words: "key.resolve", act: () => actOnAlert("resolve") },
  { keys: ["o"], words: "key.escalate", act: () => actOnAlert("escalate") },
  { keys: ["s"], words: "key.shelve", act: () => actOnAlert("shelve", "unshelve") },
  { keys: ["e"], words: "key.read", act: readTexts },
  { keys: ["z"], words: "key.quiet", act: muteSounds },
  { keys: ["y"], words: "key.accept", act: () => answer(accept) },
  { keys: ["x"], words: "key.decline", act: () => answer(decline) },
  { keys: ["b"], words: "key.call_back", act: callBackFirst },
  { keys: ["u"], words: "key.unit", act: () => openTab("unit") },
  { keys: ["r"], words: "key.unknown", act: () => openTab("unknown") },
  { keys: ["c"], words: "key.channels", act: () => openTab("channels") },
  { keys: ["m"], words: "key.map", act: () => openTab("map") },
  {
    keys: ["["],
    words: "key.left",
    act: () => {
      leftOpen.value = !leftOpen.value;
    },
  },
  {
    keys: ["]"],
    words: "key.right",
    act: () => {
      rightOpen.value = !rightOpen.value;
    },
  },
  { keys: ["n"], words: "key.palette", act: nextPalette },
  { keys: ["d"], words: "key.coordinates", act: turnCoordinates },
  { keys: ["Escape"], words: "key.back", act: back },
  {
    keys: ["?"],
    words: "key.help",
    act: () => {
      helpOpen.value = !helpOpen.value;
    },
  },
];

export function listenToKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isDialogOpen()) return;
    const field = event.target instanceof HTMLElement && event.target.closest("input, select, textarea");
    if (field && event.key !== "Escape") return;
    const key = pressedKey(event);
    const action = ACTIONS.find((each) => each.keys.includes(key));
    if (action === undefined) return;
    event.preventDefault();
    if (event.repeat && !action.held) return;
    if (field && event.key === "Escape") (event.target as HTMLElement).blur();
    else action.act();
  });
}
