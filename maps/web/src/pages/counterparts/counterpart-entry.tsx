/** One other office: who it is, how far it has been met, and what may be done about it. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { EXCHANGE_FILES, PAIR_COUNTERPARTS, REVOKE_COUNTERPARTS } from "../../session/permissions.ts";
import { may } from "../../session/session.ts";
import { Outcome, useActionState } from "../../widgets/action-state.tsx";
import { call } from "../../wire/calls.ts";
import { type CardAgency, Counterpart, type CounterpartLink } from "../../wire/counterparts.ts";
import { t, wordsIfAny } from "../../words/index.ts";
import { CardReader } from "./card-reader.tsx";
import { keyWords } from "./card-text.ts";
import { Fact, timeWords } from "./facts.tsx";
import { Files } from "./files.tsx";
import { LinkFacts } from "./link.tsx";
import { LogFacts } from "./log.tsx";
import { Compare, Confirm } from "./pairing.tsx";

export function CounterpartEntry({
  of,
  link,
  changed,
}: {
  of: Counterpart;
  link?: CounterpartLink | undefined;
  changed: (counterpart: Counterpart) => void;
}): JSX.Element {
  const { card, state } = of;
  const path = `/api/counterparts/${encodeURIComponent(of.id)}`;
  const renew = async (text: string): Promise<string> => {
    changed(await call("POST", `${path}/renew`, Counterpart, { card: text }));
    return t("counterpart.renewed");
  };
  return (
    <li class="counterpart" data-state={state}>
      <h3>{card.name}</h3>
      <p class="state" role="status">
        {wordsIfAny(`counterpart.state.${state}`) ?? state}
      </p>
      <dl class="facts">
        <Fact name={t("counterpart.agencies")}>
          {card.agencies.map((each) => (
            <span key={each.id} class="agency">
              {agencyWords(each)}
            </span>
          ))}
        </Fact>
        <Fact name={t("counterpart.number")}>
          <span class="num">{t("counterpart.number_at", { number: card.number, time: timeWords(card.at) })}</span>
        </Fact>
        <Fact name={t("counterpart.key")}>
          <code class="key">{keyWords(card.signing_key)}</code>
        </Fact>
        <Done name={t("counterpart.compared")} by={of.compared_by} at={of.compared_at} />
        <Done name={t("counterpart.confirmed")} by={of.confirmed_by} at={of.confirmed_at} />
        <Done name={t("counterpart.revoked")} by={of.revoked_by} at={of.revoked_at} />
        {link !== undefined && state === "confirmed" && <LinkFacts of={link} />}
        {state === "confirmed" && <LogFacts id={of.id} />}
        {of.reason !== "" && <Fact name={t("counterpart.reason")}>{of.reason}</Fact>}
      </dl>
      {state === "proposed" && <Compare of={of} changed={changed} />}
      {state === "compared" && <Confirm of={of} changed={changed} />}
      {state === "confirmed" && may(EXCHANGE_FILES) && (
        <Folded words={t("counterpart.files")} name={card.name}>
          <Files of={of} />
        </Folded>
      )}
      {state !== "revoked" && may(PAIR_COUNTERPARTS) && (
        <Folded words={t("counterpart.renew")} name={card.name}>
          <p class="hint">{t("counterpart.renew_how")}</p>
          <CardReader id={`renew-${of.id}`} button={t("counterpart.renew_take")} take={renew} />
        </Folded>
      )}
      {state !== "revoked" && may(REVOKE_COUNTERPARTS) && (
        <Folded words={t("counterpart.revoke")} name={card.name}>
          <Revoke of={of} changed={changed} />
        </Folded>
      )}
    </li>
  );
}

function Revoke({ of, changed }: { of: Counterpart; changed: (counterpart: Counterpart) => void }): JSX.Element {
  const acting = useActionState();
  const reason = useSignal("");
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const path = `/api/counterparts/${encodeURIComponent(of.id)}/revoke`;
    void acting.run(async () => changed(await call("POST", path, Counterpart, { reason: reason.peek().trim() })));
  };
  return (
    <form class="form" onSubmit={submit}>
      <p class="warning">{t("counterpart.revoke_what", { name: of.card.name })}</p>
      <label for={`reason-${of.id}`}>{t("counterpart.reason")}</label>
      <input
        id={`reason-${of.id}`}
        value={reason.value}
        maxLength={1000}
        pattern=".*\S.*"
        autocomplete="off"
        required
        onInput={(event) => {
          reason.value = event.currentTarget.value;
        }}
      />
      <div class="actions">
        <button class="button primary" type="submit" disabled={acting.busy.value}>
          {t("counterpart.revoke_do", { name: of.card.name })}
        </button>
      </div>
      <Outcome of={acting} />
    </form>
  );
}

function Folded({ words, name, children }: { words: string; name: string; children: ComponentChildren }): JSX.Element {
  return (
    <details>
      <summary class="button">
        {words}
        <span class="hidden">{` ${name}`}</span>
      </summary>
      {children}
    </details>
  );
}

function Done({ name, by, at }: { name: string; by: string; at: string | null }): JSX.Element | null {
  if (at === null) return null;
  return (
    <Fact name={name}>
      <span class="num">{`${by} · ${timeWords(at)}`}</span>
    </Fact>
  );
}

function agencyWords({ id, name, country }: CardAgency): string {
  const where = country === "" ? "" : (wordsIfAny(`country.${country}`) ?? country);
  return where === "" ? `${name} (${id})` : `${name} (${id}), ${where}`;
}
