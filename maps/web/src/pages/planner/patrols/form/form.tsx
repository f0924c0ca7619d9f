/** The form of a plan: what is to be, what is in its way as it is typed, what saving costs. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { agencyName } from "../../../../session/agencies.ts";
import { Icon } from "../../../../widgets/icons.tsx";
import { faultWords } from "../../../../widgets/load-states.tsx";
import { CallError } from "../../../../wire/calls.ts";
import { stateOf } from "../../../../wire/patrols.ts";
import { t } from "../../../../words/index.ts";
import { notify } from "../../desk/frame-state.ts";
import { PlannerIcon } from "../../sectors/drawing/tool-icons.tsx";
import { ConflictList } from "../plan/conflicts.tsx";
import {
  canRedo,
  canUndo,
  change,
  changed,
  checkAgain,
  checkState,
  content,
  draft,
  drop,
  found,
  isOutdated,
  keepOurs,
  redoStep,
  refused,
  save,
  saving,
  takeTheirs,
  tried,
  undoStep,
} from "../plan/draft.ts";
import { isoOf } from "../plan/local-days.ts";
import { missing, type PlanContent, withAgency, withWindow } from "../plan/plan.ts";
import { agencies, own, patrols } from "../plan/store.ts";
import { fieldOf } from "../plan/words.ts";
import { FieldFault, TimeField } from "./fields.tsx";
import { Legs, Meetings } from "./legs.tsx";
import { Members, SectorChoice } from "./units.tsx";

const CHECK_INS = [0, 900, 1800, 3600, 7200] as const;
/** Asked whether the plan may be thrown away. */
const leaving = signal(false);

export function PlanForm(): JSX.Element | null {
  const about = draft.value;
  const plan = content.value;
  useLayoutEffect(() => {
    leaving.value = false;
    if (draft.peek()?.id === null && !document.activeElement?.classList.contains("bar"))
      document.getElementById("plan-name")?.focus();
  }, [about?.id]);
  if (about === null || plan === null) return null;
  const stored = about.id === null ? null : (patrols.value?.find((each) => each.id === about.id) ?? null);
  const send = (event: Event): void => {
    event.preventDefault();
    void save().then((done) => {
      if (done) notify(t("patrol.saved"));
      else document.querySelector<HTMLElement>(".plan-form [aria-invalid='true']")?.focus();
    });
  };
  const leave = (): void => {
    if (changed.peek()) leaving.value = true;
    else drop();
  };
  const signed = (stored?.signatures ?? []).length;
  return (
    <section class="panel" aria-labelledby="plan-title">
      <div class="unit-head">
        <button class="icon-button" aria-label={t("patrol.leave")} title={t("patrol.leave")} onClick={leave}>
          <Icon name="left" />
        </button>
        <div>
          <h2 id="plan-title">
            {about.id === null ? t("patrol.new") : t("patrol.edit_of", { name: about.before?.name ?? "" })}
          </h2>
        </div>
        <button
          class="icon-button"
          disabled={!canUndo.value}
          title={t("key.tip", { words: t("patrol.undo"), key: "Ctrl+Z" })}
          aria-label={t("patrol.undo")}
          onClick={undoStep}
        >
          <PlannerIcon name="undo" />
        </button>
        <button
          class="icon-button"
          disabled={!canRedo.value}
          title={t("key.tip", { words: t("patrol.redo"), key: "Ctrl+Y" })}
          aria-label={t("patrol.redo")}
          onClick={redoStep}
        >
          <PlannerIcon name="redo" />
        </button>
      </div>
      <form class="scroll padded plan-form" onSubmit={send} noValidate>
        {leaving.value && changed.value && (
          <div class="plan-notice" role="alertdialog" aria-label={t("patrol.leave_title")}>
            <div>
              <p>
                <b>{t("patrol.leave_title")}</b>
              </p>
              <div class="actions flat">
                <button type="button" class="button" onClick={drop}>
                  {t("patrol.discard")}
                </button>
                <button
                  type="button"
                  class="button primary"
                  autofocus
                  onClick={() => {
                    leaving.value = false;
                  }}
                >
                  {t("patrol.go_on")}
                </button>
              </div>
            </div>
          </div>
        )}
        {isOutdated.value !== null && (
          <div class="plan-notice ill" role="alert">
            <Icon name="warn" />
            <div>
              <p>
                <b>{t("patrol.overtaken")}</b>
              </p>
              <div class="actions flat">
                <button type="button" class="button" onClick={takeTheirs}>
                  {t("patrol.take_theirs")}
                </button>
                <button type="button" class="button" onClick={keepOurs}>
                  {t("patrol.keep_ours")}
                </button>
              </div>
            </div>
          </div>
        )}
        <Fields plan={plan} owner={stored?.agency ?? own.value} />
        <div class="plan-save">
          <Checked />
          {signed > 0 && changed.value && (
            <p class="plan-cost">
              <Icon name="warn" />
              {t("signature.void", { n: signed })}
            </p>
          )}
          {signed === 0 && stored !== null && stateOf(stored) !== "draft" && changed.value && (
            <p class="hint">{t("signature.again")}</p>
          )}
          {refused.value !== null && (
            <p class="field-fault" role="alert">
              {t("patrol.not_saved")} {faultWords(refused.value.fault)}
            </p>
          )}
          <div class="actions flat">
            <button
              class="button primary"
              type="submit"
              title={t("key.tip", { words: t("patrol.save"), key: "Ctrl+S" })}
              disabled={saving.value || (about.id !== null && !changed.value) || isOutdated.value !== null}
            >
              {t(about.id === null ? "patrol.save_draft" : "patrol.save")}
            </button>
            <button class="button" type="button" onClick={leave}>
              {t("dialog.cancel")}
            </button>
          </div>
        </div>
      </form>
    </section>
  );
}

