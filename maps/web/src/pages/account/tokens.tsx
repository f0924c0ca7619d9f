/** Tokens with which programs act for the person: made, shown once, listed, revoked. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { now } from "../../session/clock.ts";
import { session, timeZone } from "../../session/session.ts";
import { momentWords } from "../../session/times.ts";
import { Once, Outcome, Section, SureButton, useActionState } from "../../widgets/action-state.tsx";
import { Broken, Empty, Loading, useLoaded } from "../../widgets/load-states.tsx";
import { SCOPES, Token } from "../../wire/accounts.ts";
import { call, fetchJson } from "../../wire/calls.ts";
import { listOf, nothing, object, text } from "../../wire/parser.ts";
import { t } from "../../words/index.ts";

export function Tokens(): JSX.Element {
  const { value, fault, again } = useLoaded("tokens", () => fetchJson("/api/tokens", listOf(Token)));
  const created = useSignal<{ token: string; known: Token } | null>(null);
  const acting = useActionState();
  const make = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const fields = new FormData(form);
    const scopes = fields.getAll("scope");
    acting.said.value = "";
    if (scopes.length === 0) {
      acting.fault.value = t("account.token_none");
      return;
    }
    void acting.run(async () => {
      created.value = await call("POST", "/api/tokens", object({ token: text, known: Token }), {
        label: String(fields.get("label")).trim(),
        scopes,
        days: Number(fields.get("days")),
      });
      form.reset();
      again();
    });
  };
  return (
    <Section id="tokens" title={t("account.tokens")}>
      <p class="hint">{t("account.tokens_how")}</p>
      {created.value !== null && (
        <Once
          title={t("account.token_made", { label: created.value.known.label })}
          secret={created.value.token}
          done={() => {
            created.value = null;
          }}
        />
      )}
      {fault != null && <Broken what={t("account.tokens")} fault={fault} retry={again} />}
      {value === null && fault === null && <Loading />}
      {value?.length === 0 && <Empty title={t("account.tokens_empty")} />}
      <ul class="entries">
        {value?.map((each) => (
          <Entry key={each.id} token={each} again={again} />
        ))}
      </ul>
      <form class="form" onSubmit={make}>
        <label for="token-label">{t("account.token_label")}</label>
        <input id="token-label" name="label" maxLength={100} pattern=".*\S.*" autocomplete="off" required />
        <label for="token-days">{t("account.token_days")}</label>
        <input id="token-days" class="short num" name="days" type="number" min={1} max={366} value={90} required />
        <fieldset>
          <legend class="field-name">{t("account.token_scopes")}</legend>
          {SCOPES.map((scope) => (
            <label key={scope} class="tick">
              <input type="checkbox" name="scope" value={scope} />
              <span>{t(`scope.${scope}`)}</span>
            </label>
          ))}
        </fieldset>
        <div class="actions">
          <button class="button primary" type="submit" disabled={acting.busy.value}>
            {t("account.token_make")}
          </button>
        </div>
        <Outcome of={acting} />
      </form>
    </Section>
  );
}

function Entry({ token, again }: { token: Token; again: () => void }): JSX.Element {
  const acting = useActionState();
  const revoke = (): void => {
    void acting.run(
      async () => {
        await call("DELETE", `/api/tokens/${encodeURIComponent(token.id)}`, nothing);
        again();
      },
      () => t("account.token_ended", { label: token.label }),
    );
  };
  const until = t("account.token_until", {
    time: momentWords(Date.parse(token.expires_at), now.peek(), timeZone.peek()),
  });
  return (
    <li>
      <p class="entry-name">
        <b class="break">{token.label}</b>{" "}
        <span class="dim num">
          {token.user === session.value?.user ? until : `${t("account.token_user", { name: token.user })} · ${until}`}
        </span>
      </p>
      <ul class="scopes dim">
        {token.scopes.map((scope) => (
          <li key={scope}>{t(`scope.${scope}`)}</li>
        ))}
      </ul>
      <div class="actions">
        <SureButton words={t("account.token_end")} busy={acting.busy.value} act={revoke} />
      </div>
      <Outcome of={acting} />
    </li>
  );
}
