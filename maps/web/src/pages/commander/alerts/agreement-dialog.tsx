/** An agreement whole: its terms, who signed and with what, and the way to sign it for one's own agency. */
import { useSignal } from "@preact/signals";
import { type JSX, render } from "preact";
import { useEffect } from "preact/hooks";
import { agencyName } from "../../../session/agencies.ts";
import { actOn, hasKey, NoKey } from "../../../session/agreement-key.ts";
import { now } from "../../../session/clock.ts";
import { SIGN_AGREEMENTS, SUSPEND } from "../../../session/permissions.ts";
import { may, timeZone } from "../../../session/session.ts";
import { minuteWords } from "../../../session/times.ts";
import { faultWords } from "../../../widgets/load-states.tsx";
import { useModal } from "../../../widgets/modal.ts";
import type { Agreement, OfficerWord } from "../../../wire/documents.ts";
import { t } from "../../../words/index.ts";
import { ours } from "../desk/queue.ts";
import { endAgreement, openPast } from "../desk/queue-acts.ts";
import { notify } from "../desk/selection.ts";
import { TermsBefore, TermsList } from "./agreement-terms.tsx";
import "./agreement-dialog.css";

const OFFICE_MOST = 200;

/** Opens the dialog over the page. */
export function showAgreement(agreement: Agreement): void {
  const place = document.body.appendChild(document.createElement("div"));
  const shut = (): void => {
    render(null, place);
    place.remove();
  };
  render(<AgreementDialog agreement={agreement} shut={shut} />, place);
}

function AgreementDialog({ agreement, shut }: { agreement: Agreement; shut: () => void }): JSX.Element {
  const dialog = useModal();
  const signed = agreement.signatures ?? [];
  const mine =
    agreement.state === "proposed" &&
    agreement.agencies.includes(ours.value) &&
    !signed.some((each) => each.agency === ours.value);
  return (
    <dialog ref={dialog} class="dialog agreement" aria-labelledby="agreement-title" onCancel={shut} onClose={shut}>
      <h2 id="agreement-title">{agreement.terms.name}</h2>
      <p class="dim">{agreement.agencies.map(agencyName).join(", ")}</p>
      <TermsList terms={agreement.terms} />
      {(agreement.text_number ?? 1) > 1 && <TermsBefore agreement={agreement} />}
      <h3>{t("agreement.signatures")}</h3>
      <ul class="agreement-signatures">
        {agreement.agencies.map((agency) => {
          const signature = signed.find((each) => each.agency === agency);
          const word = (agreement.consents ?? []).find((each) => each.agency === agency && each.at !== signature?.at);
          return (
            <li key={agency}>
              <b>{agencyName(agency)}</b>
              {signature === undefined ? (
                <span>{t("agreement.unsigned")}</span>
              ) : (
                <span>
                  {t("agreement.signed", { time: moment(signature) })}
                  {signature.office && <> · {signature.office}</>}
                  <Means of={signature} />
                </span>
              )}
              {word && (
                <span>
                  {t(word.given ? "agreement.resumed" : "agreement.suspended", { time: moment(word) })}
                  {word.reason && (
                    <>
                      : <q>{word.reason}</q>
                    </>
                  )}
                  <Means of={word} />
                </span>
              )}
            </li>
          );
        })}
      </ul>
      {agreement.agencies.includes(ours.value) && (
        <div class="actions end">
          {agreement.state !== "proposed" && may(SUSPEND) && (
            <button
              class="button"
              type="button"
              onClick={() => {
                shut();
                openPast(agreement);
              }}
            >
              {t("sharing.past")}
            </button>
          )}
          {may(SIGN_AGREEMENTS) && (
            <button
              class="button"
              type="button"
              onClick={() => {
                shut();
                endAgreement(agreement);
              }}
            >
              {t("sharing.end")}
            </button>
          )}
        </div>
      )}
      {mine && may(SIGN_AGREEMENTS) ? (
        <SignForm agreement={agreement} shut={shut} />
      ) : (
        <div class="actions end">
          <button class="button" type="button" onClick={shut}>
            {t("dialog.close")}
          </button>
        </div>
      )}
    </dialog>
  );
}

function moment(word: OfficerWord): string {
  return minuteWords(Date.parse(word.at), now.value, timeZone.value);
}

/** With what it was signed: a signature by session is told as what it is. */
function Means({ of }: { of: OfficerWord }): JSX.Element {
  const label = of.key?.label;
  const words =
    of.key == null
      ? t("agreement.by_session")
      : label
        ? t("agreement.by_key", { name: label })
        : t("agreement.by_some_key");
  return (
    <small class={of.key == null ? "by-session" : "by-key"}>
      {of.by && <>{of.by} · </>}
      {words}
    </small>
  );
}

function SignForm({ agreement, shut }: { agreement: Agreement; shut: () => void }): JSX.Element {
  const busy = useSignal(false);
  const fault = useSignal<string | null>(null);
  const office = useSignal("");
  const byKey = useSignal<boolean | null>(null);
  useEffect(() => {
    hasKey().then(
      (has) => {
        byKey.value = has;
      },
      () => {
        byKey.value = false;
      },
    );
  }, []);
  const sign = async (event: Event): Promise<void> => {
    event.preventDefault();
    busy.value = true;
    fault.value = null;
    try {
      const more = { version: agreement.version ?? 1 };
      await actOn(agreement.id, "sign", { office: office.value.trim() }, { more, byKey: byKey.value === true });
      notify(t("agreement.sign_done"));
      shut();
    } catch (caught) {
      if (caught instanceof NoKey) byKey.value = false;
      fault.value = `${t("agreement.not_signed")} ${caught instanceof NoKey ? t("agreement.no_key") : faultWords(caught)}`;
      busy.value = false;
    }
  };
  return (
    <form onSubmit={(event) => void sign(event)}>
      <label for="agreement-office">{t("agreement.office")}</label>
      <input
        id="agreement-office"
        maxLength={OFFICE_MOST}
        autocomplete="off"
        value={office.value}
        onInput={(event) => {
          office.value = event.currentTarget.value;
        }}
      />
      {byKey.value !== null && fault.value === null && (
        <p class="hint">{t(byKey.value ? "agreement.key_signs" : "agreement.session_signs")}</p>
      )}
      {fault.value && (
        <p class="field-fault" role="alert">
          {fault.value}
        </p>
      )}
      <div class="actions end">
        <button class="button" type="button" onClick={shut}>
          {t("dialog.close")}
        </button>
        <button class="button primary" type="submit" disabled={busy.value || byKey.value === null}>
          {t("agreement.sign")}
        </button>
      </div>
    </form>
  );
}
