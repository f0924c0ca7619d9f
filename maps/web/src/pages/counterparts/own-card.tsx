/** The own card: to be photographed, printed, saved or copied. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { now } from "../../session/clock.ts";
import { timeZone } from "../../session/session.ts";
import { minuteWords } from "../../session/times.ts";
import { Qr, Section } from "../../widgets/action-state.tsx";
import { Broken, Loading, useLoaded } from "../../widgets/load-states.tsx";
import { fetchJson } from "../../wire/calls.ts";
import { ShownCard } from "../../wire/counterparts.ts";
import { t } from "../../words/index.ts";
import { cardFileName, keyWords } from "./card-text.ts";

export function OwnCard(): JSX.Element {
  const { value, fault, again } = useLoaded("card", () => fetchJson("/api/counterparts/card", ShownCard));
  return (
    <Section id="own-card" title={t("counterpart.own")}>
      <p class="hint">{t("counterpart.own_how")}</p>
      {fault != null && <Broken what={t("counterpart.own")} fault={fault} retry={again} />}
      {value === null && fault === null && <Loading />}
      {value !== null && <Shown of={value} />}
    </Section>
  );
}

function Shown({ of }: { of: ShownCard }): JSX.Element {
  const copied = useSignal(false);
  const { card } = of.signed;
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(of.text);
    copied.value = true;
  };
  return (
    <div class="card-shown">
      <h3 class="card-name">{card.name}</h3>
      <Qr src={`data:image/svg+xml,${encodeURIComponent(of.qr_svg)}`} alt={t("counterpart.own_qr")} />
      <dl class="facts">
        <dt>{t("counterpart.number")}</dt>
        <dd class="num">
          {t("counterpart.number_at", {
            number: card.number,
            time: minuteWords(Date.parse(card.at), now.peek(), timeZone.peek()),
          })}
        </dd>
        <dt>{t("counterpart.key")}</dt>
        <dd>
          <code class="key">{keyWords(card.signing_key)}</code>
        </dd>
      </dl>
      <div class="actions">
        <button class="button primary" type="button" onClick={() => saveAsFile(of)}>
          {t("counterpart.save")}
        </button>
        {"clipboard" in navigator && (
          <button class="button" type="button" onClick={() => void copy()}>
            {t("counterpart.copy")}
          </button>
        )}
        <button class="button" type="button" onClick={() => print()}>
          {t("counterpart.print")}
        </button>
      </div>
      <p class="said" role="status">
        {copied.value ? t("act.copied") : ""}
      </p>
      <details class="as-text">
        <summary class="button">{t("counterpart.as_text")}</summary>
        <textarea class="card-text" readOnly rows={6} aria-label={t("counterpart.as_text")} value={of.text} />
      </details>
    </div>
  );
}

function saveAsFile({ signed, text }: ShownCard): void {
  const href = URL.createObjectURL(new Blob([`${text}\n`], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = href;
  link.download = cardFileName(signed.card);
  link.click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
