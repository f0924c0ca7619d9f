/**
 * Protected names of an incident or target: shown for a purpose, added to, taken away. What is shown is held by this
 * dialog alone and gone with it.
 */

import { useSignal } from "@preact/signals";
import { type JSX, render } from "preact";
import { now } from "../../session/clock.ts";
import { GIVE_PROTECTED, LOG_INCIDENTS, OPEN_TARGETS, REDACT_PROTECTED } from "../../session/permissions.ts";
import { may, timeZone } from "../../session/session.ts";
import { minuteWords } from "../../session/times.ts";
import { ProtectedWords } from "../../wire/administration.ts";
import { call } from "../../wire/calls.ts";
import { listOf } from "../../wire/parser.ts";
import { t, type Words } from "../../words/index.ts";
import { faultWords } from "../load-states.tsx";
import { useModal } from "../modal.ts";
import { ProtectedReaders } from "./protected-readers.tsx";
import "./protected-dialog.css";

export type ProtectedKind = "incident" | "target";

const FIELDS: Readonly<Record<ProtectedKind, readonly string[]>> = {
  incident: ["informants", "witnesses", "victims", "names"],
  target: ["informants", "witnesses", "private_note"],
};
const FIELD_WORDS: Readonly<Record<string, Words>> = {
  informants: "protected.informants",
  witnesses: "protected.witnesses",
  victims: "protected.victims",
  names: "protected.names",
  private_note: "protected.private_note",
};
const REASON_MOST = 200;
const WORDS_MOST = 12_000;

/** Opens the dialog over the page. */
export function showProtected(kind: ProtectedKind, id: string, about: string): void {
  const place = document.body.appendChild(document.createElement("div"));
  const shut = (): void => {
    render(null, place);
    place.remove();
  };
  render(
    <ProtectedDialog kind={kind} path={`/api/protected/${kind}/${encodeURIComponent(id)}`} about={about} shut={shut} />,
    place,
  );
}

