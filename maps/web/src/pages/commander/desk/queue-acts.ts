/** What people do about alerts, offers and sharing; the stream tells what became of it. */

import type { AlertAct } from "../../../live/alerts.ts";
import { now } from "../../../session/clock.ts";
import { faultWords, Refusal } from "../../../widgets/load-states.tsx";
import { openQuestion, type Question } from "../../../widgets/question.ts";
import { CallError, call } from "../../../wire/calls.ts";
import type { Agreement, Alert, HandOff, Target } from "../../../wire/documents.ts";
import { nothing } from "../../../wire/parser.ts";
import type { UnitState } from "../../../wire/units.ts";
import { t, type Words } from "../../../words/index.ts";
import { alertTitle, alertWho, lifelines, offerName } from "./queue-words.ts";
import { notify } from "./selection.ts";

const SHELVE_MIN = [15, 60, 240, 720, 1440];
const NOTE_MOST = 1000;
const REASON_MOST = 200;
const PAST_MIN = [60, 360, 720, 1440, 4320, 10_080];

export async function send(failed: Words, path: string, body: unknown, method = "POST"): Promise<void> {
  try {
    await call(method, path, nothing, body);
  } catch (fault) {
    notify(`${t(failed)} ${faultWords(fault)}`, true);
  }
}

function post(path: string, body: unknown): Promise<void> {
  return call("POST", path, nothing, body);
}

export function doAbout(alert: Alert, act: AlertAct): void {
  const path = `/api/alerts/${encodeURIComponent(alert.id)}`;
  const about = [alertTitle(alert), alertWho(alert)].filter(Boolean).join(" · ");
  if (act === "acknowledge") {
    void send("alert.not_acknowledged", `${path}/acknowledge`, {});
  } else if (act === "escalate") {
    void send("alert.not_escalated", `${path}/escalate`, undefined);
  } else if (act === "unshelve") {
    void send("alert.not_unshelved", `${path}/shelve`, undefined, "DELETE");
  } else if (act === "resolve") {
    openQuestion.value = {
      title: t("alert.resolve_title"),
      about,
      label: alert.severity === "sos" ? "alert.note_sos" : "alert.note",
      needed: true,
      most: NOTE_MOST,
      button: "alert.resolve",
      failed: "alert.not_resolved",
      act: (note) => post(`${path}/resolve`, { note }),
    };
  } else {
    openQuestion.value = {
      title: t("alert.shelve_title"),
      about,
      label: "alert.shelve_reason",
      needed: false,
      most: REASON_MOST,
      minutes: SHELVE_MIN,
      button: "alert.shelve",
      failed: "alert.not_shelved",
      act: (reason, minutes) => post(`${path}/shelve`, { minutes, reason }),
    };
  }
}

/**
 * Says that a call for help is over, once somebody is sure. The page asks itself: while a browser asks, nothing else
 * rings.
 */
export function clearDistress(unit: UnitState): void {
  openQuestion.value = {
    title: t("distress.clear"),
    about: t("distress.confirm", { name: unit.call_sign }),
    label: null,
    needed: false,
    most: 0,
    button: "distress.clear",
    failed: "distress.not_cleared",
    act: async () => {
      await call("POST", `/api/units/${encodeURIComponent(unit.id)}/clear-distress`, nothing);
      notify(t("distress.cleared", { name: unit.call_sign }));
    },
  };
}

export function accept(offer: HandOff): void {
  void send("offer.not_accepted", `/api/hand-offs/${encodeURIComponent(offer.id)}/accept`, { term: offer.term });
}

export function decline(offer: HandOff): void {
  openQuestion.value = {
    title: t("offer.decline_title"),
    about: offerName(offer),
    label: "offer.decline_reason",
    needed: false,
    most: NOTE_MOST,
    button: "offer.decline",
    failed: "offer.not_declined",
    act: (reason) => post(`/api/hand-offs/${encodeURIComponent(offer.id)}/decline`, { term: offer.term, reason }),
  };
}

