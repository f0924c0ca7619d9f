/** Whom the agency lets read which protected names besides commanders, and the way to take it back. */

import type { JSX } from "preact";
import { now } from "../../session/clock.ts";
import { timeZone } from "../../session/session.ts";
import { momentWords } from "../../session/times.ts";
import { Outcome, SureButton, useActionState } from "../../widgets/action-state.tsx";
import { Broken, Loading, useLoaded } from "../../widgets/load-states.tsx";
import { ProtectedReader } from "../../wire/administration.ts";
import { call, fetchJson } from "../../wire/calls.ts";
import { listOf, nothing } from "../../wire/parser.ts";
import { t } from "../../words/index.ts";
import { kindWords, nameWords } from "./legal-holds.tsx";

export function ProtectedReaders(): JSX.Element {
  const { value, fault, again } = useLoaded("protected-readers", () =>
    fetchJson("/api/protected/readers", listOf(ProtectedReader)),
  );
  return (
    <>
      <h3>{t("account.readers")}</h3>
      <p class="hint">{t("account.readers_hint")}</p>
      {fault != null && <Broken what={t("account.readers")} fault={fault} retry={again} />}
      {value === null && fault === null && <Loading />}
      {value?.length === 0 && <p>{t("account.readers_empty")}</p>}
      <ul class="entries">
        {value?.map((each) => (
          <Entry key={`${each.paper} ${each.reader}`} reader={each} again={again} />
        ))}
      </ul>
    </>
  );
}

function Entry({ reader, again }: { reader: ProtectedReader; again: () => void }): JSX.Element {
  const acting = useActionState();
  const { kind, paper: record, name = "" } = reader;
  const takeBack = (): void => {
    void acting.run(async () => {
      await call(
        "DELETE",
        `/api/protected/${kind}/${encodeURIComponent(record)}/readers/${encodeURIComponent(reader.reader)}`,
        nothing,
      );
      again();
    });
  };
  return (
    <li class="break">
      <b>{reader.reader}</b> <span>{`${kindWords(kind)}: ${nameWords(kind, name)}`}</span> <code>{record}</code>
      <p class="hint num">
        {reader.by}, {momentWords(Date.parse(reader.at), now.value, timeZone.value)}
      </p>
      <div class="actions">
        <SureButton words={t("account.readers_take_back")} busy={acting.busy.value} act={takeBack} />
      </div>
      <Outcome of={acting} />
    </li>
  );
}
