/** One patrol: its plan in words, what is in its way, its signatures, what may be done, the way to its briefing. */
import type { JSX } from "preact";
import { placeWords } from "../../../geo/place-addresses.ts";
import { agencyName } from "../../../session/agencies.ts";
import { may } from "../../../session/session.ts";
import { ageWords } from "../../../session/times.ts";
import { Icon } from "../../../widgets/icons.tsx";
import { type PatrolDocument, spanOf, stateOf } from "../../../wire/patrols.ts";
import { t } from "../../../words/index.ts";
import { Annex } from "./annex.tsx";
import { CancelPatrol, LifecycleButtons } from "./lifecycle-buttons.tsx";
import { ConflictList } from "./plan/conflicts.tsx";
import { startChange } from "./plan/draft.ts";
import { fitPlan } from "./plan/patrol-layers.ts";
import { StateMark, stateWords } from "./plan/state-mark.tsx";
import { ANNEX, conflictsOf, isParty, mayChange, view } from "./plan/store.ts";
import { joinNames, minute, sectorName, span, unitName, utcWords } from "./plan/words.ts";
import { Signatures } from "./signatures.tsx";
import { Suspended } from "./suspension.tsx";

export function PatrolDetail({ patrol }: { patrol: PatrolDocument }): JSX.Element {
  const state = stateOf(patrol);
  const conflicts = conflictsOf.value.get(patrol.id) ?? [];
  const party = isParty(patrol);
  const annex = (patrol.annexes ?? [])[0];
  return (
    <section class="panel" aria-labelledby="patrol-title">
      <div class="unit-head">
        <button
          class="icon-button"
          aria-label={t("patrol.back")}
          title={t("key.tip", { words: t("patrol.back"), key: "Esc" })}
          onClick={() => {
            view.value = { at: "list" };
          }}
        >
          <Icon name="left" />
        </button>
        <div>
          <h2 id="patrol-title">{patrol.name}</h2>
          <p class="patrol-state">
            <StateMark state={state} />
            {stateWords(state)}
          </p>
        </div>
      </div>
      <div class="scroll padded">
        <Suspended patrol={patrol} />
        <LifecycleButtons patrol={patrol} />
        <div class="actions flat">
          {mayChange(patrol) && (
            <button
              class="button"
              title={t("key.tip", { words: t("patrol.edit"), key: "e" })}
              onClick={() => startChange(patrol)}
            >
              {t("patrol.edit")}
            </button>
          )}
          <button class="button" onClick={fitPlan}>
            <Icon name="fit" />
            {t("patrol.show")}
          </button>
          {party && (
            <button
              class="button"
              onClick={() => {
                view.value = { at: "versions", id: patrol.id };
              }}
            >
              {t("patrol.versions")}
            </button>
          )}
          <a class="button" href={`/reports?report=briefing&patrol=${encodeURIComponent(patrol.id)}`}>
            <Icon name="save" />
            {t("patrol.briefing")}
          </a>
        </div>
        {conflicts.length > 0 && (
          <section class="plan-part" aria-labelledby="conflicts-title">
            <h3 id="conflicts-title">{t("conflict.title")}</h3>
            <ConflictList conflicts={conflicts} label={t("conflict.title")} />
          </section>
        )}
        <Signatures patrol={patrol} />
        <dl class="plan-facts">
          <div>
            <dt>{t("patrol.when")}</dt>
            <dd class="num">
              {span(...spanOf(patrol))}
              {spanOf(patrol).map((each, n) => (
                <small key={n}>{utcWords(each)}</small>
              ))}
            </dd>
          </div>
          <div>
            <dt>{t("patrol.lead")}</dt>
            <dd>{agencyName(patrol.lead)}</dd>
          </div>
          <div>
            <dt>{t("patrol.agencies")}</dt>
            <dd>{joinNames(patrol.agencies.map(agencyName))}</dd>
          </div>
          <div>
            <dt>{t("patrol.units")}</dt>
            <dd>
              {(patrol.members ?? []).length === 0 ? (
                t("patrol.units_none")
              ) : (
                <ul>
                  {(patrol.members ?? []).map((each) => (
                    <li key={each.unit}>
                      {unitName(each.unit, each.agency)}
                      <small>
                        {each.crew == null
                          ? t("patrol.crew_unknown", { agency: agencyName(each.agency) })
                          : t("patrol.crew_of", { agency: agencyName(each.agency), n: each.crew })}
                      </small>
                    </li>
                  ))}
                </ul>
              )}
            </dd>
          </div>
          <div>
            <dt>{t("patrol.sectors")}</dt>
            <dd>
              {(patrol.sectors ?? []).length === 0
                ? t("patrol.sectors_none")
                : joinNames((patrol.sectors ?? []).map(sectorName))}
            </dd>
          </div>
          {(patrol.legs ?? []).length > 0 && (
            <div>
              <dt>{t("patrol.legs")}</dt>
              <dd>
                <ul>
                  {(patrol.legs ?? []).map((leg) => (
                    <li key={leg.name}>
                      {leg.name}
                      <small class="num">{span(leg.starts_at, leg.ends_at)}</small>
                      <small>
                        {agencyName(leg.lead ?? patrol.lead)}
                        {(leg.sectors ?? []).length > 0 && <> · {joinNames((leg.sectors ?? []).map(sectorName))}</>}
                      </small>
                    </li>
                  ))}
                </ul>
              </dd>
            </div>
          )}
          {(patrol.rendezvous ?? []).length > 0 && (
            <div>
              <dt>{t("patrol.rendezvous")}</dt>
              <dd>
                <ul>
                  {(patrol.rendezvous ?? []).map((each) => (
                    <li key={each.name}>
                      {each.name}
                      <small class="num">
                        {minute(each.at)} · {placeWords(each.lon, each.lat)}
                      </small>
                    </li>
                  ))}
                </ul>
              </dd>
            </div>
          )}
          <div>
            <dt>{t("patrol.check_in")}</dt>
            <dd>
              {patrol.check_in_interval_s == null
                ? t("patrol.check_in_none")
                : t("patrol.check_in_every", { age: ageWords(patrol.check_in_interval_s) })}
            </dd>
          </div>
          {patrol.note && (
            <div>
              <dt>{t("patrol.note")}</dt>
              <dd class="pre">{patrol.note}</dd>
            </div>
          )}
        </dl>
        {party && (may(ANNEX) || annex !== undefined) && <Annex patrol={patrol} />}
        <CancelPatrol patrol={patrol} />
      </div>
    </section>
  );
}
