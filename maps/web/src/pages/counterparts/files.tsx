/** What goes by stick or mail where there is no link: a sealed file for the other office, and theirs with what was new. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { Outcome, useActionState } from "../../widgets/action-state.tsx";
import { faultWords } from "../../widgets/load-states.tsx";
import { call, sendFile } from "../../wire/calls.ts";
import { type Counterpart, FileReport, WrittenFile } from "../../wire/counterparts.ts";
import { t } from "../../words/index.ts";
import { timeWords } from "./facts.tsx";

/** A file that was read, or why not. */
interface ReadFile {
  name: string;
  report: FileReport | null;
  fault: string;
}

export function Files({ of }: { of: Counterpart }): JSX.Element {
  return (
    <>
      <p class="hint">{t("counterpart.files_how", { name: of.card.name })}</p>
      <SaveFiles of={of} />
      <ReadFiles id={of.id} />
    </>
  );
}

function SaveFiles({ of }: { of: Counterpart }): JSX.Element {
  const acting = useActionState();
  const after = useSignal("");
  const saved = useSignal<WrittenFile[]>([]);
  const save = (event: SubmitEvent): void => {
    event.preventDefault();
    saved.value = [];
    void acting.run(async () => {
      let next: number | null = after.peek() === "" ? null : Number(after.peek());
      do {
        const path = `/api/counterparts/${encodeURIComponent(of.id)}/files`;
        const made: WrittenFile = await call("POST", path, WrittenFile, { after: next });
        keep(made);
        saved.value = [...saved.peek(), made];
        next = made.next;
      } while (next !== null);
    });
  };
  return (
    <form class="form" onSubmit={save}>
      <label for={`after-${of.id}`}>{t("counterpart.file_after")}</label>
      <input
        id={`after-${of.id}`}
        type="number"
        min={0}
        step={1}
        value={after.value}
        onInput={(event) => {
          after.value = event.currentTarget.value;
        }}
      />
      <div class="actions">
        <button class="button primary" type="submit" disabled={acting.busy.value}>
          {t("counterpart.file_save", { name: of.card.name })}
        </button>
      </div>
      <ul class="file-report" aria-live="polite">
        {saved.value.map((each) => (
          <li key={each.name}>{t("counterpart.file_saved", { file: each.name, number: each.statements })}</li>
        ))}
      </ul>
      <Outcome of={acting} />
    </form>
  );
}

function ReadFiles({ id }: { id: string }): JSX.Element {
  const acting = useActionState();
  const read = useSignal<ReadFile[]>([]);
  const take = (files: readonly File[]): void => {
    read.value = [];
    void acting.run(async () => {
      for (const file of [...files].sort((a, b) => (a.name < b.name ? -1 : 1))) {
        const path = `/api/counterparts/files?${new URLSearchParams({ name: file.name })}`;
        let report: FileReport | null = null;
        let fault = "";
        try {
          report = await sendFile(path, file, FileReport);
        } catch (caught) {
          fault = faultWords(caught);
        }
        read.value = [...read.peek(), { name: file.name, report, fault }];
      }
    });
  };
  return (
    <div class="form">
      <div class="actions">
        <label class="button file" aria-disabled={acting.busy.value}>
          {t("counterpart.file_read")}
          <input
            id={`file-${id}`}
            class="hidden"
            type="file"
            accept=".jointpatrol"
            multiple
            disabled={acting.busy.value}
            onChange={(event) => {
              const field = event.currentTarget;
              take([...(field.files ?? [])]);
              field.value = "";
            }}
          />
        </label>
      </div>
      <ul class="file-report" aria-live="polite">
        {read.value.map((each) => (
          <li key={each.name}>
            {each.report === null ? (
              <p class="field-fault">{each.fault}</p>
            ) : (
              <Report name={each.name} of={each.report} />
            )}
          </li>
        ))}
      </ul>
      <Outcome of={acting} />
    </div>
  );
}

function Report({ name, of }: { name: string; of: FileReport }): JSX.Element {
  return (
    <>
      <p>{t("counterpart.file_of", { file: name, name: of.node, time: timeWords(of.made_at) })}</p>
      <p>{t("counterpart.file_new", { new: of.new, number: of.statements, held: of.held })}</p>
      {of.receipted !== null && <p>{t("counterpart.file_receipted", { number: of.receipted })}</p>}
      {of.missing_from > 0 && (
        <p class="field-fault">
          {t("counterpart.file_missing", { from: of.missing_from, to: of.missing_to, after: of.missing_from - 1 })}
        </p>
      )}
      {of.refused.map((each) => (
        <p key={each.number} class="field-fault">
          {t("counterpart.file_refused", { number: each.number, reason: each.reason })}
        </p>
      ))}
      {of.faults.map((each) => (
        <p key={each.place} class="field-fault">
          {t("counterpart.file_fault", { place: each.place, reason: each.reason })}
        </p>
      ))}
    </>
  );
}

/** Hands a file to the browser to keep. */
function keep({ name, content }: WrittenFile): void {
  const bytes = Uint8Array.from(atob(content), (each) => each.charCodeAt(0));
  const href = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = href;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
