/** The person's passkeys: made, listed, removed. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { now } from "../../session/clock.ts";
import { knowsPasskeys, makePasskey } from "../../session/passkey-device.ts";
import { timeZone } from "../../session/session.ts";
import { momentWords } from "../../session/times.ts";
import { Once, Outcome, SureButton, useActionState } from "../../widgets/action-state.tsx";
import { Broken, Empty, Loading, useLoaded } from "../../widgets/load-states.tsx";
import type { PasskeyInfo } from "../../wire/accounts.ts";
import { PasskeyState } from "../../wire/accounts.ts";
import { CallError, call, fetchJson } from "../../wire/calls.ts";
import { listOf, nothing, object, text } from "../../wire/parser.ts";
import { t } from "../../words/index.ts";

const PATH = "/api/session/passkeys";

/** `changed` is told when there is another one, or one less. */
export function Passkeys({ changed }: { changed: () => void }): JSX.Element {
  const { value, fault, again } = useLoaded("passkeys", () => fetchJson(PATH, PasskeyState));
  const codes = useSignal<readonly string[]>([]);
  const acting = useActionState();
  const make = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const label = String(new FormData(form).get("label")).trim();
    void acting.run(
      async () => {
        const passkey = await makePasskey(PATH);
        codes.value = (
          await call(
            "POST",
            `${PATH}/confirm`,
            object({
              codes: listOf(text),
            }),
            { ...passkey, label },
          )
        ).codes;
        form.reset();
        again();
        changed();
      },
      () => t("account.passkey_made"),
      stopped,
    );
  };
  const possible = value?.possible === true && knowsPasskeys();
  return (
    <div class="form" id="passkeys">
      <h3>{t("account.passkeys")}</h3>
      <p class="hint">{t("account.passkeys_how")}</p>
      {fault != null && <Broken what={t("account.passkeys")} fault={fault} retry={again} />}
      {value === null && fault === null && <Loading />}
      {value !== null && !possible && <p class="hint">{t("account.passkeys_cannot")}</p>}
      {value?.passkeys.length === 0 && possible && <Empty title={t("account.passkeys_empty")} />}
      <ul class="entries">
        {value?.passkeys.map((each) => (
          <Entry
            key={each.id}
            passkey={each}
            again={() => {
              again();
              changed();
            }}
          />
        ))}
      </ul>
      {codes.value.length > 0 && (
        <Once
          title={t("account.factor_codes")}
          secret={codes.value.join("\n")}
          done={() => {
            codes.value = [];
          }}
        >
          <p class="hint">{t("account.factor_codes_how")}</p>
          <ul class="codes">
            {codes.value.map((code) => (
              <li key={code}>
                <code>{code}</code>
              </li>
            ))}
          </ul>
        </Once>
      )}
      {possible && (
        <form class="form" onSubmit={make}>
          <label for="passkey-label">{t("account.passkey_label")}</label>
          <input id="passkey-label" name="label" maxLength={60} pattern=".*\S.*" autocomplete="off" required />
          <div class="actions">
            <button class="button" type="submit" disabled={acting.busy.value}>
              {t("account.passkey_make")}
            </button>
          </div>
        </form>
      )}
      <Outcome of={acting} />
    </div>
  );
}

/** The device or its owner would not; what the server refuses has words of its own. */
function stopped(caught: unknown): string | null {
  return caught instanceof CallError && caught.slug !== "sign_in_refused" ? null : t("account.passkey_failed");
}

function Entry({ passkey, again }: { passkey: PasskeyInfo; again: () => void }): JSX.Element {
  const acting = useActionState();
  const remove = (): void => {
    void acting.run(async () => {
      await call("DELETE", `${PATH}/${encodeURIComponent(passkey.id)}`, nothing);
      again();
    });
  };
  return (
    <li>
      <p class="entry-name">
        <b class="break">{passkey.label}</b>{" "}
        <span class="dim num">
          {t("account.passkey_since", {
            time: momentWords(Date.parse(passkey.created_at), now.peek(), timeZone.peek()),
          })}
        </span>
      </p>
      {!passkey.here && <p class="hint">{t("account.passkey_elsewhere", { name: passkey.rp_id })}</p>}
      <div class="actions">
        <SureButton words={t("account.passkey_remove")} busy={acting.busy.value} act={remove} />
      </div>
      <Outcome of={acting} />
    </li>
  );
}
