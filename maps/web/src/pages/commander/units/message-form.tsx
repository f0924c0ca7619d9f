/** Sends words, a request for the position or an alert to a unit's radio. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { isTyping } from "../../../browser/focus.ts";
import { channelName, toWrite, wayFor } from "../../../live/messages.ts";
import { answered, type Found, idToSend, isInVain, takeFound, waitedFor } from "../../../live/request-ids.ts";
import { now } from "../../../session/clock.ts";
import { ageSeconds, ageWords } from "../../../session/times.ts";
import { faultWords } from "../../../widgets/load-states.tsx";
import { tip } from "../../../widgets/tip.ts";
import { call } from "../../../wire/calls.ts";
import type { MessageKind, Route } from "../../../wire/messages.ts";
import { RadioMessage } from "../../../wire/messages.ts";
import type { UnitState } from "../../../wire/units.ts";
import { t, wordsIfAny } from "../../../words/index.ts";
import { notify } from "../desk/selection.ts";

const KINDS = ["text", "poll", "alert"] as const;
const EXPIRY_MIN = [2, 10, 60, 720];
/** Words that are written and not sent, by the unit's id: to look at another unit loses none. */
const begun = new Map<string, string>();

/** @param found is a message that came though its answer was lost; looked for anew by `sent`. */
export function MessageForm({
  unit,
  routes,
  found,
  sent,
}: {
  unit: UnitState;
  routes: Route[];
  found: Found | null;
  sent: () => void;
}): JSX.Element {
  const kind = useSignal<MessageKind>(KINDS.find((each) => wayFor(each, routes)) ?? "text");
  const text = useSignal(begun.get(unit.id) ?? "");
  const reason = useSignal("");
  const minutes = useSignal(10);
  const busy = useSignal(false);
  const fault = useSignal<string | null>(null);
  const edition = useSignal(0);
  const way = wayFor(kind.value, routes);
  const words = useRef<HTMLTextAreaElement>(null);
  const isChosen = toWrite.value === unit.id;
  useLayoutEffect(() => {
    if (!isChosen) return;
    if (words.current === null && wayFor("text", routes)) kind.value = "text";
    if (!isTyping()) words.current?.focus(); // the ways to the radio may have become known late
    if (words.current !== null || !wayFor("text", routes)) toWrite.value = "";
  });
  const textOf = (of: MessageKind): string => (of === "poll" ? "" : text.peek().trim());
  const write = (words: string): void => {
    text.value = words;
    if (words === "") begun.delete(unit.id);
    else begun.set(unit.id, words);
  };
  const change = (): void => {
    edition.value += 1;
    fault.value = null;
  };
  const gone = (): void => {
    text.value = ""; // beside `begun`: in a form that was opened meanwhile other words may have been begun
    reason.value = "";
    change();
    notify(t("message.queued", { name: unit.call_sign }));
  };
  useEffect(() => {
    if (found === null || !takeFound(unit.id, found)) return;
    const { message } = found;
    // Its answer was lost, and it came: who still reads its words in the form would send them twice.
    if (isInVain(message) || message.kind !== kind.peek() || message.text !== textOf(message.kind)) return;
    begun.delete(unit.id);
    gone();
  });
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (kind.value === "text" && text.value.trim() === "") {
      fault.value = t("message.no_words");
      return;
    }
    busy.value = true;
    fault.value = null;
    const written = text.peek();
    begun.delete(unit.id); // it is under way: who looks at another unit and back must not find it as if it were not
    const as = edition.peek();
    const words = textOf(kind.value);
    const body = {
      id: idToSend(unit.id, kind.value, words),
      kind: kind.value,
      unit: unit.id,
      reason: reason.value.trim(),
      expires_in_s: minutes.value * 60,
      text: words,
    };
    const stays = (why: string): void => {
      fault.value = why;
      if (edition.peek() === as && written !== "" && !begun.has(unit.id)) begun.set(unit.id, written);
    };
    try {
      const stored = await call("POST", "/api/orders", RadioMessage, body);
      answered(unit.id, body.id);
      if (isInVain(stored))
        stays(t(`message.state.${stored.state ?? "queued"}`)); // it had come before, and has ended since
      else if (edition.peek() === as) gone();
      else notify(t("message.queued", { name: unit.call_sign })); // what is written while it is sent is another message
    } catch (caught) {
      stays(`${t("message.failed")} ${faultWords(caught)}`);
    } finally {
      waitedFor(body.id);
      busy.value = false;
      sent();
    }
  };
  return (
    <form onSubmit={(event) => void send(event)}>
      <div class="segments" role="group" aria-label={t("message.kind")}>
        {KINDS.map((each) => (
          <button
            key={each}
            type="button"
            aria-pressed={kind.value === each}
            onClick={() => {
              kind.value = each;
              change();
            }}
          >
            {t(`message.${each}`)}
          </button>
        ))}
      </div>
      {way === null ? (
        routes.map((route) => (
          <p key={`${route.channel} ${route.address}`} class="hint cannot">
            {t("message.cannot", { channel: channelName(route.channel), why: refusalWords(route, kind.value) })}
          </p>
        ))
      ) : (
        <>
          {kind.value === "poll" ? (
            <p class="hint">{t("message.poll_how")}</p>
          ) : (
            <>
              <label for="message-text">{t("message.words")}</label>
              <textarea
                id="message-text"
                ref={words}
                rows={2}
                maxLength={1000}
                value={text.value}
                title={tip(t("key.message"), "t")}
                onInput={(event) => {
                  write(event.currentTarget.value);
                  change();
                }}
              />
            </>
          )}
          <label for="message-expires">{t("message.expires")}</label>
          <select
            id="message-expires"
            value={minutes.value}
            onChange={(event) => {
              minutes.value = Number(event.currentTarget.value);
              change();
            }}
          >
            {EXPIRY_MIN.map((each) => (
              <option key={each} value={each}>
                {each < 60 ? t("message.minutes", { n: each }) : t("message.hours", { n: each / 60 })}
              </option>
            ))}
          </select>
          <label for="message-reason">{t("message.reason")}</label>
          <input
            id="message-reason"
            autocomplete="off"
            maxLength={200}
            value={reason.value}
            onInput={(event) => {
              reason.value = event.currentTarget.value;
              change();
            }}
          />
          <p class="hint way">
            {t("message.way", {
              channel: channelName(way.channel),
              address: way.address,
              age: ageWords(ageSeconds(way.heard_at, now.value) ?? 0),
            })}
          </p>
          <button class="button primary" type="submit" disabled={busy.value}>
            {t(
              kind.value === "poll"
                ? "message.send_poll"
                : kind.value === "alert"
                  ? "message.send_alert"
                  : "message.send",
            )}
          </button>
        </>
      )}
      {fault.value && (
        <p class="field-fault" role="alert">
          {fault.value}
        </p>
      )}
    </form>
  );
}

/** Why a way does not take a kind of message. */
export function refusalWords(route: Route, kind: MessageKind): string {
  const refusal = route.refuses?.[kind];
  return refusal ? (wordsIfAny(`refusal.${refusal.reason}`) ?? refusal.detail) : "";
}
