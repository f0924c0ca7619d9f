/** From a card that was read to a counterpart: the digits of both cards compared, then a second person. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { now } from "../../session/clock.ts";
import { CONFIRM_COUNTERPARTS, PAIR_COUNTERPARTS } from "../../session/permissions.ts";
import { may, session, timeZone } from "../../session/session.ts";
import { minuteWords } from "../../session/times.ts";
import { Outcome, useActionState } from "../../widgets/action-state.tsx";
import { Broken, Loading, useLoaded } from "../../widgets/load-states.tsx";
import { call, fetchJson } from "../../wire/calls.ts";
import { Counterpart, CounterpartDigits } from "../../wire/counterparts.ts";
import { t } from "../../words/index.ts";

/** `changed` is told what the counterpart is after an act. */
interface Step {
  of: Counterpart;
  changed: (counterpart: Counterpart) => void;
}

export function Compare({ of, changed }: Step): JSX.Element {
  const path = `/api/counterparts/${encodeURIComponent(of.id)}`;
  const { value, fault, again } = useLoaded(`${of.id} ${of.card.number}`, () =>
    fetchJson(`${path}/digits`, CounterpartDigits),
  );
  const acting = useActionState();
  const differs = useSignal(false);
  const same = (digits: string): void => {
    differs.value = false;
    void acting.run(async () => changed(await call("POST", `${path}/compare`, Counterpart, { digits })));
  };
  return (
    <section class="step" aria-labelledby={`compare-${of.id}`}>
      <h4 id={`compare-${of.id}`}>{t("counterpart.compare")}</h4>
      <p>{t("counterpart.compare_how")}</p>
      {fault != null && <Broken what={t("counterpart.compare")} fault={fault} retry={again} />}
      {value === null && fault === null && <Loading />}
      {value !== null && (
        <>
          <p class="digits num">{inPairs(value.digits)}</p>
          {may(PAIR_COUNTERPARTS) && (
            <div class="actions">
              <button
                class="button primary"
                type="button"
                disabled={acting.busy.value}
                onClick={() => same(value.digits)}
              >
                {t("counterpart.same")}
              </button>
              <button
                class="button"
                type="button"
                aria-expanded={differs.value}
                onClick={() => {
                  differs.value = !differs.peek();
                }}
              >
                {t("counterpart.differ")}
              </button>
            </div>
          )}
          {differs.value && (
            <div class="warning" role="alert">
              <p>
                <b>{t("counterpart.differ_what")}</b>
              </p>
              <p>{t("counterpart.differ_do")}</p>
            </div>
          )}
        </>
      )}
      <Outcome of={acting} />
    </section>
  );
}

export function Confirm({ of, changed }: Step): JSX.Element {
  const acting = useActionState();
  const isSame = session.value?.user === of.compared_by;
  const time = of.compared_at === null ? "" : minuteWords(Date.parse(of.compared_at), now.peek(), timeZone.peek());
  const confirm = (): void => {
    const path = `/api/counterparts/${encodeURIComponent(of.id)}/confirm`;
    void acting.run(async () => changed(await call("POST", path, Counterpart)));
  };
  return (
    <section class="step" aria-labelledby={`confirm-${of.id}`}>
      <h4 id={`confirm-${of.id}`}>{t("counterpart.second")}</h4>
      <p>{t("counterpart.second_how", { user: of.compared_by, time })}</p>
      {isSame && <p class="warning">{t("counterpart.second_self")}</p>}
      {!isSame && may(CONFIRM_COUNTERPARTS) && (
        <div class="actions">
          <button class="button primary" type="button" disabled={acting.busy.value} onClick={confirm}>
            {t("counterpart.confirm", { name: of.card.name })}
          </button>
        </div>
      )}
      <Outcome of={acting} />
    </section>
  );
}

/** Groups of digits, which a narrow screen breaks after each two. */
function inPairs(digits: string): string {
  return digits
    .split(" ")
    .map((group, n) => (n === 0 ? group : `${n % 2 === 0 ? " " : "\u00a0"}${group}`))
    .join("");
}
