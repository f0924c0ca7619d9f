/** What waits for the person at this console: alerts, offers of the other bank, and sharing that is suspended. */
import { computed, effect, signal } from "@preact/signals";
import { bringFocus } from "../../../browser/focus.ts";
import { rightOpen } from "../../../browser/preferences.ts";
import { type AlertAct, actsOf, graver, inOrder, rings, standing } from "../../../live/alerts.ts";
import { callFor, type Tune } from "../../../live/bell.ts";
import { documents, endedHandOffs, forgotten } from "../../../live/signals.ts";
import { ACKNOWLEDGE, ANSWER, OFFER, RESOLVE, SHELVE } from "../../../session/permissions.ts";
import { may, session } from "../../../session/session.ts";
import type { Agreement, Alert, HandOff, OfficeDocument, Severity, Target } from "../../../wire/documents.ts";
import { phone, sheetStop, tab } from "./selection.ts";

const MAY: Record<AlertAct, string> = {
  acknowledge: ACKNOWLEDGE,
  escalate: ACKNOWLEDGE,
  resolve: RESOLVE,
  shelve: SHELVE,
  unshelve: SHELVE,
};

export const ours = computed(() => session.value?.agency.id ?? "");

function all<K extends OfficeDocument["kind"]>(kind: K): Extract<OfficeDocument, { kind: K }>[] {
  return (documents.value ?? []).filter(
    (record): record is Extract<OfficeDocument, { kind: K }> => record.kind === kind,
  );
}

export const alerts = computed<Alert[]>(() => inOrder(all("alert"), ours.value));
/** Offers that this agency is asked to answer, the first to lapse first. */
export const offers = computed<HandOff[]>(() =>
  all("hand_off")
    .filter((each) => each.to === ours.value && isOpen(each))
    .sort(byEnd),
);
/** Hand-offs of ours that are under way, and those of others that wait for the other node. */
export const underWay = computed<HandOff[]>(() =>
  all("hand_off")
    .filter((each) => each.agency === ours.value || !isOpen(each))
    .sort(byEnd),
);
/** Whoever is followed, by the agency that has them; what was handed over is with the other agency. */
export const targets = computed<Target[]>(() =>
  all("target")
    .filter((each) => each.state !== "handed over")
    .sort((a, b) => Number(b.agency === ours.value) - Number(a.agency === ours.value) || a.name.localeCompare(b.name)),
);
export const agreements = computed<Agreement[]>(() =>
  all("agreement").filter((each) => each.state === "active" || each.state === "suspended"),
);
export const proposed = computed<Agreement[]>(() => all("agreement").filter((each) => each.state === "proposed"));
export const suspended = computed<Agreement[]>(() => agreements.value.filter((each) => each.state === "suspended"));

/** Units that went because sharing is suspended: by the agreement that says who, when and why. */
export const withheld = computed(() =>
  forgotten.value.flatMap((unit) => {
    const by =
      unit.agency === ours.value ? undefined : suspended.value.find((each) => each.agencies.includes(unit.agency));
    return by === undefined ? [] : [{ ...unit, by }];
  }),
);

const read = signal<ReadonlySet<string>>(new Set());
/** How hand-offs ended, until somebody has read it. */
export const ended = computed<HandOff[]>(() =>
  endedHandOffs.value.filter(
    (each) => !read.value.has(each.id) && (each.agency === ours.value || each.state !== "taken"),
  ),
);

export function markRead(id: string): void {
  read.value = new Set([...read.peek(), id]);
}

export function isOpen(handOff: HandOff): boolean {
  return handOff.state === undefined || handOff.state === "offered" || handOff.state === "escalated";
}

/** Things that wait for an answer of a person at this console: each is a card with buttons in the queue. */
export const waiting = computed(
  () =>
    alerts.value.filter((each) => standing(each) === "waiting" && each.agency === ours.value).length +
    offers.value.length,
);

/** What the role may do about an alert; about one of another agency, nothing. */
export function doable(alert: Alert): AlertAct[] {
  return alert.agency === ours.value ? actsOf(alert).filter((act) => may(MAY[act])) : [];
}

export const mayAnswer = computed(() => may(ANSWER));
export const mayOffer = computed(() => may(OFFER));

/** Id of the alert or offer that the keys act on, as somebody chose it. */
export const chosenId = signal("");
/** Calls for help that are not put aside: above everything else, offers too. */
export const calls = computed<Alert[]>(() =>
  alerts.value.filter((each) => each.severity === "sos" && standing(each) !== "aside"),
);
const cards = computed<(Alert | HandOff)[]>(() => [
  ...calls.value,
  ...offers.value,
  ...alerts.value.filter((each) => !calls.value.includes(each)),
]);

/** How grave the gravest alert about a unit is, by its id; what is put aside marks nothing. */
export const gravest = computed<ReadonlyMap<string, Severity>>(() => {
  const found = new Map<string, Severity>();
  // The gravest come first in each standing: the one that is graver stays.
  for (const alert of alerts.value) {
    if (!alert.unit || standing(alert) === "aside") continue;
    const known = found.get(alert.unit);
    if (known === undefined || graver(alert.severity, known)) found.set(alert.unit, alert.severity);
  }
  return found;
});
/** The chosen one, or else the first. */
export const current = computed(() => cards.value.find((each) => each.id === chosenId.value) ?? cards.value[0] ?? null);

/**
 * What makes a card the chosen one: the keyboard's focus, or a press once it is let go. With its beginning the card
 * that was chosen would fold, and the button slip away from under the pointer.
 */
export function choosing(id: string): { onFocusCapture: (event: FocusEvent) => void; onClickCapture: () => void } {
  const choose = (): void => {
    chosenId.value = id;
  };
  return {
    onFocusCapture: ({ target }) => {
      if ((target as Element).matches(":focus-visible")) choose();
    },
    onClickCapture: choose,
  };
}

export function step(by: number): void {
  const at = cards.peek().findIndex((each) => each.id === current.peek()?.id);
  const next = cards.peek()[Math.max(0, Math.min(cards.peek().length - 1, at + by))];
  if (next === undefined) return;
  chosenId.value = next.id;
  bringFocus(() => document.getElementById(`card-${next.id}`));
}

/** Whether the cards can be seen: keys act on nothing that is hidden. */
export const inView = computed(() =>
  phone.value ? tab.value === "alerts" && sheetStop.value !== "peek" : rightOpen.value && rightTab.value === "alerts",
);

/** What the right side shows: it keeps its tab while somebody works in the list. */
export const rightTab = signal<Exclude<typeof tab.value, "units">>("alerts");
effect(() => {
  if (tab.value !== "units") rightTab.value = tab.value;
});

effect(() => {
  const calling = new Map<string, Tune>();
  for (const alert of alerts.value)
    if (rings(alert) && doable(alert).includes("acknowledge"))
      calling.set(alert.id, alert.severity === "sos" || alert.severity === "high" ? alert.severity : "alert");
  if (mayAnswer.value) for (const offer of offers.value) calling.set(offer.id, "offer");
  callFor(calling);
});

function byEnd(a: HandOff, b: HandOff): number {
  return Date.parse(a.lapses_at) - Date.parse(b.lapses_at);
}
