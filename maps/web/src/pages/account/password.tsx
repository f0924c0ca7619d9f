/** The person's own password, and all sessions at once. */

import type { JSX } from "preact";
import { forgetDrafts } from "../../session/drafts.ts";
import { session } from "../../session/session.ts";
import { isWrong, Outcome, SureButton, useActionState } from "../../widgets/action-state.tsx";
import { CallError, call } from "../../wire/calls.ts";
import { nothing } from "../../wire/parser.ts";
import { t } from "../../words/index.ts";
import { keepOver } from "./push.ts";

const SHORTEST = 12;

export function Password(): JSX.Element {
  const acting = useActionState();
  const change = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const fields = new FormData(form);
    const [present, fresh, again] = ["present", "fresh", "again"].map((name) => String(fields.get(name)));
    acting.said.value = "";
    if (fresh !== again) acting.fault.value = t("account.password_differs");
    else if ((fresh ?? "").length < SHORTEST) acting.fault.value = t("account.password_short");
    else {
      void acting.run(
        async () => {
          await keepOver(() => call("PUT", "/api/session/password", nothing, { present, new: fresh }));
          form.reset();
        },
        () => t("account.password_changed"),
        why,
      );
    }
  };
  return (
    <form class="form" aria-labelledby="password-title" onSubmit={change}>
      <h3 id="password-title">{t("account.password")}</h3>
      <label for="password-present">{t("account.password_present")}</label>
      <input id="password-present" name="present" type="password" autocomplete="current-password" required />
      <label for="password-fresh">{t("account.password_new")}</label>
      <input id="password-fresh" name="fresh" type="password" autocomplete="new-password" maxLength={256} required />
      <label for="password-again">{t("account.password_again")}</label>
      <input id="password-again" name="again" type="password" autocomplete="new-password" maxLength={256} required />
      <p class="hint">{t("account.password_how")}</p>
      <div class="actions">
        <button class="button primary" type="submit" disabled={acting.busy.value}>
          {t("account.password_change")}
        </button>
      </div>
      <Outcome of={acting} />
    </form>
  );
}

function why(caught: unknown): string | null {
  if (isWrong(caught)) return t("account.password_wrong");
  return caught instanceof CallError && caught.status === 409 ? t("account.password_none") : null;
}

export function Sessions(): JSX.Element {
  const acting = useActionState();
  const end = (): void => {
    const name = session.peek()?.user ?? "";
    void acting.run(async () => {
      await call("DELETE", `/api/users/${encodeURIComponent(name)}/sessions`, nothing);
      forgetDrafts();
      location.assign("/sign-in?next=/account");
    });
  };
  const signOut = (): void => {
    void acting.run(async () => {
      await call("DELETE", "/api/session", nothing);
      forgetDrafts();
      location.assign("/sign-in");
    });
  };
  return (
    <div class="form">
      <h3>{t("account.sessions")}</h3>
      <p class="hint">{t("account.sessions_how")}</p>
      <div class="actions">
        <button class="button" type="button" disabled={acting.busy.value} onClick={signOut}>
          {t("account.sign_out")}
        </button>
        <SureButton words={t("account.sessions_end")} busy={acting.busy.value} act={end} />
      </div>
      <Outcome of={acting} />
    </div>
  );
}