/** Offers a target to the office on the other bank that is nearest to where it will land. */
export function handOver(target: Target): void {
  openQuestion.value = {
    title: t("target.hand_over_title"),
    about: t("target.hand_over_what", { name: target.name }),
    label: "target.hand_over_note",
    needed: false,
    most: NOTE_MOST,
    button: "target.hand_over",
    failed: "target.not_offered",
    act: (note) => post("/api/hand-offs", { target: target.id, note }),
  };
}

export function callBack(offer: HandOff): void {
  openQuestion.value = {
    title: t("offer.call_back_title"),
    about: offerName(offer),
    label: "offer.call_back_reason",
    needed: false,
    most: NOTE_MOST,
    button: "offer.call_back",
    failed: "offer.not_called_back",
    act: (reason) => post(`/api/hand-offs/${encodeURIComponent(offer.id)}/withdraw`, { reason }),
  };
}

/**
 * Signed with the officer's passkey, where there is one. Where it does not sign, the next press goes on by the session
 * alone: nobody is kept from suspending.
 */
function officerAct(
  agreement: Agreement,
  act: "suspend" | "resume" | "backfill" | "end",
  more: (minutes: number) => object = () => ({}),
): Question["act"] {
  let byKey: boolean | null = null;
  return async (reason, minutes) => {
    try {
      const { actOn, hasKey } = await import("../../../session/agreement-key.ts");
      byKey ??= await hasKey().catch(() => false);
      await actOn(agreement.id, act, { reason, ...more(minutes) }, { byKey });
    } catch (caught) {
      if (byKey && !(caught instanceof CallError)) {
        byKey = false;
        throw new Refusal(t("agreement.no_key"));
      }
      throw caught;
    }
  };
}

export function suspend(agreement: Agreement): void {
  openQuestion.value = {
    title: t("sharing.suspend_title"),
    about: [
      t("sharing.suspend_what", { name: agreement.terms.name }),
      ...(lifelines(agreement) ? [t("sharing.lifelines")] : []),
    ].join(" "),
    label: "sharing.suspend_reason",
    needed: true,
    most: NOTE_MOST,
    button: "sharing.suspend",
    failed: "sharing.not_suspended",
    act: officerAct(agreement, "suspend"),
  };
}

export function resume(agreement: Agreement): void {
  openQuestion.value = {
    title: t("sharing.resume_title"),
    about: t("sharing.resume_what", { name: agreement.terms.name }),
    label: "sharing.resume_reason",
    needed: false,
    most: NOTE_MOST,
    button: "sharing.resume",
    failed: "sharing.not_resumed",
    act: officerAct(agreement, "resume"),
  };
}

/** Consents to the last hours or days of one's own records, of every class that the terms name. */
export function openPast(agreement: Agreement): void {
  openQuestion.value = {
    title: t("sharing.past"),
    about: t("sharing.past_what", { name: agreement.terms.name }),
    label: "sharing.resume_reason",
    needed: false,
    most: NOTE_MOST,
    minutes: PAST_MIN,
    button: "sharing.past",
    failed: "sharing.not_opened",
    act: officerAct(agreement, "backfill", (minutes) => {
      const end = now.peek() - 1000; // of the past by any clock
      return {
        backfill: {
          start: new Date(end - minutes * 60_000).toISOString(),
          end: new Date(end).toISOString(),
          classes: agreement.terms.classes,
        },
      };
    }),
  };
}

export function endAgreement(agreement: Agreement): void {
  openQuestion.value = {
    title: t("sharing.end"),
    about: t("sharing.end_what", { name: agreement.terms.name }),
    label: "sharing.suspend_reason",
    needed: true,
    most: NOTE_MOST,
    button: "sharing.end",
    failed: "sharing.not_ended",
    act: officerAct(agreement, "end"),
  };
}
