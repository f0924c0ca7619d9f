/** What the agency holds on somebody or something: an administrator asks, says why, and the journal notes it. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { now } from "../../session/clock.ts";
import { may, timeZone } from "../../session/session.ts";
import { momentWords } from "../../session/times.ts";
import { Outcome, useActionState } from "../../widgets/action-state.tsx";
import { Mentions } from "../../wire/administration.ts";
import { call } from "../../wire/calls.ts";
import { t } from "../../words/index.ts";
import { KEEP_HOLDS, kindWords, nameWords, toHold } from "./legal-holds.tsx";

/** What a legal hold can be set on. */
const HELD_KINDS = ["incident", "target", "hand_off", "patrol", "alert", "unit"];
export const SEARCH_HOLDINGS = "search what is held";

export function Holdings(): JSX.Element {
  const found = useSignal<Mentions | null>(null);
  const acting = useActionState();
  const search = (event: SubmitEvent): void => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    found.value = null;
    void acting.run(
      async () => {
        found.value = await call("POST", "/api/holdings", Mentions, {
          words: fields.get("words"),
          purpose: fields.get("purpose"),
        });
      },
      () => t("account.held_count", { number: found.peek()?.found.length ?? 0 }),
    );
  };
  const kinds = [...new Set(found.value?.found.map((each) => each.kind))];
  return (
    <>
      <p class="hint">{t("account.held_hint")}</p>
      <form class="form" onSubmit={search}>
        <label for="held-words">{t("account.held_words")}</label>
        <input
          id="held-words"
          name="words"
          minLength={3}
          maxLength={200}
          autocomplete="off"
          spellcheck={false}
          required
        />
        <label for="held-purpose">{t("account.held_purpose")}</label>
        <input id="held-purpose" name="purpose" minLength={5} maxLength={500} autocomplete="off" required />
        <div class="actions">
          <button class="button primary" type="submit" disabled={acting.busy.value}>
            {t("account.held_search")}
          </button>
        </div>
        <Outcome of={acting} />
      </form>
      {kinds.map((kind) => (
        <div key={kind} class="held">
          <h3>
            {kindWords(kind)} <span class="num">{found.value?.found.filter((each) => each.kind === kind).length}</span>
          </h3>
          <ul class="entries">
            {found.value?.found
              .filter((each) => each.kind === kind)
              .map((each, n) => (
                <li key={n} class="entry break">
                  <b>{nameWords(kind, each.name ?? "") || each.id}</b> {each.name && <code>{each.id}</code>}{" "}
                  {may(KEEP_HOLDS) && HELD_KINDS.includes(kind) && (
                    <button
                      class="button"
                      type="button"
                      onClick={() => {
                        toHold.value = { kind, id: each.id, name: each.name ?? "" };
                        document.getElementById("hold-reason")?.focus();
                      }}
                    >
                      {t("account.hold_this")}
                    </button>
                  )}{" "}
                  <span class="hint num">
                    {each.at === undefined ? "" : momentWords(Date.parse(each.at), now.value, timeZone.value)}{" "}
                    {(each.fields ?? []).join(", ")}
                  </span>
                </li>
              ))}
          </ul>
        </div>
      ))}
      {(found.value?.more.length ?? 0) > 0 && (
        <p class="hint">{t("account.held_more", { kinds: found.value?.more.map(kindWords).join(", ") ?? "" })}</p>
      )}
    </>
  );
}
