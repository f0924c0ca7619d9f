/** Who may be shown a marked place, a target or a sector by radio, how that is asked for, and what became of it. */

import { signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { isOnItsWay } from "../live/messages.ts";
import { now } from "../session/clock.ts";
import { timeZone } from "../session/session.ts";
import { momentWords } from "../session/times.ts";
import { call, fetchJson } from "../wire/calls.ts";
import type { RadioMessage } from "../wire/messages.ts";
import { PlaceRadios } from "../wire/messages.ts";
import { nothing } from "../wire/parser.ts";
import { t, wordsIfAny } from "../words/index.ts";
import { faultWords } from "./load-states.tsx";
import { openQuestion } from "./question.ts";

const SOON_MS = 1500;
const QUIET_MS = 15_000;
const REASON_MOST = 200;

interface Shown {
  kind: "mark" | "target" | "sector";
  id: string;
  name: string;
}

/** The page's own sentence at the foot of its map. */
type Say = (text: string, bad?: boolean) => void;

function path(place: Shown): string {
  return `/api/on-air/${place.kind}s/${encodeURIComponent(place.id)}`;
}

/** Counts what was sent from here, so that a card looks at once what becomes of it. */
const sends = signal(0);

/** What was sent, the newest of each channel. */
export function OnRadios({ place }: { place: Shown }): JSX.Element | null {
  const orders = useSignal<RadioMessage[]>([]);
  useEffect(() => {
    let timer = 0;
    let isCurrent = true;
    const look = async (): Promise<void> => {
      try {
        const read = await fetchJson(path(place), PlaceRadios);
        if (isCurrent) orders.value = read.orders;
      } catch {
        // what was sent is not known now: the next look tells
      }
      if (isCurrent)
        timer = window.setTimeout(
          () => void look(),
          orders.peek().some((each) => isOnItsWay(each, now.peek())) ? SOON_MS : QUIET_MS,
        );
    };
    void look();
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [place.id, sends.value]);
  const last = [...new Map(orders.value.toReversed().map((each) => [each.channel, each])).values()];
  if (last.length === 0) return null;
  return (
    <>
      <p>
        <b>{t("mark.on_radios")}</b>
      </p>
      <ul class="message-log">
        {last.map((each) => (
          <Order key={each.id} order={each} />
        ))}
      </ul>
    </>
  );
}

/** Asks over which channel; says so where none may show it. */
export async function sendToRadios(place: Shown, say: Say): Promise<void> {
  try {
    const { channels } = await fetchJson(path(place), PlaceRadios);
    if (channels.length === 0) say(t("mark.no_radio"), true);
    else askChannel(place, channels, say);
  } catch (fault) {
    say(`${t("mark.not_to_radios")} ${faultWords(fault)}`, true);
  }
}

function Order({ order }: { order: RadioMessage }): JSX.Element {
  const state = order.state ?? "queued";
  const last = order.history?.at(-1);
  const why = last?.why ? (wordsIfAny(`refusal.${last.why}`, { channel: order.channel }) ?? last.detail) : last?.detail;
  const time = momentWords(Date.parse(order.created_at), now.value, timeZone.value);
  return (
    <li>
      <p class="message-line">
        <b>{order.channel}</b>
        <span class="message-state">
          {t(state === "sent" && order.final ? "message.state.sent_final" : `message.state.${state}`)}
        </span>
      </p>
      {why && <p class="hint">{why}</p>}
      <p class="dim num">{`${order.operator} · ${time}`}</p>
    </li>
  );
}

function askChannel(place: Shown, channels: readonly string[], say: Say): void {
  openQuestion.value = {
    title: t("mark.to_radios_title"),
    about: t(place.kind === "sector" ? "sector.to_radios_what" : "mark.to_radios_what", { name: place.name }),
    label: "message.reason",
    needed: false,
    most: REASON_MOST,
    button: "mark.to_radios",
    failed: "mark.not_to_radios",
    choice: { label: "mark.channel", options: channels.map((value) => ({ value, words: value })) },
    act: async (reason, _minutes, channel) => {
      await call("POST", path(place), nothing, { channel, reason: reason.replaceAll("\n", " ") });
      say(t("mark.handed", { channel }));
      sends.value += 1;
    },
  };
}
