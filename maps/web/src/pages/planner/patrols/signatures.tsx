/** Who must sign, who signed which content, and what a signature stands for. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { agencyName } from "../../../session/agencies.ts";
import { may } from "../../../session/session.ts";
import { Icon } from "../../../widgets/icons.tsx";
import { faultWords, useLoaded } from "../../../widgets/load-states.tsx";
import { openQuestion } from "../../../widgets/question.ts";
import { type PatrolDocument, revisionOf, type Seal, stateOf, whyUnsigned } from "../../../wire/patrols.ts";
import { t } from "../../../words/index.ts";
import { notify } from "../desk/frame-state.ts";
import { act, isParty, own, SIGN, sealOf } from "./plan/store.ts";
import { membersWords, minute, shortHash, span } from "./plan/words.ts";

export function Signatures({ patrol }: { patrol: PatrolDocument }): JSX.Element {
  const state = stateOf(patrol);
  const open = ["draft", "proposed", "signed", "ready"].includes(state) && isParty(patrol);
  const seal = useLoaded<Seal | null>(`${patrol.id} ${revisionOf(patrol)} ${patrol.version ?? 1}`, async () =>
    open ? sealOf(patrol) : null,
  ).value;
  const signed = patrol.signatures ?? [];
  const mine = signed.find((each) => each.agency === own.value);
  return (
    <section class="plan-part" aria-labelledby="signatures-title">
      <h3 id="signatures-title">{t("signature.title")}</h3>
      <p class="dim num">
        {t("signature.content", { number: revisionOf(patrol) })}
        {seal !== null && (
          <>
            {" "}
            <code title={seal.sha256}>{shortHash(seal.sha256)}</code>
          </>
        )}
      </p>
      <ul class="signatures">
        {patrol.agencies.map((agency) => {
          const signature = signed.find((each) => each.agency === agency);
          return (
            <li key={agency} class={signature ? "given" : "lacking"}>
              <SignMark given={signature !== undefined} />
              <span>
                <b>{agencyName(agency)}</b>
                <small class="num">
                  {signature === undefined
                    ? t(whyUnsigned(patrol))
                    : signature.by
                      ? t("signature.given_by", {
                          name: signature.by,
                          time: minute(signature.at),
                          number: signature.revision,
                        })
                      : t("signature.given", { time: minute(signature.at), number: signature.revision })}
                </small>
              </span>
              {signature !== undefined && <code title={signature.sha256}>{shortHash(signature.sha256)}</code>}
            </li>
          );
        })}
      </ul>
      {state === "proposed" && mine === undefined && may(SIGN) && isParty(patrol) && (
        <SignForm patrol={patrol} seal={seal} />
      )}
      {state === "proposed" && mine === undefined && !may(SIGN) && isParty(patrol) && (
        <p class="hint">{t("signature.who")}</p>
      )}
      {mine !== undefined && ["proposed", "signed", "ready"].includes(state) && may(SIGN) && (
        <div class="actions flat">
          <button class="button" onClick={() => withdraw(patrol)}>
            {t("signature.withdraw")}
          </button>
        </div>
      )}
    </section>
  );
}

function SignMark({ given }: { given: boolean }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
      <path
        d={given ? "M3.500 3.500h13v13h-13ZM6.500 10l2.500 3 4.500-6" : "M3.500 3.500h13v13h-13Z"}
        stroke-dasharray={given ? undefined : "2.5 2"}
      />
    </svg>
  );
}

/** Says once more what is signed, right above the button. */
function SignForm({ patrol, seal }: { patrol: PatrolDocument; seal: Seal | null }): JSX.Element {
  const busy = useSignal(false);
  const fault = useSignal<unknown>(null);
  const sign = async (): Promise<void> => {
    busy.value = true;
    fault.value = null;
    try {
      const signed = await act(patrol, "POST", "/sign", { revision: revisionOf(patrol) });
      notify(t(stateOf(signed) === "signed" ? "signature.last_done" : "signature.done"));
    } catch (caught) {
      fault.value = caught;
    } finally {
      busy.value = false;
    }
  };
  return (
    <div class="sign-form">
      <p>
        <b>{t("signature.what", { name: patrol.name, number: revisionOf(patrol) })}</b>
      </p>
      <p class="num">{span(patrol.starts_at, patrol.ends_at)}</p>
      <p>{membersWords(patrol)}</p>
      {seal !== null && (
        <p class="dim">
          SHA-256 <code title={seal.sha256}>{shortHash(seal.sha256)}</code>
        </p>
      )}
      {fault.value !== null && (
        <p class="field-fault" role="alert">
          <Icon name="warn" />
          {t("signature.failed")} {faultWords(fault.value)}
        </p>
      )}
      <button class="button primary" disabled={busy.value || seal === null} onClick={() => void sign()}>
        {t("signature.sign", { number: revisionOf(patrol) })}
      </button>
    </div>
  );
}

function withdraw(patrol: PatrolDocument): void {
  openQuestion.value = {
    title: t("signature.withdraw"),
    about: t("signature.withdraw_what", { name: patrol.name }),
    label: "patrol.reason",
    needed: false,
    most: 500,
    button: "signature.withdraw",
    failed: "signature.not_withdrawn",
    act: async (reason) => {
      await act(patrol, "POST", "/withdraw", { reason });
    },
  };
}
