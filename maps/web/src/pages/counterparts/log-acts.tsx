/** What people do about the logs with another office: tell where the journal ends, and begin anew after a fork. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { PAIR_COUNTERPARTS } from "../../session/permissions.ts";
import { may } from "../../session/session.ts";
import { Outcome, useActionState } from "../../widgets/action-state.tsx";
import { call } from "../../wire/calls.ts";
import { CounterpartLog } from "../../wire/counterparts.ts";
import { t } from "../../words/index.ts";

/** Of the counterpart of that id; `again` reads its log anew. */
interface LogAct {
  id: string;
  again: () => void;
}

export function TellHead({ id, again }: LogAct): JSX.Element | null {
  const acting = useActionState();
  const tell = (): void => {
    const path = `/api/counterparts/${encodeURIComponent(id)}/statements/head`;
    void acting.run(
      async () => {
        await call("POST", path, CounterpartLog);
        again();
      },
      () => t("counterpart.head_told"),
    );
  };
  if (!may(PAIR_COUNTERPARTS)) return null;
  return (
    <>
      <button class="button" type="button" disabled={acting.busy.value} onClick={tell}>
        {t("counterpart.head_now")}
      </button>
      <Outcome of={acting} />
    </>
  );
}

/** To begin anew: only who says that both offices have spoken may press. */
export function Restart({ id, again, log }: LogAct & { log: CounterpartLog }): JSX.Element | null {
  const acting = useActionState();
  const isSure = useSignal(false);
  const begin = (event: SubmitEvent): void => {
    event.preventDefault();
    const path = `/api/counterparts/${encodeURIComponent(id)}/statements/restart`;
    void acting.run(
      async () => {
        await call("POST", path, CounterpartLog, { epoch: log.epoch });
        isSure.value = false;
        again();
      },
      () => t("counterpart.restarted"),
    );
  };
  if (!may(PAIR_COUNTERPARTS)) return null;
  const isDue = log.fork !== "" || log.their_epoch > log.epoch;
  return (
    <form class="form" onSubmit={begin}>
      {isDue && (
        <>
          <p>{t(log.fork !== "" ? "counterpart.restart_what" : "counterpart.restart_theirs")}</p>
          <label class="check">
            <input
              type="checkbox"
              checked={isSure.value}
              onChange={(event) => {
                isSure.value = event.currentTarget.checked;
              }}
            />
            {t("counterpart.restart_sure")}
          </label>
          <div class="actions">
            <button class="button" type="submit" disabled={!isSure.value || acting.busy.value}>
              {t("counterpart.restart")}
            </button>
          </div>
        </>
      )}
      <Outcome of={acting} />
    </form>
  );
}
