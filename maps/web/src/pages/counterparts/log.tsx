/** What waits between the two offices, each way, and what only people can put right. */
import type { JSX } from "preact";
import { faultWords, useLoaded } from "../../widgets/load-states.tsx";
import { fetchJson } from "../../wire/calls.ts";
import { CounterpartLog } from "../../wire/counterparts.ts";
import { t } from "../../words/index.ts";
import { Fact, timeWords } from "./facts.tsx";
import { Restart, TellHead } from "./log-acts.tsx";
import { useRefresh } from "./refresh.ts";

/** Rows of a list of facts, of the counterpart of that id. */
export function LogFacts({ id }: { id: string }): JSX.Element | null {
  const { value, fault, again } = useLoaded(id, () =>
    fetchJson(`/api/counterparts/${encodeURIComponent(id)}/statements`, CounterpartLog),
  );
  useRefresh(again);
  if (fault !== null)
    return (
      <Fact name={t("counterpart.waits_out")}>
        <span class="field-fault">{faultWords(fault)}</span>
      </Fact>
    );
  return value === null ? null : <Rows of={value} id={id} again={again} />;
}

function Rows({ of, id, again }: { of: CounterpartLog; id: string; again: () => void }): JSX.Element {
  const isApart = of.their_epoch > 0 && of.their_epoch !== of.epoch;
  const coming = Math.max(0, of.announced - of.held);
  const refused = of.refused_there[0] ?? of.refused_here[0];
  return (
    <>
      <Fact name={t("counterpart.waits_out")}>
        <span class="num">
          {of.waiting === 0 || of.waiting_since === null
            ? t("counterpart.waits_nothing")
            : t("counterpart.waits_since", { number: of.waiting, time: timeWords(of.waiting_since) })}
        </span>
      </Fact>
      <Fact name={t("counterpart.waits_in")}>
        <span class="num">{coming === 0 ? t("counterpart.waits_nothing") : coming}</span>
      </Fact>
      <Fact name={t("counterpart.receipt")}>
        <span class="num">
          {of.receipted_at === null
            ? t("counterpart.never")
            : t("counterpart.receipt_of", { number: of.receipted, time: timeWords(of.receipted_at) })}
        </span>
      </Fact>
      {of.unread_here > 0 && (
        <Fact name={t("counterpart.unread")}>
          <span class="num">{of.unread_here}</span>
        </Fact>
      )}
      <Fact name={t("counterpart.head")}>
        <span class="num">{of.head_at === null ? t("counterpart.never") : timeWords(of.head_at)}</span>
        <TellHead id={id} again={again} />
      </Fact>
      {refused !== undefined && (
        <Fact name={t("counterpart.statement_refused")}>
          <span lang="en">{`${refused.number}: ${refused.reason}`}</span>
        </Fact>
      )}
      {(of.fork !== "" || isApart) && (
        <Fact name={t("counterpart.fork")}>
          <span class="field-fault" lang="en">
            {of.fork}
          </span>
          {isApart && <span class="num">{t("counterpart.epochs", { ours: of.epoch, theirs: of.their_epoch })}</span>}
          <Restart id={id} again={again} log={of} />
        </Fact>
      )}
    </>
  );
}
