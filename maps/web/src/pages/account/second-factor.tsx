/** The second factor: set up with a QR code and a first code, recovery codes shown once, turned off. */

import { signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { now } from "../../session/clock.ts";
import { timeZone } from "../../session/session.ts";
import { momentWords } from "../../session/times.ts";
import {
  type ActionState,
  isWrong,
  Once,
  Outcome,
  Qr,
  SureButton,
  useActionState,
} from "../../widgets/action-state.tsx";
import { Broken, Loading, useLoaded } from "../../widgets/load-states.tsx";
import { FactorSetUp, FactorState } from "../../wire/accounts.ts";
import { call, fetchJson } from "../../wire/calls.ts";
import { listOf, nothing, object, text } from "../../wire/parser.ts";
import { t } from "../../words/index.ts";
import { Passkeys } from "./passkeys.tsx";

const PATH = "/api/session/second-factor";
const CONFIRM = `${PATH}/confirm`;
const RECOVERY = `${PATH}/recovery-codes`;

/** The role may do nothing else before the second factor is set up. */
export const secondFactorRequired = signal(false);

export function SecondFactor(): JSX.Element {
  const { value, fault, again } = useLoaded("factor", () => fetchJson(PATH, FactorState));
  useEffect(() => {
    secondFactorRequired.value = value?.required === true && value.confirmed_at === null && value.passkeys === 0;
  }, [value]);
  const setUp = useSignal<FactorSetUp | null>(null);
  const codes = useSignal<readonly string[] | null>(null);
  const acting = useActionState();
  const confirm = (path: string, code: string): void => {
    void acting.run(
      async () => {
        codes.value = (
          await call(
            "POST",
            path,
            object({
              codes: listOf(text),
            }),
            { code },
          )
        ).codes;
        setUp.value = null;
        again();
      },
      undefined,
      wrongCode,
    );
  };
  return (
    <div class="form">
      <h3>{t("account.factor")}</h3>
      <p class="hint">{t("account.factor_how")}</p>
      {fault != null && <Broken what={t("account.factor")} fault={fault} retry={again} />}
      {value === null && fault === null && <Loading />}
      {value !== null && (
        <p>
          <b>
            {value.confirmed_at === null
              ? t(value.passkeys > 0 ? "account.factor_passkey" : "account.factor_off")
              : t("account.factor_on", {
                  time: momentWords(Date.parse(value.confirmed_at), now.peek(), timeZone.peek()),
                })}
          </b>
          {value.confirmed_at !== null && ` ${t("account.factor_left", { n: value.recovery_left })}`}
        </p>
      )}
      {value?.required && value.confirmed_at === null && value.passkeys === 0 && (
        <p class="field-fault">{t("account.factor_required")}</p>
      )}
      {codes.value !== null && (
        <Once
          title={t("account.factor_codes")}
          secret={codes.value.join("\n")}
          done={() => {
            codes.value = null;
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
      {value !== null && value.confirmed_at === null && setUp.value === null && codes.value === null && (
        <div class="actions">
          <button
            class="button primary"
            type="button"
            disabled={acting.busy.value}
            onClick={() =>
              void acting.run(async () => {
                setUp.value = await call("POST", PATH, FactorSetUp);
              })
            }
          >
            {t("account.factor_begin")}
          </button>
        </div>
      )}
      {setUp.value !== null && <Scan setUp={setUp.value} acting={acting} confirm={(code) => confirm(CONFIRM, code)} />}
      {value !== null && value.confirmed_at !== null && codes.value === null && (
        <Change acting={acting} fresh={(code) => confirm(RECOVERY, code)} />
      )}
      <Outcome of={acting} />
      <Passkeys changed={again} />
    </div>
  );
}

function wrongCode(caught: unknown): string | null {
  return isWrong(caught) ? t("account.factor_wrong") : null;
}

function Scan({
  setUp,
  acting,
  confirm,
}: {
  setUp: FactorSetUp;
  acting: ActionState;
  confirm: (code: string) => void;
}): JSX.Element {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    confirm(String(new FormData(event.currentTarget as HTMLFormElement).get("code")).trim());
  };
  return (
    <form onSubmit={submit}>
      <p>{t("account.factor_scan")}</p>
      <Qr src={setUp.qr.png} alt={t("account.factor_qr")} />
      <p class="hint">
        {t("account.factor_secret")} <code class="break">{setUp.secret}</code>
      </p>
      <CodeField id="factor-first" focus />
      <div class="actions">
        <button class="button primary" type="submit" disabled={acting.busy.value}>
          {t("account.factor_confirm")}
        </button>
      </div>
    </form>
  );
}

function Change({ acting, fresh }: { acting: ActionState; fresh: (code: string) => void }): JSX.Element {
  const code = (): string => (document.getElementById("factor-code") as HTMLInputElement).value.trim();
  const withCode = (act: (code: string) => void): void => {
    if (code() === "") {
      acting.fault.value = t("account.factor_needs_code");
      document.getElementById("factor-code")?.focus();
    } else act(code());
  };
  const off = (said: string): void => {
    void acting.run(
      async () => {
        await call("POST", `${PATH}/off`, nothing, { code: said });
        location.assign("/sign-in?next=/account");
      },
      () => t("account.factor_turned_off"),
      wrongCode,
    );
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        withCode(fresh);
      }}
    >
      <CodeField id="factor-code" />
      <div class="actions">
        <button class="button" type="submit" disabled={acting.busy.value}>
          {t("account.factor_new_codes")}
        </button>
        <SureButton words={t("account.factor_turn_off")} busy={acting.busy.value} act={() => withCode(off)} />
      </div>
    </form>
  );
}

function CodeField({ id, focus = false }: { id: string; focus?: boolean }): JSX.Element {
  return (
    <>
      <label for={id}>{t("account.factor_code")}</label>
      <input
        id={id}
        class="short"
        name="code"
        inputMode="text"
        autocomplete="one-time-code"
        autocapitalize="none"
        spellcheck={false}
        maxLength={40}
        autofocus={focus}
        required
      />
    </>
  );
}
