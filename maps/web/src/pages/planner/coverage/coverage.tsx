/** Where past patrols have been, and where nobody has: the question, the legend, the river's strip, the tables. */
import { once } from "../../../browser/shared-promise.ts";
import "./coverage.css";
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { metresWords } from "../../../geo/place-words.ts";
import { readCourses } from "../../../geo/river-courses.ts";
import { agencyName } from "../../../session/agencies.ts";
import { timeZone } from "../../../session/session.ts";
import { ageWords } from "../../../session/times.ts";
import { wallOf } from "../../../session/wall-clock.ts";
import { DayField } from "../../../widgets/date-field.tsx";
import { Icon } from "../../../widgets/icons.tsx";
import { Broken, Empty } from "../../../widgets/load-states.tsx";
import type { CoverageSums, HeatReport } from "../../../wire/coverage.ts";
import { t } from "../../../words/index.ts";
import { notify, phone, sheetStop } from "../desk/frame-state.ts";
import { units } from "../desk/stream-documents.ts";
import { DAY_MS, midnight } from "../patrols/plan/local-days.ts";
import { minute } from "../patrols/plan/words.ts";
import { drawCoverage, fitHeat } from "./coverage-layers.ts";
import { CLASSES, classOf, csvOf, type HeatClass, INK } from "./heat.ts";
import {
  DAYS,
  fault,
  loadCoverage,
  type Question,
  question,
  RADII,
  rangeOf,
  report,
  STEPS,
  stop,
  working,
} from "./store.ts";

const start = once(async () => {
  drawCoverage();
  await readCourses();
});

export function Coverage(): JSX.Element {
  void start();
  const coverage = report.value;
  return (
    <section class="panel" aria-labelledby="coverage-title">
      <div class="panel-head">
        <h2 id="coverage-title">{t("coverage.title")}</h2>
      </div>
      <div class="scroll padded coverage">
        <Ask />
        <div aria-live="polite">
          {working.value && (
            <p class="coverage-working" role="status">
              <span class="coverage-bar" aria-hidden="true">
                <i />
              </span>
              {t("coverage.working")}{" "}
              <button
                class="button"
                onClick={() => {
                  stop();
                  notify(t("coverage.stopped"));
                }}
              >
                {t("coverage.stop")}
              </button>
            </p>
          )}
        </div>
        {fault.value !== null && (
          <Broken what={t("coverage.failed")} fault={fault.value} retry={() => void loadCoverage()} />
        )}
        {coverage === null && fault.value === null && !working.value && (
          <Empty title={t("coverage.none")}>{t("coverage.none_how")}</Empty>
        )}
        {coverage !== null && <Told told={coverage} />}
      </div>
    </section>
  );
}

