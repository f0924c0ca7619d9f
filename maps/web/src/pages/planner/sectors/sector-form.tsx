/** The form of a sector that is drawn or changed: shape, what is wrong with it, words, save. */
import { signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { bodyOf } from "../../../geo/sector-shape.ts";
import { agencyName } from "../../../session/agencies.ts";
import { Icon } from "../../../widgets/icons.tsx";
import { faultWords } from "../../../widgets/load-states.tsx";
import { CallError } from "../../../wire/calls.ts";
import type { SectorUse } from "../../../wire/documents.ts";
import { USES, versionNumber } from "../../../wire/sectors.ts";
import { t } from "../../../words/index.ts";
import { DetectionLimits } from "./detection-limits.tsx";
import {
  changed,
  conflict,
  type Draft,
  discard,
  draft,
  edit,
  save,
  saveAsNew,
  saveFault,
  saveOver,
  saving,
  shape,
} from "./draft/draft.ts";
import { FIELDS, isGood } from "./draft/limits.ts";
import { areaNow, checked, checkState } from "./draft/shape-check.ts";
import { looked, newerThan, view } from "./draft/store.ts";
import { acrossWords, alongWords, areaWords, authorWords } from "./draft/words.ts";
import { fitDraft } from "./drawing/sector-layers.ts";
import { ShapeTools } from "./drawing/shape-tools.tsx";
import { VertexTable } from "./drawing/vertex-table.tsx";
import { Faults } from "./faults.tsx";
import { LimitFields } from "./limit-fields.tsx";

/** Asked whether the drawing may be thrown away. */
export const leaving = signal(false);

/** Leaves at once where nothing was changed, else asks. */
export function leave(): void {
  if (changed.peek()) leaving.value = true;
  else discard();
}

export function SectorForm(): JSX.Element {
  const about = draft.value as Draft;
  const tried = useSignal(false);
  const form = useRef<HTMLFormElement>(null);
  const nameless = about.name.trim() === "";
  const shapeless = bodyOf(shape.value) === null;
  const bad = checkState.value === "told" && checked.value?.usable === false;
  const wide = FIELDS.some((each) => !isGood(each, about.limits));
  const send = (event: Event): void => {
    event.preventDefault();
    tried.value = true;
    if (shapeless || bad || nameless || wide) lead();
    else void save().then(lead);
  };
  /**
   * To the first thing that keeps it from being saved, once that is drawn: to its field, else to what is said of it.
   */
  const lead = (): void => {
    setTimeout(() => {
      const overtaken = conflict.peek() === null ? null : document.querySelector<HTMLElement>(".sector-overtaken");
      const there = overtaken ?? form.current?.querySelector<HTMLElement>("[aria-invalid='true'], [data-stops]");
      there?.focus({ preventScroll: true });
      there?.scrollIntoView({ block: "center" });
    });
  };
  const isTaken = saveFault.value instanceof CallError && saveFault.value.code === "sector_taken";
  return (
    <section class="panel" aria-labelledby="draft-title">
      <div class="unit-head">
        <button
          class="icon-button"
          aria-label={t("sector.leave")}
          title={t("key.tip", { words: t("sector.leave"), key: "Esc" })}
          onClick={leave}
        >
          <Icon name="left" />
        </button>
        <div>
          <h2 id="draft-title">
            {about.id === null ? t("sector.new") : t("sector.edit_of", { name: about.first.name })}
          </h2>
          {about.id !== null && <p>{t("sector.from_version", { number: about.version })}</p>}
        </div>
      </div>
      <div class="scroll padded">
        {leaving.value && changed.value && (
          <div class="sector-ask" role="alertdialog" aria-label={t("sector.leave_title")}>
            <p>
              <b>{t("sector.leave_title")}</b>
            </p>
            <div class="actions flat">
              <button
                class="button"
                onClick={() => {
                  leaving.value = false;
                  discard();
                }}
              >
                {t("sector.discard")}
              </button>
              <button
                class="button primary"
                autofocus
                onClick={() => {
                  leaving.value = false;
                }}
              >
                {t("sector.go_on")}
              </button>
            </div>
          </div>
        )}
        <Conflict about={about} />
        <form ref={form} class="sector-form" onSubmit={send}>
          {tried.value && shapeless && (
            <p class="field-fault" role="alert" tabIndex={-1} data-stops>
              {t("sector.shape_missing")}
            </p>
          )}
          <ShapeTools />
          <Measures />
          {tried.value && bad && (
            <p class="field-fault" role="alert" tabIndex={-1} data-stops>
              {t("sector.shape_bad")}
            </p>
          )}
          <Faults />
          <VertexTable />
          <label for="sector-name">{t("sector.name")}</label>
          <input
            id="sector-name"
            maxLength={100}
            autocomplete="off"
            value={about.name}
            aria-invalid={(tried.value && nameless) || isTaken}
            aria-describedby={(tried.value && nameless) || isTaken ? "sector-name-fault" : undefined}
            onInput={(event) => {
              if (isTaken) saveFault.value = null;
              edit({ name: event.currentTarget.value });
            }}
          />
          {tried.value && nameless && (
            <p class="field-fault" id="sector-name-fault" role="alert">
              {t("sector.name_missing")}
            </p>
          )}
          {isTaken && (
            <p class="field-fault" id="sector-name-fault" role="alert">
              {t("sector.not_saved")} {faultWords(saveFault.value)}
            </p>
          )}
          <label for="sector-use">{t("sector.use")}</label>
          <select
            id="sector-use"
            value={about.use}
            onChange={(event) => edit({ use: event.currentTarget.value as SectorUse })}
          >
            {USES.map((each) => (
              <option key={each} value={each}>
                {t(`sector.use.${each}`)}
              </option>
            ))}
          </select>
          <LimitFields now={about.limits} put={(limits) => edit({ limits })} />
          {checkState.value === "told" && checked.value?.transit && (
            <DetectionLimits
              told={checked.value.transit}
              keptOut={about.use === "no_go" || about.use === "restricted"}
            />
          )}
          <label for="sector-note">{t("sector.note")}</label>
          <textarea
            id="sector-note"
            rows={2}
            maxLength={2000}
            value={about.note}
            onInput={(event) => edit({ note: event.currentTarget.value })}
          />
          {about.id !== null && (
            <>
              <label for="sector-reason">{t("sector.reason")}</label>
              <input
                id="sector-reason"
                maxLength={500}
                value={about.reason}
                onInput={(event) => edit({ reason: event.currentTarget.value })}
              />
            </>
          )}
          {saveFault.value !== null && !isTaken && (
            <p class="field-fault" role="alert" tabIndex={-1} data-stops>
              {t("sector.not_saved")} {faultWords(saveFault.value)}
            </p>
          )}
          <div class="actions end sector-save">
            <button class="button" type="button" onClick={leave}>
              {t("dialog.cancel")}
            </button>
            <button
              class="button primary"
              type="submit"
              title={t("key.tip", { words: t("sector.save"), key: "Ctrl+Enter" })}
              disabled={saving.value || (about.id !== null && !changed.value)}
            >
              {t(about.id === null ? "sector.save" : "sector.save_version")}
            </button>
          </div>
        </form>
      </div>
    </section>
  );
}

function Measures(): JSX.Element | null {
  if (shape.value === null) return null;
  const check = checked.value;
  return (
    <dl class="facts sector-measures">
      <div class="fact">
        <dt>{t("sector.area")}</dt>
        <dd class="num">
          {areaWords(areaNow.value)}
          <button
            class="icon-button"
            type="button"
            aria-label={t("sector.show_area")}
            title={t("sector.show_area")}
            onClick={fitDraft}
          >
            <Icon name="fit" />
          </button>
        </dd>
      </div>
      {(check?.along ?? []).map((each) => (
        <div key={each.river} class="fact">
          <dt>{t("sector.along")}</dt>
          <dd class="num">{alongWords(each)}</dd>
        </div>
      ))}
      {acrossWords(check?.countries).map((each) => (
        <div key={each} class={shape.value?.kind === "polygon" ? "fact across" : "fact"}>
          <dt>{t("sector.border")}</dt>
          <dd>
            {shape.value?.kind === "polygon" && <Icon name="warn" />} {each}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Somebody was faster: the drawing stays, and what came can be looked at, taken, or saved over. */
function Conflict({ about }: { about: Draft }): JSX.Element | null {
  const newer = conflict.value ?? (about.id === null ? null : newerThan(about.id, about.version));
  if (newer === null) return null;
  if (newer === "gone") {
    return (
      <div class="sector-ask sector-overtaken" role="alert" tabIndex={-1}>
        <p>
          <b>{t("sector.gone")}</b>
        </p>
        <p>{t("sector.gone_what")}</p>
        <div class="actions flat">
          <button class="button primary" onClick={saveAsNew}>
            {t("sector.save_as_new")}
          </button>
        </div>
      </div>
    );
  }
  const isShown = looked.value?.sector.id === newer.sector.id;
  return (
    <div class="sector-ask sector-overtaken" role="alert" tabIndex={-1}>
      <p>
        <b>{t("sector.meanwhile", { number: versionNumber(newer.sector) })}</b>
      </p>
      <p>
        {authorWords(newer.sector)} · {newer.sector.name} · {t(`sector.use.${newer.sector.use ?? "patrol"}`)} ·{" "}
        <span class="num">{areaWords(newer.area_km2)}</span> · {agencyName(newer.sector.agency)}
      </p>
      <p>{t("sector.meanwhile_what")}</p>
      <div class="actions flat">
        <button
          class="button"
          aria-pressed={isShown}
          onClick={() => {
            looked.value = isShown ? null : newer;
          }}
        >
          {t("sector.meanwhile_show")}
        </button>
        <button
          class="button"
          onClick={() => {
            discard();
            view.value = { at: "sector", id: newer.sector.id };
          }}
        >
          {t("sector.meanwhile_take")}
        </button>
        <button class="button" onClick={() => saveOver(newer)}>
          {t("sector.meanwhile_over")}
        </button>
      </div>
    </div>
  );
}
