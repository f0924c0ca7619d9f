/** Every version of a patrol: what changed, when, by whom; the last change of the plan can be taken back. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { Icon } from "../../../widgets/icons.tsx";
import { Broken, faultWords, Loading, useLoaded } from "../../../widgets/load-states.tsx";
import { fetchJson } from "../../../wire/calls.ts";
import { listOf } from "../../../wire/parser.ts";
import { PatrolDocument, revisionOf, stateOf } from "../../../wire/patrols.ts";
import { t, wordsIfAny } from "../../../words/index.ts";
import { notify } from "../desk/frame-state.ts";
import { changesOf, contentOf } from "./plan/plan.ts";
import { StateMark, stateWords } from "./plan/state-mark.tsx";
import { act, mayChange, view } from "./plan/store.ts";
import { joinNames, minute } from "./plan/words.ts";

export function Versions({ patrol }: { patrol: PatrolDocument }): JSX.Element {
  const { value, fault, again } = useLoaded(`${patrol.id} ${patrol.version ?? 1}`, () =>
    fetchJson(`/api/patrols/${patrol.id}/versions`, listOf(PatrolDocument)),
  );
  const versions = value ?? [];
  const before = [...versions].reverse().find((each) => revisionOf(each) < revisionOf(patrol));
  return (
    <section class="panel" aria-labelledby="versions-title">
      <div class="unit-head">
        <button
          class="icon-button"
          aria-label={t("patrol.back_to", { name: patrol.name })}
          onClick={() => {
            view.value = { at: "patrol", id: patrol.id };
          }}
        >
          <Icon name="left" />
        </button>
        <div>
          <h2 id="versions-title">{t("patrol.versions")}</h2>
          <p>{patrol.name}</p>
        </div>
      </div>
      <div class="scroll padded">
        {value === null && fault === null && <Loading />}
        {fault !== null && <Broken what={t("patrol.versions_failed")} fault={fault} retry={again} />}
        {before !== undefined && mayChange(patrol) && <TakeBack patrol={patrol} before={before} />}
        <ol class="plan-versions">
          {[...versions].reverse().map((each) => {
            const earlier = versions[versions.indexOf(each) - 1];
            const changed = earlier === undefined ? [] : Object.keys(changesOf(contentOf(earlier), contentOf(each)));
            return (
              <li key={each.version ?? 1}>
                <StateMark state={stateOf(each)} />
                <span>
                  <b class="num">{t("patrol.version", { number: each.version ?? 1, revision: revisionOf(each) })}</b>{" "}
                  {stateWords(stateOf(each))}
                  <small class="num">
                    {each.by ? t("patrol.made_by", { time: minute(each.at), name: each.by }) : minute(each.at)}
                  </small>
                  {changed.length > 0 && (
                    <small>
                      {t("patrol.changed", {
                        what: joinNames(changed.map((name) => wordsIfAny(`patrol.field.${name}`) ?? name)),
                      })}
                    </small>
                  )}
                </span>
              </li>
            );
          })}
        </ol>
      </div>
    </section>
  );
}

/** Puts the content before the last change back, as a change of its own. */
function TakeBack({ patrol, before }: { patrol: PatrolDocument; before: PatrolDocument }): JSX.Element {
  const busy = useSignal(false);
  const fault = useSignal<unknown>(null);
  const signed = (patrol.signatures ?? []).length;
  const back = async (): Promise<void> => {
    busy.value = true;
    fault.value = null;
    try {
      await act(patrol, "PATCH", "", {
        ...changesOf(contentOf(patrol), contentOf(before)),
        revision: revisionOf(patrol),
        reason: t("patrol.take_back"),
      });
      notify(t("patrol.taken_back"));
    } catch (caught) {
      fault.value = caught;
    } finally {
      busy.value = false;
    }
  };
  return (
    <div class="plan-notice">
      <div>
        <p>{t("patrol.take_back_what", { number: revisionOf(before) })}</p>
        {signed > 0 && (
          <p>
            <b>{t("signature.void", { n: signed })}</b>
          </p>
        )}
        {fault.value !== null && (
          <p class="field-fault" role="alert">
            {t("patrol.act_failed")} {faultWords(fault.value)}
          </p>
        )}
        <button class="button" disabled={busy.value} onClick={() => void back()}>
          {t("patrol.take_back")}
        </button>
      </div>
    </div>
  );
}