/** How the plan stands by the server's word. */
function Checked(): JSX.Element | null {
  const state = checkState.value;
  if (state === "failed")
    return (
      <p class="field-fault" role="status">
        {t("conflict.unchecked")}{" "}
        <button type="button" class="button" onClick={checkAgain}>
          {t("state.retry")}
        </button>
      </p>
    );
  if (state === "none") return null;
  const count = found.value.length;
  return (
    <p class="plan-checked" role="status" data-state={state}>
      {state === "asking" ? t("conflict.asking") : count === 0 ? t("conflict.none") : t("conflict.count", { n: count })}
    </p>
  );
}

function Fields({ plan, owner }: { plan: PlanContent; owner: string }): JSX.Element {
  const lacks = tried.value ? missing(plan) : {};
  const nameFault = lacks.name !== undefined ? t("patrol.name_needed") : refusalOf("name");
  return (
    <>
      <div class="field">
        <label for="plan-name">{t("patrol.name")}</label>
        <input
          id="plan-name"
          maxLength={100}
          autocomplete="off"
          value={plan.name}
          aria-invalid={nameFault !== null}
          aria-describedby={nameFault === null ? undefined : "plan-name-fault"}
          onInput={(event) => change({ ...plan, name: event.currentTarget.value }, true)}
        />
        <FieldFault id="plan-name-fault" text={nameFault} />
      </div>
      <fieldset class="plan-part">
        <legend>{t("patrol.when")}</legend>
        <div class="pair">
          <TimeField
            id="plan-start"
            label={t("patrol.begins")}
            value={plan.starts_at}
            fault={lacks.starts_at !== undefined ? t("patrol.time_needed") : refusalOf("starts_at")}
            set={(time) =>
              change(
                time === ""
                  ? { ...plan, starts_at: "" }
                  : plan.starts_at === "" || plan.ends_at === ""
                    ? { ...plan, starts_at: time }
                    : withWindow(
                        plan,
                        time,
                        isoOf(Date.parse(plan.ends_at) + Date.parse(time) - Date.parse(plan.starts_at)),
                      ),
                true,
              )
            }
          />
          <TimeField
            id="plan-end"
            label={t("patrol.ends")}
            value={plan.ends_at}
            fault={
              lacks.ends_at === "order"
                ? t("patrol.ends_first")
                : lacks.ends_at !== undefined
                  ? t("patrol.time_needed")
                  : refusalOf("ends_at")
            }
            set={(time) => change({ ...plan, ends_at: time }, true)}
          />
        </div>
        <Found field="times" />
      </fieldset>
      <fieldset class="plan-part">
        <legend>{t("patrol.agencies")}</legend>
        <div class="checks">
          {agencies.value.map((each) => (
            <label key={each.id}>
              <input
                type="checkbox"
                checked={plan.agencies.includes(each.id)}
                disabled={each.id === own.value || each.id === owner}
                onChange={(event) => change(withAgency(plan, each.id, event.currentTarget.checked, own.value))}
              />
              <span>
                {each.name}
                {each.id === own.value && <small>{t("patrol.own_party")}</small>}
                {each.id === owner && each.id !== own.value && <small>{t("patrol.owner_party")}</small>}
              </span>
            </label>
          ))}
        </div>
        <label for="plan-lead">{t("patrol.lead")}</label>
        <select
          id="plan-lead"
          value={plan.lead}
          onChange={(event) => change({ ...plan, lead: event.currentTarget.value })}
        >
          {plan.agencies.map((each) => (
            <option key={each} value={each}>
              {agencyName(each)}
            </option>
          ))}
        </select>
        <p class="hint">{t("patrol.agencies_how")}</p>
        <Found field="agencies" />
        <FieldFault text={refusalOf("agencies") ?? refusalOf("lead")} />
      </fieldset>
      <Members plan={plan}>
        <Found field="members" />
        <FieldFault text={refusalOf("members")} />
      </Members>
      <SectorChoice plan={plan}>
        <Found field="sectors" />
        <FieldFault text={refusalOf("sectors")} />
      </SectorChoice>
      <Legs plan={plan}>
        <Found field="legs" />
        <FieldFault text={lacks.legs !== undefined ? t("patrol.leg_needed") : refusalOf("legs")} />
      </Legs>
      <Meetings plan={plan}>
        <Found field="rendezvous" />
        <FieldFault text={lacks.rendezvous !== undefined ? t("patrol.meeting_needed") : refusalOf("rendezvous")} />
      </Meetings>
      <div class="field">
        <label for="plan-check-in">{t("patrol.check_in")}</label>
        <select
          id="plan-check-in"
          value={plan.check_in_interval_s ?? 0}
          onChange={(event) => change({ ...plan, check_in_interval_s: Number(event.currentTarget.value) || null })}
        >
          {[...new Set([...CHECK_INS, plan.check_in_interval_s ?? 0])]
            .sort((a, b) => a - b)
            .map((each) => (
              <option key={each} value={each}>
                {each === 0 ? t("patrol.check_in_none") : t("patrol.check_in_minutes", { n: each / 60 })}
              </option>
            ))}
        </select>
        <FieldFault text={refusalOf("check_in_interval_s")} />
      </div>
      <div class="field">
        <label for="plan-note">{t("patrol.note")}</label>
        <textarea
          id="plan-note"
          rows={3}
          maxLength={2000}
          value={plan.note}
          onInput={(event) => change({ ...plan, note: event.currentTarget.value }, true)}
        />
        <p class="hint">{t("patrol.note_what")}</p>
        <FieldFault text={refusalOf("note")} />
      </div>
      <p class="hint">{t("patrol.annex_later")}</p>
    </>
  );
}

/** What is in the way of one field. */
function Found({ field }: { field: ReturnType<typeof fieldOf> }): JSX.Element {
  return (
    <div aria-live="polite">
      <ConflictList conflicts={found.value.filter((each) => fieldOf(each) === field)} label={t("conflict.title")} />
    </div>
  );
}

/** What the server refused of a field, in its words. */
function refusalOf(field: string): string | null {
  const refusal = refused.value;
  return refusal !== null && refusal.field === field && refusal.fault instanceof CallError
    ? faultWords(refusal.fault)
    : null;
}
