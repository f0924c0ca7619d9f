/** Asks for password or code again, over whatever page an act was refused on for want of it. */
import { shared } from "../../browser/shared-promise.ts";
import { flag, listOf, nothing, object } from "../../wire/parser.ts";
import "./proof-dialog.css";
import { useSignal } from "@preact/signals";
import { type JSX, render } from "preact";
import { useEffect } from "preact/hooks";
import { knowsPasskeys, usePasskey } from "../../session/passkey-device.ts";
import { CallError, call, fetchJson, PROOF } from "../../wire/calls.ts";
import { t } from "../../words/index.ts";
import { faultWords } from "../load-states.tsx";
import { useModal } from "../modal.ts";

/** Returns whether it was shown; acts that are refused at the same time wait for one dialog. */
export const showProof = shared(
  () =>
    new Promise<boolean>((resolve) => {
      const place = document.body.appendChild(document.createElement("div"));
      const done = (good: boolean): void => {
        render(null, place);
        place.remove();
        resolve(good);
      };
      render(<ProofDialog done={done} />, place);
    }),
);

function ProofDialog({ done }: { done: (good: boolean) => void }): JSX.Element {
  const dialog = useModal();
  const busy = useSignal(false);
  const fault = useSignal<string | null>(null);
  const password = useSignal("");
  const passkeys = useSignal(false);
  useEffect(() => {
    if (!knowsPasskeys()) return;
    // Without an answer there is no button: the password does.
    fetchJson(
      "/api/session/passkeys",
      object({
        passkeys: listOf(
          object({
            here: flag,
          }),
        ),
      }),
    ).then(
      (known) => {
        passkeys.value = known.passkeys.some((each) => each.here);
      },
      () => undefined,
    );
  }, []);
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    busy.value = true;
    fault.value = null;
    try {
      await call("POST", PROOF, nothing, { password: password.value });
      done(true);
    } catch (caught) {
      fault.value =
        caught instanceof CallError && caught.slug === "sign_in_refused" ? t("proof.wrong") : faultWords(caught);
      busy.value = false;
    }
  };
  const show = async (): Promise<void> => {
    busy.value = true;
    fault.value = null;
    try {
      await call("POST", `${PROOF}/passkey`, nothing, await usePasskey(`${PROOF}/challenge`));
      done(true);
    } catch (caught) {
      fault.value =
        caught instanceof CallError && caught.slug !== "sign_in_refused"
          ? faultWords(caught)
          : t("proof.passkey_failed");
      busy.value = false;
    }
  };
  return (
    <dialog ref={dialog} class="dialog proof" aria-labelledby="proof-title" onCancel={() => done(false)}>
      <form onSubmit={(event) => void send(event)}>
        <h2 id="proof-title">{t("proof.title")}</h2>
        <p>{t("proof.about")}</p>
        <label for="proof-password">{t("proof.field")}</label>
        <input
          id="proof-password"
          type="password"
          autocomplete="current-password"
          autofocus
          required
          maxLength={1024}
          value={password.value}
          onInput={(event) => {
            password.value = event.currentTarget.value;
            fault.value = null;
          }}
        />
        {fault.value && (
          <p class="field-fault" role="alert">
            {fault.value}
          </p>
        )}
        <div class="actions end">
          <button class="button" type="button" onClick={() => done(false)}>
            {t("dialog.cancel")}
          </button>
          {passkeys.value && (
            <button class="button" type="button" disabled={busy.value} onClick={() => void show()}>
              {t("proof.passkey")}
            </button>
          )}
          <button class="button primary" type="submit" disabled={busy.value}>
            {t("proof.go_on")}
          </button>
        </div>
      </form>
    </dialog>
  );
}
