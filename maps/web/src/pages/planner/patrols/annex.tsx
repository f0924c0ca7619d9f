/** What the own agency keeps with a patrol for itself alone. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { may, session } from "../../../session/session.ts";
import { faultWords } from "../../../widgets/load-states.tsx";
import { isOver, type PatrolDocument } from "../../../wire/patrols.ts";
import { t } from "../../../words/index.ts";
import { notify } from "../desk/frame-state.ts";
import { ANNEX, act, own } from "./plan/store.ts";

const LONGEST = 4000;
/** What is written and not saved, by the patrol's id: to look at another patrol loses nothing. */
const unsaved = new Map<string, string>();

export function Annex({ patrol }: { patrol: PatrolDocument }): JSX.Element {
  const stored = (patrol.annexes ?? []).find((each) => each.agency === own.value)?.text ?? "";
  const text = useSignal(unsaved.get(patrol.id) ?? stored);
  const busy = useSignal(false);
  const fault = useSignal<unknown>(null);
  const free = may(ANNEX) && !isOver(patrol);
  const write = (said: string): void => {
    text.value = said;
    if (said === stored) unsaved.delete(patrol.id);
    else unsaved.set(patrol.id, said);
  };
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    busy.value = true;
    fault.value = null;
    try {
      const words = text.value;
      await act(patrol, "PUT", "/annex", { text: words });
      if (text.peek() === words) unsaved.delete(patrol.id);
      notify(t("patrol.annex_saved"));
    } catch (caught) {
      fault.value = caught;
    } finally {
      busy.value = false;
    }
  };
  return (
    <section class="plan-part annex" aria-labelledby="annex-title">
      <h3 id="annex-title">{t("patrol.annex")}</h3>
      <p class="hint">{t("patrol.annex_what", { agency: session.value?.agency.name ?? "" })}</p>
      {free ? (
        <form onSubmit={(event) => void save(event)}>
          <textarea
            rows={3}
            maxLength={LONGEST}
            aria-labelledby="annex-title"
            value={text.value}
            onInput={(event) => write(event.currentTarget.value)}
          />
          {fault.value !== null && (
            <p class="field-fault" role="alert">
              {t("patrol.annex_failed")} {faultWords(fault.value)}
            </p>
          )}
          <div class="actions flat">
            <button class="button" disabled={busy.value || text.value === stored}>
              {t("patrol.annex_save")}
            </button>
          </div>
        </form>
      ) : (
        <p class="pre">{stored === "" ? t("patrol.annex_none") : stored}</p>
      )}
    </section>
  );
}
