/** What this person may do now with a patrol: propose, ready, start, end, call off. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { may } from "../../../session/session.ts";
import { faultWords } from "../../../widgets/load-states.tsx";
import { openQuestion } from "../../../widgets/question.ts";
import { type PatrolDocument, stateOf } from "../../../wire/patrols.ts";
import { t, type Words } from "../../../words/index.ts";
import { notify } from "../desk/frame-state.ts";
import { act, conflictsOf, isParty, own, PLAN, RUN } from "./plan/store.ts";

export function LifecycleButtons({ patrol }: { patrol: PatrolDocument }): JSX.Element | null {
  const busy = useSignal(false);
  const fault = useSignal<unknown>(null);
  const state = stateOf(patrol);
  const party = isParty(patrol);
  const ours = patrol.agency === own.value;
  const blocked = (conflictsOf.value.get(patrol.id) ?? []).some((each) => each.severity === "error");
  const run = async (path: string, done: Words): Promise<void> => {
    busy.value = true;
    fault.value = null;
    try {
      await act(patrol, "POST", path);
      notify(t(done));
    } catch (caught) {
      fault.value = caught;
    } finally {
      busy.value = false;
    }
  };
  const next: JSX.Element[] = [];
  if (state === "draft" && ours && may(PLAN))
    next.push(
      <button
        key="propose"
        class="button primary"
        disabled={busy.value || blocked}
        onClick={() => void run("/propose", "patrol.proposed")}
      >
        {t("patrol.propose")}
      </button>,
    );
  if (state === "signed" && party && may(RUN))
    next.push(
      <button
        key="ready"
        class="button primary"
        disabled={busy.value}
        onClick={() => void run("/ready", "patrol.is_ready")}
      >
        {t("patrol.ready")}
      </button>,
    );
  if (state === "ready" && party && may(RUN))
    next.push(
      <button
        key="start"
        class="button primary"
        disabled={busy.value}
        onClick={() => void run("/start", "patrol.started")}
      >
        {t("patrol.start")}
      </button>,
    );
  if (state === "under way" && party && may(RUN))
    next.push(
      <button
        key="end"
        class="button"
        disabled={busy.value}
        onClick={() => confirmAct(patrol, "/end", "patrol.end", "patrol.end_what", "patrol.not_ended")}
      >
        {t("patrol.end")}
      </button>,
    );
  if (next.length === 0) return null;
  return (
    <>
      <div class="actions flat">{next}</div>
      {state === "draft" && blocked && <p class="hint">{t("patrol.blocked")}</p>}
      {state === "draft" && !blocked && ours && may(PLAN) && <p class="hint">{t("patrol.propose_what")}</p>}
      {fault.value !== null && (
        <p class="field-fault" role="alert">
          {t("patrol.act_failed")} {faultWords(fault.value)}
        </p>
      )}
    </>
  );
}

/** Calling it off cannot be undone: it stands apart, and asks once. */
export function CancelPatrol({ patrol }: { patrol: PatrolDocument }): JSX.Element | null {
  if (!["draft", "proposed", "signed", "ready"].includes(stateOf(patrol)) || patrol.agency !== own.value || !may(PLAN))
    return null;
  return (
    <div class="actions flat call-off">
      <button
        class="button"
        onClick={() => confirmAct(patrol, "/cancel", "patrol.cancel", "patrol.cancel_what", "patrol.not_cancelled")}
      >
        {t("patrol.cancel")}
      </button>
    </div>
  );
}

function confirmAct(patrol: PatrolDocument, path: string, button: Words, about: Words, failed: Words): void {
  openQuestion.value = {
    title: t(button),
    about: t(about, { name: patrol.name }),
    label: "patrol.reason",
    needed: false,
    most: 500,
    button,
    failed,
    act: async (reason) => {
      await act(patrol, "POST", path, { reason });
    },
  };
}
