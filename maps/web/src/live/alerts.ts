/**
 * How alerts stand to each other, and what may be done about one: the life of an alert (patrol/alerts/alert.py) as the
 * page needs it. Pure.
 */
import type { Alert, AlertState, Severity } from "../wire/documents.ts";

export type AlertAct = "acknowledge" | "escalate" | "resolve" | "shelve" | "unshelve";
/** Where a card stands: it waits for somebody, somebody knows of it, or it can be left alone. */
export type Standing = "waiting" | "known" | "aside";

const WEIGHT: Record<Severity, number> = { sos: 0, high: 1, medium: 2, low: 3 };

const ACTS: Record<AlertState, readonly AlertAct[]> = {
  raised: ["acknowledge", "escalate", "shelve", "resolve"],
  escalated: ["acknowledge", "escalate", "shelve", "resolve"],
  returned_unacknowledged: ["acknowledge", "resolve"],
  acknowledged: ["resolve", "shelve"],
  returned_acknowledged: ["resolve"],
  shelved: ["unshelve", "resolve"],
  shelved_returned: ["unshelve", "resolve"],
  settled: [],
  resolved: [],
  withdrawn: [],
};

export function graver(one: Severity, than: Severity): boolean {
  return WEIGHT[one] < WEIGHT[than];
}

export function stateOf(alert: Alert): AlertState {
  return alert.state ?? "raised";
}

/** Whether this page knows what its state means: one of a newer server may not. */
export function isKnownState(alert: Alert): boolean {
  return Object.hasOwn(ACTS, stateOf(alert));
}

/** Whether it calls for somebody, aloud. A call for help that nobody knows to be answered does. */
export function rings(alert: Alert): boolean {
  const state = stateOf(alert);
  return (
    (state === "raised" || state === "escalated" || (alert.severity === "sos" && !isKnownState(alert))) &&
    alert.historical !== true
  );
}

export function standing(alert: Alert): Standing {
  const state = stateOf(alert);
  if (alert.historical === true || state === "settled" || state.startsWith("shelved")) return "aside";
  return rings(alert) || state === "returned_unacknowledged" || !isKnownState(alert) ? "waiting" : "known";
}

/**
 * What its life lets people do now: a call for help cannot be put aside, and others are told while there are some left.
 */
export function actsOf(alert: Alert): AlertAct[] {
  const barred: AlertAct[] = [
    ...(alert.severity === "sos" ? ["shelve" as const] : []),
    ...(rings(alert) && alert.escalates_at ? [] : ["escalate" as const]),
  ];
  // Of a state that is not known here the server says what may be done.
  return (isKnownState(alert) ? ACTS[stateOf(alert)] : ACTS.raised).filter((act) => !barred.includes(act));
}

const STANDINGS: readonly Standing[] = ["waiting", "known", "aside"];

/**
 * Calls for help first; then what waits, what is known, what is put aside; in each those of `ours`, the worst first,
 * then the newest.
 */
export function inOrder(alerts: readonly Alert[], ours: string): Alert[] {
  const rank = (alert: Alert): number[] => [
    alert.severity === "sos" && standing(alert) !== "aside" ? 0 : 1,
    STANDINGS.indexOf(standing(alert)),
    alert.agency === ours ? 0 : 1,
    rings(alert) ? 0 : 1,
    WEIGHT[alert.severity],
    -Date.parse(alert.raised_at),
  ];
  return [...alerts]
    .map((alert) => ({ alert, by: rank(alert) }))
    .sort((a, b) => compare(a.by, b.by))
    .map(({ alert }) => alert);
}

function compare(a: number[], b: number[]): number {
  const at = a.findIndex((each, i) => each !== b[i]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
