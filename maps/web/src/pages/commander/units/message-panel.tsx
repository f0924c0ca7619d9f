/** What may be said to a unit's radio, over which channel, and what became of the last messages. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { channelName, useMessages } from "../../../live/messages.ts";
import { now } from "../../../session/clock.ts";
import { MESSAGE_RADIOS, RELAY_DISTRESS } from "../../../session/permissions.ts";
import { may, timeZone } from "../../../session/session.ts";
import { momentWords } from "../../../session/times.ts";
import { Icon } from "../../../widgets/icons.tsx";
import { Broken, faultWords, Loading } from "../../../widgets/load-states.tsx";
import { CallError, call } from "../../../wire/calls.ts";
import type { Route } from "../../../wire/messages.ts";
import { RadioMessage } from "../../../wire/messages.ts";
import type { UnitState } from "../../../wire/units.ts";
import { t, type Words, wordsIfAny } from "../../../words/index.ts";
import { notify } from "../desk/selection.ts";
import { MessageForm, refusalWords } from "./message-form.tsx";

export function MessagePanel({ unit }: { unit: UnitState }): JSX.Element | null {
  const messages = useMessages(unit.id);
  const routes = messages.routes.value;
  const sent = messages.sent.value;
  const speaks = may(MESSAGE_RADIOS);
  if (!speaks && sent?.length === 0) return null;
  return (
    <section class="message" aria-labelledby="message-title">
      <h3 id="message-title">
        <Icon name="message" />
        {t(speaks ? "message.title" : "message.last")}
      </h3>
      {speaks &&
        routes === null &&
        (messages.routesFault.value ? (
          <Broken what={t("message.routes_failed")} fault={messages.routesFault.value} retry={messages.again} />
        ) : (
          <Loading />
        ))}
      {speaks &&
        routes !== null &&
        (routes.some((route) => route.takes?.length) ? (
          <MessageForm unit={unit} routes={routes} found={messages.found.value} sent={messages.again} />
        ) : (
          <NoWay routes={routes} />
        ))}
      {sent !== null && sent.length > 0 && (
        <>
          {speaks && <h3>{t("message.last")}</h3>}
          <ul class="message-log">
            {sent.map((each) => (
              <Sent key={each.id} message={each} again={messages.again} />
            ))}
          </ul>
        </>
      )}
      {messages.sentFault.value != null && <p class="field-fault">{t("message.log_failed")}</p>}
    </section>
  );
}

function NoWay({ routes }: { routes: Route[] }): JSX.Element {
  if (routes.length === 0) return <p class="hint">{t("message.no_way")}</p>;
  const texts = new Set(
    routes.map((route) =>
      t("message.cannot", { channel: channelName(route.channel), why: refusalWords(route, "text") }),
    ),
  );
  return (
    <>
      {[...texts].map((words) => (
        <p key={words} class="hint">
          {words}
        </p>
      ))}
    </>
  );
}

const GOOD = new Set(["acknowledged", "delivered", "read"]);
const BAD = new Set(["failed", "expired", "refused"]);

function Sent({ message, again }: { message: RadioMessage; again: () => void }): JSX.Element {
  const state = message.state ?? "queued";
  const last = message.history?.at(-1);
  const position = state === "delivered" && message.kind === "poll";
  const key: Words =
    state === "sent" && message.final
      ? "message.state.sent_final"
      : position
        ? "message.state.position"
        : `message.state.${state}`;
  const why = position
    ? null
    : last?.why
      ? (wordsIfAny(`refusal.${last.why}`, { channel: message.channel }) ?? last.detail)
      : last?.detail;
  const times = last?.attempts && last.attempts > 1 ? t("message.times", { n: last.attempts }) : null;
  const time = momentWords(Date.parse(message.created_at), now.value, timeZone.value);
  return (
    <li>
      <p class="message-line">
        <b>{t(`message.kind.${message.kind}`)}</b>
        <span class={`message-state ${GOOD.has(state) ? "good" : BAD.has(state) ? "bad" : ""}`}>{t(key)}</span>
      </p>
      {message.text && (
        <p class="message-said">
          <q>{message.text}</q>
        </p>
      )}
      {(why || times) && <p class="hint">{[why, times].filter(Boolean).join(", ")}</p>}
      <p class="dim num">
        {t("message.by", { operator: message.operator, time, channel: channelName(message.channel) })}
      </p>
      {state === "queued" &&
        message.final !== true &&
        may(message.kind === "distress" ? RELAY_DISTRESS : MESSAGE_RADIOS) && (
          <CallOff message={message} again={again} />
        )}
    </li>
  );
}

/** Calls off a message that waits, in two taps; the second is not where the first was. */
function CallOff({ message, again }: { message: RadioMessage; again: () => void }): JSX.Element {
  const isAsking = useSignal(false);
  const busy = useSignal(false);
  const fault = useSignal<string | null>(null);
  const keep = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    if (isAsking.value) keep.current?.focus();
  }, [isAsking.value]);
  const callOff = async (): Promise<void> => {
    busy.value = true;
    fault.value = null;
    try {
      const left = await call("DELETE", `/api/orders/${encodeURIComponent(message.id)}`, RadioMessage);
      notify(t(left.state === "cancelled" ? "message.cancelled" : "message.cancel_asked"));
    } catch (caught) {
      fault.value =
        caught instanceof CallError && caught.status === 409
          ? t("message.too_late")
          : `${t("message.not_cancelled")} ${faultWords(caught)}`;
    } finally {
      busy.value = false;
      isAsking.value = false;
      again();
    }
  };
  return (
    <>
      {fault.value && (
        <p class="field-fault" role="alert">
          {fault.value}
        </p>
      )}
      <div class="actions">
        {isAsking.value ? (
          <>
            <button
              ref={keep}
              class="button"
              type="button"
              onClick={() => {
                isAsking.value = false;
              }}
            >
              {t("message.keep")}
            </button>
            <button class="button primary" type="button" disabled={busy.value} onClick={() => void callOff()}>
              {t("message.cancel_sure")}
            </button>
          </>
        ) : (
          <button
            class="button"
            type="button"
            onClick={() => {
              isAsking.value = true;
            }}
          >
            {t("message.cancel")}
          </button>
        )}
      </div>
    </>
  );
}
