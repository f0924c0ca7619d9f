/** The versions of a sector: who made each, when and why; an old one can be seen on the map and made the newest. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Icon } from "../../../widgets/icons.tsx";
import { Broken, faultWords, Loading, useLoaded } from "../../../widgets/load-states.tsx";
import { fetchJson } from "../../../wire/calls.ts";
import { listOf } from "../../../wire/parser.ts";
import { PastVersion, type SectorDetails, versionNumber } from "../../../wire/sectors.ts";
import { t } from "../../../words/index.ts";
import { restore } from "./draft/draft.ts";
import { limitWords } from "./draft/limits.ts";
import { isOurs, looked, mayEdit, view } from "./draft/store.ts";
import { areaWords, authorWords } from "./draft/words.ts";

export function Versions({ details }: { details: SectorDetails }): JSX.Element {
  const { sector } = details;
  const path = `/api/sectors/${encodeURIComponent(sector.id)}/history`;
  const { value, fault, again } = useLoaded(`${path} ${versionNumber(sector)}`, () =>
    fetchJson(path, listOf(PastVersion)),
  );
  const asking = useSignal<PastVersion | null>(null);
  const reason = useSignal("");
  const busy = useSignal(false);
  const failed = useSignal<unknown>(null);
  useEffect(
    () => () => {
      looked.value = null;
    },
    [],
  );
  const send = async (past: PastVersion): Promise<void> => {
    busy.value = true;
    failed.value = null;
    try {
      await restore(
        past,
        details,
        reason.value.trim() || t("sector.restore_reason", { number: versionNumber(past.sector) }),
      );
      asking.value = null;
    } catch (caught) {
      failed.value = caught;
    } finally {
      busy.value = false;
    }
  };
  return (
    <section class="panel" aria-labelledby="versions-title">
      <div class="unit-head">
        <button
          class="icon-button"
          aria-label={t("sector.back_to", { name: sector.name })}
          title={t("key.tip", { words: t("sector.back_to", { name: sector.name }), key: "Esc" })}
          onClick={() => {
            view.value = { at: "sector", id: sector.id };
          }}
        >
          <Icon name="left" />
        </button>
        <div>
          <h2 id="versions-title">{t("sector.versions")}</h2>
          <p>{sector.name}</p>
        </div>
      </div>
      <div class="scroll">
        {!isOurs(details) && <p class="sector-note">{t("sector.versions_theirs")}</p>}
        {fault !== null && <Broken what={t("sector.versions_failed")} fault={fault} retry={again} />}
        {value === null && fault === null && <Loading />}
        <ol class="versions">
          {[...(value ?? [])].reverse().map((past) => {
            const n = versionNumber(past.sector);
            const isShown = looked.value !== null && versionNumber(looked.value.sector) === n;
            return (
              <li key={n} class="card" aria-current={n === versionNumber(sector) ? "true" : undefined}>
                <div class="card-head">
                  <h3>{t(n === versionNumber(sector) ? "sector.version_now" : "sector.version_n", { number: n })}</h3>
                  <span class="num dim">{areaWords(past.area_km2)}</span>
                </div>
                <p class="dim num">{authorWords(past.sector)}</p>
                <p>
                  {past.sector.name} · {t(`sector.use.${past.sector.use ?? "patrol"}`)}
                </p>
                {limitWords(past.sector.limits).length > 0 && (
                  <p class="dim">{limitWords(past.sector.limits).join(" · ")}</p>
                )}
                {past.reason && (
                  <p class="sector-words">
                    <q>{past.reason}</q>
                  </p>
                )}
                {past.sector.retired_at && <p class="dim">{t("sector.retired_here")}</p>}
                {n !== versionNumber(sector) && (
                  <div class="actions flat">
                    <button
                      class="button"
                      aria-pressed={isShown}
                      onClick={() => {
                        looked.value = isShown ? null : past;
                      }}
                    >
                      {t("sector.version_show", { number: n })}
                    </button>
                    {mayEdit(details) && (
                      <button
                        class="button"
                        onClick={() => {
                          asking.value = past;
                          reason.value = "";
                          failed.value = null;
                        }}
                      >
                        {t("sector.version_restore", { number: n })}
                      </button>
                    )}
                  </div>
                )}
                {asking.value === past && (
                  <form
                    class="restore"
                    onSubmit={(event) => {
                      event.preventDefault();
                      void send(past);
                    }}
                  >
                    <p>{t("sector.restore_what", { number: n, next: versionNumber(sector) + 1 })}</p>
                    <label for="restore-reason">{t("sector.reason")}</label>
                    <input
                      id="restore-reason"
                      maxLength={500}
                      value={reason.value}
                      onInput={(event) => {
                        reason.value = event.currentTarget.value;
                      }}
                    />
                    {failed.value !== null && (
                      <p class="field-fault" role="alert">
                        {t("sector.not_saved")} {faultWords(failed.value)}
                      </p>
                    )}
                    <div class="actions flat">
                      <button
                        class="button"
                        type="button"
                        onClick={() => {
                          asking.value = null;
                        }}
                      >
                        {t("dialog.cancel")}
                      </button>
                      <button class="button primary" disabled={busy.value}>
                        {t("sector.restore")}
                      </button>
                    </div>
                  </form>
                )}
              </li>
            );
          })}
        </ol>
      </div>
    </section>
  );
}
