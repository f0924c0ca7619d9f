/** The journal's end, signed at a press: its QR code to be printed, its text to be kept elsewhere. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { timeZone } from "../../session/session.ts";
import { dateTime } from "../../session/times.ts";
import { Outcome, Qr, Section, useActionState } from "../../widgets/action-state.tsx";
import { SignedEnd } from "../../wire/administration.ts";
import { call } from "../../wire/calls.ts";
import { t } from "../../words/index.ts";

export const SEE_JOURNAL = "see the journal";

export function Journal(): JSX.Element {
  const end = useSignal<SignedEnd | null>(null);
  const acting = useActionState();
  const sign = (): void => {
    void acting.run(async () => {
      end.value = await call("POST", "/api/audit/head", SignedEnd);
    });
  };
  return (
    <Section id="journal" title={t("account.journal")}>
      <p class="hint">{t("account.journal_how")}</p>
      {end.value !== null && <End signed={end.value} />}
      <div class="actions">
        <button class="button primary" type="button" disabled={acting.busy.value} onClick={sign}>
          {t("account.journal_sign")}
        </button>
        {end.value !== null && (
          <button class="button" type="button" onClick={() => print()}>
            {t("account.journal_print")}
          </button>
        )}
      </div>
      <Outcome of={acting} />
    </Section>
  );
}

function End({ signed }: { signed: SignedEnd }): JSX.Element {
  const { head } = signed;
  return (
    <div class="journal-end" role="status">
      <p>
        <b>
          {t("account.journal_row", { number: head.seq, time: dateTime(Date.parse(head.signed_at), timeZone.peek()) })}
        </b>
      </p>
      <Qr src={signed.qr.png} alt={t("account.journal_qr")} />
      <p>
        <code class="break">{JSON.stringify(head)}</code>
      </p>
      {signed.in_folder === true && <p>{t("account.journal_in_folder")}</p>}
      {signed.time_stamp && (
        <p>
          {t("account.journal_stamped", {
            by: signed.time_stamp.by,
            time: dateTime(Date.parse(signed.time_stamp.at), timeZone.peek()),
          })}
        </p>
      )}
      {signed.is_stamp_late === true && <p class="field-fault">{t("account.journal_unstamped")}</p>}
      {signed.in_folder === false && <p class="field-fault">{t("account.journal_no_folder")}</p>}
    </div>
  );
}
