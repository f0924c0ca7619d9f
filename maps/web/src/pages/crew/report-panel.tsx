/** The report tab: an incident with photos, or a target that was seen. What is being written survives a reload. */
import { effect, signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Icon } from "../../widgets/icons.tsx";
import { t } from "../../words/index.ts";
import { IncidentForm } from "./incident-form.tsx";
import { fate, opened, readDraft } from "./outbox/crew.ts";
import { type Draft, draft, EMPTY } from "./outbox/report-draft.ts";
import { SightingForm } from "./sighting-form.tsx";

function keptWords(kept: "incident" | "sighting", now: ReturnType<typeof fate>): string {
  return now === "refused" ? t("crew.report.refused") : t(`crew.report.${now === "taken" ? "taken" : "kept"}_${kept}`);
}

const loaded = signal<string | null>(null);
effect(() => {
  if (opened.value === null) loaded.value = null; // a lock empties the form: it is read again
});

export function ReportPanel(): JSX.Element {
  const who = opened.value?.profile.id ?? null;
  useEffect(() => {
    if (who === null || loaded.peek() === who) return;
    loaded.value = who;
    // What somebody wrote while it was read goes before it.
    void readDraft<Draft>().then((found) => {
      if (loaded.peek() === who && draft.peek() === EMPTY) draft.value = { ...EMPTY, ...found };
    });
  }, [who]);
  const kind = draft.value.kind;
  return (
    <section class="panel" aria-label={t("crew.tab.report")}>
      <div class="pair" role="group" aria-label={t("crew.report.what")}>
        <button
          class="big"
          aria-pressed={kind === "sighting"}
          onClick={() => {
            draft.value = { ...draft.value, kind: "sighting" };
          }}
        >
          <Icon name="target" /> {t("crew.report.sighting")}
        </button>
        <button
          class="big"
          aria-pressed={kind === "incident"}
          onClick={() => {
            draft.value = { ...draft.value, kind: "incident" };
          }}
        >
          <Icon name="list" /> {t("crew.report.incident")}
        </button>
      </div>
      {draft.value.kept !== "" && (
        <p class="card kept" role="status" data-fate={fate(draft.value.keptId)}>
          {keptWords(draft.value.kept, fate(draft.value.keptId))}
        </p>
      )}
      {kind === "incident" ? <IncidentForm /> : <SightingForm />}
    </section>
  );
}
