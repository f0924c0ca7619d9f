/**
 * Who besides commanders reads the protected names of one incident or target: let in and taken back here by who may.
 */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { ReaderList } from "../../wire/administration.ts";
import { call, fetchJson } from "../../wire/calls.ts";
import { t, type Words } from "../../words/index.ts";
import { Broken, faultWords, Loading, useLoaded } from "../load-states.tsx";

export function ProtectedReaders({ path }: { path: string }): JSX.Element {
  const loaded = useLoaded(path, () => fetchJson(`${path}/readers`, ReaderList));
  const changed = useSignal<ReaderList | null>(null);
  const chosen = useSignal("");
  const busy = useSignal(false);
  const fault = useSignal<string | null>(null);
  const message = useSignal("");
  const now = changed.value ?? loaded.value;

  const change = async (method: "PUT" | "DELETE", name: string, done: Words, failed: Words): Promise<void> => {
    busy.value = true;
    fault.value = null;
    message.value = "";
    try {
      changed.value = await call(method, `${path}/readers/${encodeURIComponent(name)}`, ReaderList);
      chosen.value = "";
      message.value = t(done, { name });
    } catch (caught) {
      fault.value = `${t(failed)} ${faultWords(caught)}`;
    } finally {
      busy.value = false;
    }
  };
  const give = (event: Event): void => {
    event.preventDefault();
    void change("PUT", chosen.value, "protected.given", "protected.not_given");
  };
  return (
    <section class="protected-readers" aria-labelledby="protected-readers-title">
      <h3 id="protected-readers-title">{t("protected.readers")}</h3>
      <p class="hint">{t("protected.readers_about")}</p>
      {loaded.fault != null && <Broken what={t("protected.readers")} fault={loaded.fault} retry={loaded.again} />}
      {now === null && loaded.fault === null && <Loading />}
      {now?.readers.length === 0 && <p>{t("protected.readers_none")}</p>}
      {now !== null && now.readers.length > 0 && (
        <ul class="protected-list">
          {now.readers.map((name) => (
            <li key={name} class="protected-reader">
              <strong>{name}</strong>
              <button
                class="button"
                type="button"
                disabled={busy.value}
                aria-label={t("protected.take_back_from", { name })}
                onClick={() => void change("DELETE", name, "protected.taken_back", "protected.not_taken_back")}
              >
                {t("protected.take_back")}
              </button>
            </li>
          ))}
        </ul>
      )}
      {now !== null && now.candidates.length === 0 && <p class="hint">{t("protected.give_nobody")}</p>}
      {now !== null && now.candidates.length > 0 && (
        <form onSubmit={give}>
          <label for="protected-reader">{t("protected.give_to")}</label>
          <div class="protected-give">
            <select
              id="protected-reader"
              required
              value={chosen.value}
              onChange={(event) => {
                chosen.value = event.currentTarget.value;
                fault.value = null;
              }}
            >
              <option value="">{t("protected.give_choose")}</option>
              {now.candidates.map(({ name, role }) => (
                <option key={name} value={name}>{`${name}, ${t(`role.${role}`)}`}</option>
              ))}
            </select>
            <button class="button" type="submit" disabled={busy.value}>
              {t("protected.give")}
            </button>
          </div>
        </form>
      )}
      <p class="hint" role="status">
        {message.value}
      </p>
      {fault.value && (
        <p class="field-fault" role="alert">
          {fault.value}
        </p>
      )}
    </section>
  );
}