function ProtectedDialog({
  kind,
  path,
  about,
  shut,
}: {
  kind: ProtectedKind;
  path: string;
  about: string;
  shut: () => void;
}): JSX.Element {
  const dialog = useModal();
  const busy = useSignal(false);
  const fault = useSignal<string | null>(null);
  const purpose = useSignal("");
  const entries = useSignal<readonly ProtectedWords[] | null>(null);
  const redacting = useSignal("");
  const reason = useSignal("");
  const field = useSignal(FIELDS[kind][0] ?? "");
  const words = useSignal("");
  const added = useSignal(false);

  const act = async (failed: Words, work: () => Promise<void>): Promise<void> => {
    busy.value = true;
    fault.value = null;
    added.value = false;
    try {
      await work();
    } catch (caught) {
      fault.value = `${t(failed)} ${faultWords(caught)}`;
    } finally {
      busy.value = false;
    }
  };
  const show = (event: Event): void => {
    event.preventDefault();
    void act("protected.not_shown", async () => {
      entries.value = await call("POST", `${path}/reading`, listOf(ProtectedWords), { purpose: purpose.value.trim() });
    });
  };
  const redact = (event: Event): void => {
    event.preventDefault();
    void act("protected.not_redacted", async () => {
      const left = await call("POST", `${path}/${redacting.value}/redaction`, ProtectedWords, {
        reason: reason.value.trim(),
      });
      entries.value = (entries.value ?? []).map((each) => (each.id === left.id ? left : each));
      redacting.value = reason.value = "";
    });
  };
  const add = (event: Event): void => {
    event.preventDefault();
    void act("protected.not_added", async () => {
      const entry = await call("POST", path, ProtectedWords, { field: field.value, words: words.value });
      if (entries.value !== null) entries.value = [...entries.value, { ...entry, words: words.value }];
      words.value = "";
      added.value = true;
    });
  };
  const writes = may(kind === "incident" ? LOG_INCIDENTS : OPEN_TARGETS);
  return (
    <dialog ref={dialog} class="dialog protected" aria-labelledby="protected-title" onCancel={shut} onClose={shut}>
      <h2 id="protected-title">{t("protected.title")}</h2>
      <p class="dim">{about}</p>
      <p>{t("protected.about")}</p>
      {entries.value === null ? (
        <form onSubmit={show}>
          <label for="protected-purpose">{t("protected.purpose")}</label>
          <input
            id="protected-purpose"
            autofocus
            required
            maxLength={REASON_MOST}
            value={purpose.value}
            onInput={(event) => {
              purpose.value = event.currentTarget.value;
              fault.value = null;
            }}
          />
          <div class="actions end">
            <button class="button primary" type="submit" disabled={busy.value}>
              {t("protected.show")}
            </button>
          </div>
        </form>
      ) : entries.value.length === 0 ? (
        <p class="hint">{t("protected.none")}</p>
      ) : (
        <ul class="protected-list">
          {entries.value.map((each) => (
            <li key={each.id}>
              <strong>
                {FIELD_WORDS[each.field] === undefined ? each.field : t(FIELD_WORDS[each.field] as Words)}
              </strong>
              <span class="dim num">{`${moment(each.at)} · ${each.by}`}</span>
              {each.redacted_at === undefined ? (
                <p class="protected-words">{each.words}</p>
              ) : (
                <p class="hint">
                  {t("protected.redacted", {
                    when: moment(each.redacted_at),
                    who: each.redacted_by ?? "",
                    reason: each.reason ?? "",
                  })}
                </p>
              )}
              {each.redacted_at === undefined && may(REDACT_PROTECTED) && redacting.value !== each.id && (
                <button
                  class="button"
                  type="button"
                  onClick={() => {
                    redacting.value = each.id;
                    reason.value = "";
                  }}
                >
                  {t("protected.redact")}
                </button>
              )}
              {redacting.value === each.id && (
                <form onSubmit={redact}>
                  <p>{t("protected.redact_about")}</p>
                  <label for="protected-reason">{t("protected.reason")}</label>
                  <input
                    id="protected-reason"
                    autofocus
                    required
                    maxLength={REASON_MOST}
                    value={reason.value}
                    onInput={(event) => {
                      reason.value = event.currentTarget.value;
                      fault.value = null;
                    }}
                  />
                  <div class="actions end">
                    <button
                      class="button"
                      type="button"
                      onClick={() => {
                        redacting.value = "";
                      }}
                    >
                      {t("dialog.cancel")}
                    </button>
                    <button class="button danger" type="submit" disabled={busy.value}>
                      {t("protected.redact")}
                    </button>
                  </div>
                </form>
              )}
            </li>
          ))}
        </ul>
      )}
      {may(GIVE_PROTECTED) && <ProtectedReaders path={path} />}
      {writes && (
        <form class="protected-add" onSubmit={add}>
          <label for="protected-field">{t("protected.write")}</label>
          <select
            id="protected-field"
            value={field.value}
            onChange={(event) => {
              field.value = event.currentTarget.value;
            }}
          >
            {FIELDS[kind].map((each) => (
              <option key={each} value={each}>
                {t(FIELD_WORDS[each] as Words)}
              </option>
            ))}
          </select>
          <textarea
            aria-label={t("protected.words")}
            rows={2}
            required
            maxLength={WORDS_MOST}
            value={words.value}
            onInput={(event) => {
              words.value = event.currentTarget.value;
              fault.value = null;
              added.value = false;
            }}
          />
          <div class="actions end">
            <button class="button" type="submit" disabled={busy.value}>
              {t("protected.add")}
            </button>
          </div>
          {added.value && (
            <p class="hint" role="status">
              {t("protected.added")}
            </p>
          )}
        </form>
      )}
      {fault.value && (
        <p class="field-fault" role="alert">
          {fault.value}
        </p>
      )}
      <div class="actions end">
        <button class="button" type="button" onClick={shut}>
          {t("dialog.close")}
        </button>
      </div>
    </dialog>
  );
}

function moment(at: string): string {
  return minuteWords(Date.parse(at), now.peek(), timeZone.peek());
}
