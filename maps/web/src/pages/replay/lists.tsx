/** What the map shows, in words: every unit, and what stood at the moment. */
import type { ComponentChildren, JSX } from "preact";
import { agencyName } from "../../session/agencies.ts";
import { ageSeconds, ageWords } from "../../session/times.ts";
import { MarkIcon } from "../../symbols/mark-icon.tsx";
import { Empty } from "../../widgets/load-states.tsx";
import type { Alert, HandOff, Incident, Sector, Target } from "../../wire/documents.ts";
import { categoryWords } from "../../words/incident-words.ts";
import { t } from "../../words/index.ts";
import { dark, documents, events, gaps, loaded, look, playMs, seek, selected, stateOf, units } from "./player.ts";
import { latenessS, underWay } from "./reel/state-at-time.ts";
import { flyTo } from "./replay-map.ts";
import { alertWords, darkWords, happeningWords, shortMoment } from "./words.ts";

/** Heard later than this is worth saying, seconds. */
const LATE_S = 60;

export function UnitsPanel(): JSX.Element {
  const ms = playMs.value;
  const untoldNow = look.value === "known" ? new Set(dark.value.map((each) => each.agency)) : new Set<string>();
  if (loaded.value === null) return <Empty title={t("replay.nothing_loaded")}>{t("replay.nothing_loaded_hint")}</Empty>;
  return (
    <ul class="rows scroll" tabIndex={0} aria-label={t("replay.units")}>
      {units.value.map((unit) => {
        const state = stateOf(unit.id, ms);
        const film = loaded.value?.films.get(unit.id);
        const late = film === undefined || state === null ? 0 : latenessS(film, ms, look.value);
        const words =
          state === null
            ? t(untoldNow.has(unit.agency) ? "replay.not_told" : "replay.not_yet")
            : t("replay.state", {
                state: t(`liveness.${state.liveness ?? "never"}`),
                age: ageWords(ageSeconds(state.last?.time, ms) ?? 0),
              });
        const choose = (): void => {
          selected.value = selected.peek() === unit.id ? "" : unit.id;
          flyTo(unit.id);
        };
        return (
          <li key={unit.id}>
            <button class="row" aria-pressed={selected.value === unit.id} onClick={choose}>
              <MarkIcon
                unit={{ kind: unit.kind ?? null, country: unit.country ?? null, liveness: state?.liveness ?? "never" }}
              />
              <span class="row-name">{unit.call_sign}</span>
              <span class="row-place">{words}</span>
              {late > LATE_S && <span class="row-place late">{t("replay.heard_late", { age: ageWords(late) })}</span>}
            </button>
          </li>
        );
      })}
    </ul>
  );
}

export function ThenPanel(): JSX.Element {
  if (loaded.value === null) return <Empty title={t("replay.nothing_loaded")}>{t("replay.nothing_loaded_hint")}</Empty>;
  const of = <T,>(kind: string): T[] => documents.value.filter((record) => record.kind === kind) as T[];
  return (
    <div class="then scroll padded" tabIndex={0} role="region" aria-label={t("replay.tab.then")}>
      {dark.value.length > 0 && (
        <Part title={t("replay.not_told")}>
          {dark.value.map((each) => (
            <li key={each.agency}>{darkWords(each)}</li>
          ))}
        </Part>
      )}
      <Part title={t("replay.then.alerts")}>
        {of<Alert>("alert").map((each) => (
          <li key={each.id}>{alertWords(each)}</li>
        ))}
      </Part>
      <Part title={t("replay.then.patrols")}>
        {underWay(documents.value).map((each) => (
          <li key={each.id}>{each.name}</li>
        ))}
      </Part>
      <Part title={t("replay.then.offers")}>
        {[
          ...of<Target>("target").map((each) => <li key={each.id}>{each.name}</li>),
          ...of<HandOff>("hand_off").map((each) => (
            <li key={each.id}>
              {t("replay.mark.hand_off", { name: each.name || t(`target.${each.what ?? "vessel"}`) })}
            </li>
          )),
        ]}
      </Part>
      <Part title={t("replay.then.sectors")}>
        {of<Sector>("sector").map((each) => (
          <li key={each.id}>{each.name}</li>
        ))}
      </Part>
      <Part title={t("replay.then.incidents")}>
        {of<Incident>("incident")
          .filter((each) => Date.parse(each.happened_at) <= playMs.value)
          .map((each) => (
            <li key={each.id}>{categoryWords(each)}</li>
          ))}
      </Part>
      <h2>{t("replay.marks")}</h2>
      {events.value.length === 0 ? (
        <p class="hint">{t("replay.then.none")}</p>
      ) : (
        <ul class="happenings">
          {events.value.map((event) => (
            <li key={`${event.record.id} ${event.ms}`}>
              <button
                class="button"
                title={t("replay.go_to", { time: shortMoment(event.ms) })}
                onClick={() => seek(event.ms)}
              >
                <span class="num">{shortMoment(event.ms)}</span>
                <span>{happeningWords(event)}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {gaps.value.length > 0 && (
        <Part title={t("replay.stretches")}>
          {gaps.value.map(({ agency, from, to }) => (
            <li key={`${agency} ${from}`}>
              {t("replay.stretch", { agency: agencyName(agency), start: shortMoment(from), end: shortMoment(to) })}
            </li>
          ))}
        </Part>
      )}
      <p class="hint">{t("replay.then.links")}</p>
    </div>
  );
}

function Part({ title, children }: { title: string; children: ComponentChildren[] }): JSX.Element {
  return (
    <>
      <h2>{title}</h2>
      {children.length === 0 ? <p class="hint">{t("replay.then.none")}</p> : <ul>{children}</ul>}
    </>
  );
}