function Ask(): JSX.Element {
  const query = question.value;
  const tried = useSignal(false);
  const set = (some: Partial<Question>): void => {
    question.value = { ...question.peek(), ...some };
  };
  const badKm = !(Number.isFinite(query.kmFrom) && Number.isFinite(query.kmTo) && query.kmFrom !== query.kmTo);
  const badRange = rangeOf(query) === null;
  const send = (event: Event): void => {
    event.preventDefault();
    tried.value = true;
    if (badKm || badRange) return;
    if (phone.peek()) sheetStop.value = "half";
    void loadCoverage();
  };
  const day = (ms: number | null): string => (ms === null ? "" : wallOf(ms, timeZone.value).slice(0, 10));
  const dayOf = (text: string, after: number): number | null =>
    text !== "" ? midnight(Date.parse(`${text}T12:00Z`), timeZone.peek(), after) : null;
  return (
    <form class="coverage-ask" onSubmit={send}>
      <div class="pair">
        <div>
          <label for="coverage-days">{t("coverage.range")}</label>
          <select
            id="coverage-days"
            value={query.days}
            onChange={(event) => set({ days: Number(event.currentTarget.value) })}
          >
            {DAYS.map((each) => (
              <option key={each} value={each}>
                {t("coverage.days", { n: each })}
              </option>
            ))}
            <option value={0}>{t("coverage.own_range")}</option>
          </select>
        </div>
        <div>
          <label for="coverage-unit">{t("coverage.units")}</label>
          <select id="coverage-unit" value={query.unit} onChange={(event) => set({ unit: event.currentTarget.value })}>
            <option value="">{t("coverage.units_all")}</option>
            {(units.value ?? []).map((each) => (
              <option key={each.id} value={each.id}>
                {each.call_sign}
              </option>
            ))}
          </select>
        </div>
        {query.days === 0 && (
          <>
            <DayField
              id="coverage-from"
              label={t("coverage.from")}
              day={day(query.from)}
              set={(text) => set({ from: dayOf(text, 0) })}
            />
            <DayField
              id="coverage-until"
              label={t("coverage.until")}
              day={day(query.until === null ? null : query.until - DAY_MS / 2)}
              set={(text) => set({ until: dayOf(text, 1) })}
            />
          </>
        )}
        <div>
          <label for="coverage-km-from">{t("coverage.km_from")}</label>
          <input
            id="coverage-km-from"
            type="number"
            step="any"
            min={0}
            value={query.kmFrom}
            onInput={(event) => set({ kmFrom: event.currentTarget.valueAsNumber })}
          />
        </div>
        <div>
          <label for="coverage-km-to">{t("coverage.km_to")}</label>
          <input
            id="coverage-km-to"
            type="number"
            step="any"
            min={0}
            value={query.kmTo}
            onInput={(event) => set({ kmTo: event.currentTarget.valueAsNumber })}
          />
        </div>
        <div>
          <label for="coverage-step">{t("coverage.step")}</label>
          <select
            id="coverage-step"
            value={query.stepKm}
            onChange={(event) => set({ stepKm: Number(event.currentTarget.value) })}
          >
            {STEPS.map((each) => (
              <option key={each} value={each}>
                {t("coverage.step_km", { number: each })}
              </option>
            ))}
          </select>
        </div>
        <div>
          <label for="coverage-radius">{t("coverage.radius")}</label>
          <select
            id="coverage-radius"
            value={query.radiusM}
            onChange={(event) => set({ radiusM: Number(event.currentTarget.value) })}
          >
            {RADII.map((each) => (
              <option key={each} value={each}>
                {t("coverage.metres", { number: each })}
              </option>
            ))}
          </select>
        </div>
      </div>
      <div class="checks">
        <label>
          <input
            type="checkbox"
            checked={query.onPatrol}
            onChange={(event) => set({ onPatrol: event.currentTarget.checked })}
          />
          <span>{t("coverage.on_patrol")}</span>
        </label>
      </div>
      {tried.value && badRange && (
        <p class="field-fault" role="alert">
          {t("coverage.bad_range")}
        </p>
      )}
      {tried.value && badKm && (
        <p class="field-fault" role="alert">
          {t("coverage.bad_km")}
        </p>
      )}
      <button class="button primary wide" disabled={working.value}>
        {t("coverage.show")}
      </button>
    </form>
  );
}

function Told({ told }: { told: HeatReport }): JSX.Element {
  const names = Object.values(told.units);
  return (
    <>
      {names.length === 0 ? (
        <Empty title={t("coverage.no_tracks")}>{t("coverage.no_tracks_how")}</Empty>
      ) : (
        <p class="hint">{t("coverage.by_units", { names: names.join(", ") })}</p>
      )}
      <Legend />
      <h3>{t("coverage.river")}</h3>
      <p class="num">{seenWords(told.river)}</p>
      <Strip told={told} />
      {told.line_error_m !== undefined && (
        <p class="dim">{t("coverage.line_error", { metres: metresWords(told.line_error_m) })}</p>
      )}
      <div class="actions flat">
        <button class="button" onClick={fitHeat}>
          <Icon name="fit" />
          {t("coverage.fit")}
        </button>
        <button class="button" onClick={() => saveCsv(told)}>
          <Icon name="save" />
          {t("coverage.export")}
        </button>
      </div>
      <Sectors told={told} />
      <Kilometres told={told} />
    </>
  );
}

function Legend(): JSX.Element {
  return (
    <figure class="coverage-legend">
      <figcaption>{t("coverage.legend")}</figcaption>
      <ul>
        {CLASSES.map((each) => (
          <li key={each}>
            <Swatch heat={each} />
            {t(`coverage.class.${each}`)}
          </li>
        ))}
      </ul>
    </figure>
  );
}

/** A class as the map shows it: the same ink, the same pattern. */
function Swatch({ heat }: { heat: HeatClass }): JSX.Element {
  return <i class={`heat heat-${heat}`} style={{ "--ink-share": `${INK[heat] * 100}%` }} aria-hidden="true" />;
}

