/** Why is this radio not on my map? Follows one address through every hop. */

import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { everyone } from "../../../live/signals.ts";
import { now } from "../../../session/clock.ts";
import { timeZone } from "../../../session/session.ts";
import { minuteWords, momentWords, zoneOffset } from "../../../session/times.ts";
import { Icon } from "../../../widgets/icons.tsx";
import { Broken, Loading } from "../../../widgets/load-states.tsx";
import { fetchJson } from "../../../wire/calls.ts";
import type { TechnicianMessage } from "../../../wire/radios.ts";
import { RadioInquiry } from "../../../wire/radios.ts";
import { t, wordsIfAny } from "../../../words/index.ts";
import { select } from "../desk/selection.ts";
import { Bytes, RejectedFrames } from "./rejected-frames.tsx";

/** Kept while other panels are open. */
const asked = signal("");
const answer = signal<RadioInquiry | null>(null);
const busy = signal(false);
const fault = signal<unknown>(null);

async function inquire(what: string): Promise<void> {
  const sought = what.trim();
  if (sought === "") return;
  asked.value = sought;
  busy.value = true;
  answer.value = fault.value = null;
  try {
    const found = await fetchJson(`/api/radios/${encodeURIComponent(sought)}/why`, RadioInquiry);
    if (asked.peek() === sought) answer.value = found;
  } catch (caught) {
    fault.value = caught;
  } finally {
    busy.value = false;
  }
}

export function RadioInquiryForm(): JSX.Element {
  const field = useId();
  const send = (event: Event): void => {
    event.preventDefault();
    void inquire(asked.value);
  };
  return (
    <section class="why" aria-labelledby={`${field}-title`}>
      <h3 id={`${field}-title`}>{t("why.title")}</h3>
      <form onSubmit={send}>
        <label for={field}>{t("why.label")}</label>
        <div class="plot-line">
          <input
            id={field}
            autocomplete="off"
            spellcheck={false}
            value={asked.value}
            placeholder={t("why.example")}
            onInput={(event) => {
              asked.value = event.currentTarget.value;
            }}
          />
          <button class="button" disabled={busy.value || asked.value.trim() === ""}>
            {t("why.ask")}
          </button>
        </div>
      </form>
      <div aria-live="polite">
        {busy.value && <Loading />}
        {fault.value !== null && (
          <Broken what={t("why.failed")} fault={fault.value} retry={() => void inquire(asked.peek())} />
        )}
        {answer.value !== null && <Answer why={answer.value} />}
      </div>
    </section>
  );
}

function Answer({ why }: { why: RadioInquiry }): JSX.Element {
  const about = [why.unit, why.address].find(
    (id) => id !== undefined && everyone.value?.some((each) => each.id === id),
  );
  const localised = (text: string): string =>
    (why.moments ?? []).reduce((words, { said, at }) => words.replaceAll(said, localMinute(Date.parse(at))), text);
  return (
    <div class="why-answer">
      <p class={`why-verdict${why.verdict === "on_map" ? "" : " ill"}`}>
        <Icon name={why.verdict === "on_map" ? "target" : "warn"} />
        <b>{localised(why.says)}</b>
      </p>
      {why.next !== "" && <p>{t("why.next", { what: localised(why.next) })}</p>}
      {(why.close ?? []).length > 0 && (
        <div class="why-close">
          <p class="dim">{t(why.verdict === "several" ? "why.which" : "why.close")}</p>
          <div class="actions">
            {(why.close ?? []).map(({ address, name }) => (
              <button key={address} class="button" onClick={() => void inquire(address)}>
                {name ? `${name} · ${address}` : address}
              </button>
            ))}
          </div>
        </div>
      )}
      {why.address && why.address !== why.asked && (
        <p class="dim break">
          <code>{why.address}</code>
        </p>
      )}
      <ol class="hops">
        {(why.hops ?? []).map((hop) => (
          <li key={hop.name} class={hop.well === false ? "hop ill" : "hop"}>
            <span class="hop-name">{wordsIfAny(`hop.${hop.name}`) ?? hop.name}</span>
            <span class="hop-state">{t(hop.well === null ? "hop.unsure" : hop.well ? "hop.well" : "hop.ill")}</span>
            <span class="hop-says">{localised(hop.says)}</span>
          </li>
        ))}
      </ol>
      {about !== undefined && (
        <div class="actions">
          <button class="button" onClick={() => select(about)}>
            {t("why.show")}
          </button>
        </div>
      )}
      {why.last && <Last message={why.last} />}
      {(why.rejected ?? []).length > 0 && (
        <details>
          <summary>{t("why.rejected", { n: why.rejected?.length ?? 0 })}</summary>
          <RejectedFrames frames={why.rejected ?? []} />
        </details>
      )}
    </div>
  );
}

/** `14:02 (+07)`, as the page shows times, with the zone: the sentence may be told on. */
function localMinute(ms: number): string {
  return `${minuteWords(ms, now.value, timeZone.value)} (${zoneOffset(ms, timeZone.value)})`;
}

function Last({ message }: { message: TechnicianMessage }): JSX.Element {
  const best = message.best;
  const heardBy = [...new Set((message.heard_by ?? []).map((each) => `${each.channel} (${each.gateway})`))].join(", ");
  return (
    <details>
      <summary>{t("why.last", { time: momentWords(Date.parse(message.heard_at), now.value, timeZone.value) })}</summary>
      <p class="dim">
        {t("why.heard_by", { names: heardBy })}
        {best && ` · ${t("why.best", { name: best.channel, signal: signalWords(best.snr_db, best.rssi_dbm) })}`}
      </p>
      {(message.flags ?? []).length > 0 && (
        <p class="dim">
          {(message.flags ?? []).map((flag) => wordsIfAny(`flag.${flag}`) ?? flag.replaceAll("_", " ")).join(" ")}
        </p>
      )}
      <Bytes {...(message.raw ? { text: message.raw } : {})} {...(message.hex ? { hex: message.hex } : {})} />
    </details>
  );
}

function signalWords(snr: number | undefined, rssi: number | undefined): string {
  return [
    snr === undefined ? null : t("signal.snr", { number: snr }),
    rssi === undefined ? null : t("signal.rssi", { number: rssi }),
  ]
    .filter(Boolean)
    .join(", ");
}
