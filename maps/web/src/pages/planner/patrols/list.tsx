/** Patrols by day: what a phone has in place of the timeline, and a desktop beside it. */
import type { JSX } from "preact";
import { agencyName } from "../../../session/agencies.ts";
import { may, timeZone } from "../../../session/session.ts";
import { dayWords, isoDay } from "../../../session/times.ts";
import { Icon } from "../../../widgets/icons.tsx";
import { Broken, Empty, Loading } from "../../../widgets/load-states.tsx";
import { type PatrolDocument, spanOf, stateOf } from "../../../wire/patrols.ts";
import { t } from "../../../words/index.ts";
import { UnsavedOffers } from "../desk/draft-notice.tsx";
import { phone } from "../desk/frame-state.ts";
import { ConflictMark } from "./plan/conflicts.tsx";
import { draft, type LeftPlan, startNew, takeUp, unsaved } from "./plan/draft.ts";
import { fitPlan } from "./plan/patrol-layers.ts";
import { StateMark, stateWords } from "./plan/state-mark.tsx";
import { conflictsOf, isParty, loadPatrols, PLAN, patrols, patrolsFault, scale, view } from "./plan/store.ts";
import { joinNames, membersWords, span } from "./plan/words.ts";
import { TimeTools } from "./time-tools.tsx";

function planOn(left: LeftPlan): boolean {
  const done = takeUp(left);
  if (done) fitPlan();
  return done;
}

export function PatrolList(): JSX.Element {
  const all = patrols.value;
  const { from, to } = scale.value;
  const shown = (all ?? []).filter((each) => spanOf(each)[0] < to && spanOf(each)[1] > from);
  const days = new Map<string, PatrolDocument[]>();
  for (const each of shown) {
    const day = isoDay(Math.max(from, spanOf(each)[0]), timeZone.value);
    days.set(day, [...(days.get(day) ?? []), each]);
  }
  return (
    <section class="panel" aria-labelledby="patrols-title">
      <div class="panel-head">
        <h2 id="patrols-title">{t("planner.patrols")}</h2>
        {all !== null && <span class="count num">{t("patrol.count", { n: shown.length })}</span>}
      </div>
      <div class="patrol-tools">
        {phone.value && <TimeTools />}
        {may(PLAN) && (
          <button
            class="button primary"
            title={t("key.tip", { words: t("patrol.new"), key: "n" })}
            onClick={() => startNew()}
          >
            <Icon name="plus" />
            {t("patrol.new")}
          </button>
        )}
      </div>
      <div class="scroll">
        <UnsavedOffers
          unsaved={unsaved}
          take={planOn}
          words={({ content }, time) =>
            content.name === "" ? t("patrol.left_nameless", { time }) : t("patrol.left", { time, name: content.name })
          }
        />
        {draft.value !== null && (
          <div class="plan-notice">
            <p>{t("patrol.unsaved")}</p>
            <button
              class="button"
              onClick={() => {
                view.value = { at: "edit" };
              }}
            >
              {t("patrol.go_on")}
            </button>
          </div>
        )}
        {patrolsFault.value !== null && (
          <Broken what={t("patrol.list_failed")} fault={patrolsFault.value} retry={() => void loadPatrols()} />
        )}
        {all === null && patrolsFault.value === null && <Loading />}
        {all !== null && shown.length === 0 && (
          <Empty title={t("patrol.none")}>{t(may(PLAN) ? "patrol.none_how" : "patrol.none_why")}</Empty>
        )}
        {[...days].map(([day, some]) => (
          <section
            key={day}
            class="patrol-day"
            aria-label={dayWords(spanOf(some[0] as PatrolDocument)[0], timeZone.value)}
          >
            <h3 class="num">{dayWords(Math.max(from, spanOf(some[0] as PatrolDocument)[0]), timeZone.value)}</h3>
            <ul class="rows">
              {some.map((each) => (
                <li key={each.id}>
                  <Row patrol={each} />
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </section>
  );
}

function Row({ patrol }: { patrol: PatrolDocument }): JSX.Element {
  const state = stateOf(patrol);
  const conflicts = conflictsOf.value.get(patrol.id) ?? [];
  const worst = conflicts.find((each) => each.severity === "error") ?? conflicts[0];
  const members = membersWords(patrol);
  return (
    <button
      class="patrol-row"
      onClick={() => {
        view.value = { at: "patrol", id: patrol.id };
      }}
    >
      <StateMark state={state} />
      <b class="row-name">{patrol.name}</b>
      <span class="patrol-row-state">
        {worst !== undefined && (
          <>
            <ConflictMark severity={worst.severity} />
            <span class="hidden">{t("conflict.count", { n: conflicts.length })}</span>
          </>
        )}
        {stateWords(state)}
      </span>
      <span class="patrol-row-more num">{span(...spanOf(patrol))}</span>
      <span class="patrol-row-more">
        {isParty(patrol)
          ? joinNames(patrol.agencies.map(agencyName))
          : t("patrol.theirs", { agency: agencyName(patrol.agency) })}
      </span>
      {members !== "" && <span class="patrol-row-more">{members}</span>}
      {patrol.suspended === true && <span class="patrol-row-more ill">{t("patrol.suspended")}</span>}
      {patrol.start_overdue === true && <span class="patrol-row-more ill">{t("patrol.start_overdue")}</span>}
    </button>
  );
}