function Strip({ told }: { told: HeatReport }): JSX.Element {
  const asOf = Date.parse(told.end);
  const first = told.bins[0];
  const last = told.bins.at(-1);
  return (
    <div class="coverage-strip">
      <div role="img" aria-label={t("coverage.strip")}>
        {told.bins.map((bin) => {
          const heat = classOf(bin.last, asOf);
          return (
            <i
              key={bin.km_from}
              class={`heat heat-${heat}`}
              style={{ "--ink-share": `${INK[heat] * 100}%`, flexGrow: bin.km_to - bin.km_from }}
              title={t("coverage.cell", {
                from: km(bin.km_from),
                to: km(bin.km_to),
                when: agoWords(bin.last, asOf),
                number: bin.visits,
              })}
            />
          );
        })}
      </div>
      <p class="num dim">
        <span>{first === undefined ? "" : t("river.km", { km: km(first.km_from) })}</span>
        <span>{last === undefined ? "" : t("river.km", { km: km(last.km_to) })}</span>
      </p>
    </div>
  );
}

function Sectors({ told }: { told: HeatReport }): JSX.Element {
  const asOf = Date.parse(told.end);
  return (
    <>
      <table class="coverage-table">
        <caption>{t("coverage.table_sectors")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("coverage.sector")}</th>
            <th scope="col">{t("coverage.seen")}</th>
            <th scope="col">{t("coverage.last")}</th>
            <th scope="col">{t("coverage.visits")}</th>
          </tr>
        </thead>
        <tbody>
          {told.sectors.map((each) => (
            <tr key={each.sector}>
              <th scope="row">
                {each.name}
                <small>{agencyName(each.agency)}</small>
              </th>
              <td class="num">{t("coverage.percent", { number: Math.round(each.seen.share * 100) })}</td>
              <td class="num">
                <Swatch heat={classOf(each.seen.last, asOf)} />
                {agoWords(each.seen.last, asOf)}
              </td>
              <td class="num">{each.visits ?? 0}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {told.sectors.length === 0 && <p class="hint">{t("coverage.no_sectors")}</p>}
      {(told.unread ?? 0) > 0 && <p class="hint">{t("coverage.unread", { n: told.unread ?? 0 })}</p>}
    </>
  );
}

function Kilometres({ told }: { told: HeatReport }): JSX.Element {
  const asOf = Date.parse(told.end);
  return (
    <details class="coverage-more">
      <summary>{t("coverage.table_km")}</summary>
      <table class="coverage-table">
        <caption class="hidden">{t("coverage.table_km")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("coverage.kilometre")}</th>
            <th scope="col">{t("coverage.seen")}</th>
            <th scope="col">{t("coverage.last")}</th>
            <th scope="col">{t("coverage.visits")}</th>
          </tr>
        </thead>
        <tbody>
          {told.bins.map((bin) => (
            <tr key={bin.km_from}>
              <th scope="row" class="num">
                {km(bin.km_from)}–{km(bin.km_to)}
              </th>
              <td class="num">{t("coverage.percent", { number: Math.round(bin.share * 100) })}</td>
              <td class="num">
                <Swatch heat={classOf(bin.last, asOf)} />
                {agoWords(bin.last, asOf)}
              </td>
              <td class="num">{bin.visits}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

function km(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}

function agoWords(last: string | null, asOf: number): string {
  if (last === null) return t("coverage.never");
  return `${t("coverage.ago", { age: ageWords((asOf - Date.parse(last)) / 1000) })} (${minute(last)})`;
}

function seenWords(seen: CoverageSums): string {
  return t("coverage.seen_km", {
    seen: seen.seen.toFixed(1),
    whole: seen.whole.toFixed(1),
    percent: Math.round(seen.share * 100),
  });
}

/** Sectors, then kilometres: what the tables show, with times in UTC. */
function saveCsv(told: HeatReport): void {
  const rows = [
    [
      t("coverage.csv.kind"),
      t("coverage.csv.name"),
      t("coverage.csv.share"),
      t("coverage.csv.last"),
      t("coverage.visits"),
      t("coverage.hours"),
    ],
    ...told.sectors.map((each) => [
      t("coverage.sector"),
      each.name,
      (each.seen.share * 100).toFixed(1),
      each.seen.last ?? "",
      each.visits ?? 0,
      each.seen.seen_hours.toFixed(2),
    ]),
    ...told.bins.map((bin) => [
      t("coverage.kilometre"),
      `${km(bin.km_from)}–${km(bin.km_to)}`,
      (bin.share * 100).toFixed(1),
      bin.last ?? "",
      bin.visits,
      bin.hours.toFixed(2),
    ]),
  ];
  // The mark at the beginning tells spreadsheets that it is UTF-8.
  const href = URL.createObjectURL(new Blob(["\ufeff", csvOf(rows)], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = href;
  link.download = `coverage-${told.start.slice(0, 10)}-${told.end.slice(0, 10)}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
  notify(t("coverage.saved"));
}
