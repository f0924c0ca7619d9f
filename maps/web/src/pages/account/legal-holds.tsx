/** Legal holds: what is to be preserved, by whose word and why; set here or beside what a search found. */

import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { now } from "../../session/clock.ts";
import { session, timeZone } from "../../session/session.ts";
import { momentWords } from "../../session/times.ts";
import { Outcome, useActionState } from "../../widgets/action-state.tsx";
import { Broken, Empty, Loading, useLoaded } from "../../widgets/load-states.tsx";
import { LegalHold } from "../../wire/administration.ts";
import { call, fetchJson } from "../../wire/calls.ts";
import { listOf, nothing } from "../../wire/parser.ts";
import { t, wordsIfAny } from "../../words/index.ts";

export const KEEP_HOLDS = "keep legal holds";

interface Held {
  kind: string;
  id: string;
  name: string;
}

/** What a search found and somebody wants to be held; null for the whole agency. */
export const toHold = signal<Held | null>(null);

export function LegalHolds(): JSX.Element {
  const { value, fault, again } = useLoaded("legal-holds", () => fetchJson("/api/legal-holds", listOf(LegalHold)));
  const acting = useActionState();
  const agency = session.value?.agency;
  const held = toHold.value ?? { kind: "agency", id: agency?.id ?? "", name: agency?.name ?? "" };
  const add = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const reason = String(new FormData(form).get("reason"));
    void acting.run(
      async () => {
        await call("POST", "/api/legal-holds", nothing, { kind: held.kind, id: held.id, reason });
        form.reset();
        toHold.value = null;
        again();
      },
      () => t("account.hold_set"),
    );
  };
  return (
    <>
      <h3>{t("account.holds")}</h3>
      <p class="hint">{t("account.holds_hint")}</p>
      {fault != null && <Broken what={t("account.holds")} fault={fault} retry={again} />}
      {value === null && fault === null && <Loading />}
      {value?.length === 0 && <Empty title={t("account.holds_empty")} />}
      <ul class="entries">
        {value?.map((each) => (
          <Entry key={each.id} hold={each} again={again} />
        ))}
      </ul>
      <form class="form" onSubmit={add}>
        <p>{t("account.hold_on", { kind: kindWords(held.kind), name: nameWords(held.kind, held.name) || held.id })}</p>
        {toHold.value !== null && (
          <div class="actions">
            <button
              class="button"
              type="button"
              onClick={() => {
                toHold.value = null;
              }}
            >
              {t("account.hold_agency")}
            </button>
          </div>
        )}
        <label for="hold-reason">{t("account.hold_reason")}</label>
        <input id="hold-reason" name="reason" minLength={5} maxLength={1000} autocomplete="off" required />
        <div class="actions">
          <button class="button primary" type="submit" disabled={acting.busy.value}>
            {t("account.hold_set_it")}
          </button>
        </div>
        <Outcome of={acting} />
      </form>
    </>
  );
}

function Entry({ hold, again }: { hold: LegalHold; again: () => void }): JSX.Element {
  const acting = useActionState();
  const release = (event: SubmitEvent): void => {
    event.preventDefault();
    const reason = String(new FormData(event.currentTarget as HTMLFormElement).get("reason"));
    void acting.run(async () => {
      await call("POST", `/api/legal-holds/${hold.id}/release`, nothing, { reason });
      again();
    });
  };
  return (
    <li class="break">
      <b>
        {kindWords(hold.kind_held)}: {nameWords(hold.kind_held, hold.name ?? "") || hold.id_held}
      </b>{" "}
      <code>{hold.id_held}</code>
      <p>{hold.reason}</p>
      <p class="hint num">
        {hold.set_by}, {momentWords(Date.parse(hold.set_at), now.value, timeZone.value)}
      </p>
      <details>
        <summary class="button">{t("account.hold_release")}</summary>
        <form class="form" onSubmit={release}>
          <label for={`release-${hold.id}`}>{t("account.hold_release_reason")}</label>
          <input id={`release-${hold.id}`} name="reason" minLength={5} maxLength={1000} autocomplete="off" required />
          <div class="actions">
            <button class="button primary" type="submit" disabled={acting.busy.value}>
              {t("account.hold_release")}
            </button>
          </div>
          <Outcome of={acting} />
        </form>
      </details>
    </li>
  );
}

/** What a record is called: an incident by what sort it is, in the reader's language. */
export function nameWords(kind: string, name: string): string {
  return (kind === "incident" ? wordsIfAny(`category.${name}`) : null) ?? name;
}

/** Kinds without words of their own say the server's name for them. */
export function kindWords(kind: string): string {
  return wordsIfAny(`account.held_kind.${kind}`) ?? kind.replaceAll("_", " ");
}
