/** What is asked for: which report, of which patrol or time, in which language. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { now as present } from "../../session/clock.ts";
import { session, timeZone } from "../../session/session.ts";
import { dayWords } from "../../session/times.ts";
import { DayField } from "../../widgets/date-field.tsx";
import { Icon } from "../../widgets/icons.tsx";
import type { PatrolChoice } from "../../wire/reports.ts";
import type { AgencyInfo } from "../../wire/session.ts";
import { LANGUAGES, type Language, t } from "../../words/index.ts";
import { FORMAT_WORDS, looking, requestReport } from "./jobs.ts";
import { bodyOf, change, daysOf, type Format, kindOf, kinds, secondOf, usualDays, type Wish, wish } from "./request.ts";

const NAMES = {
  briefing: "reports.briefing",
  "patrol-debrief": "reports.patrol_debrief",
  coverage: "reports.coverage",
  monthly: "reports.monthly",
} as const;
const HINTS = {
  briefing: "reports.briefing_hint",
  "patrol-debrief": "reports.patrol_debrief_hint",
  coverage: "reports.coverage_hint",
  monthly: "reports.monthly_hint",
} as const;

export function reportName(name: string): string {
  return name in NAMES ? t(NAMES[name as keyof typeof NAMES]) : name;
}

/** Patrols and agencies that there are to choose from. */
export const choices = signal<{ patrols: readonly PatrolChoice[]; agencies: readonly AgencyInfo[] }>({
  patrols: [],
  agencies: [],
});

/** What is wished for, with its second language. */
function wishOf(): Wish & { second: Language } {
  const { patrols, agencies } = choices.value;
  return { ...wish.value, second: secondOf(wish.value, patrols, agencies, session.value?.agency.id ?? "") };
}

/** Asks for the chosen report; to look at it, or to keep it as a file. */
export function make(format: Format, how: "look" | "save"): void {
  const kind = kindOf(wish.value.report);
  const body = kind === undefined ? null : bodyOf(wishOf(), kind, format, timeZone.value);
  if (body !== null) void requestReport(body, how);
}

/** Chooses a report, with the days it is mostly made of; days that somebody set stay. */
function choose(report: string): void {
  const now = present.peek();
  const { report: before, from, to } = wish.value;
  const usual = daysOf(usualDays(before), now, timeZone.value);
  change({ report, ...(from === usual.from && to === usual.to ? daysOf(usualDays(report), now, timeZone.value) : {}) });
}

export function Form(): JSX.Element {
  const { patrols, agencies } = choices.value;
  const wish = wishOf();
  const kind = kindOf(wish.report);
  const ready = kind !== undefined && bodyOf(wish, kind, "html", timeZone.value) !== null;
  return (
    <form
      class="report-form"
      onSubmit={(event) => {
        event.preventDefault();
        make("html", "look");
      }}
    >
      <fieldset class="report-kinds">
        <legend>{t("reports.which")}</legend>
        {kinds.value
          .filter((each) => each.allowed)
          .map((each) => (
            <button
              key={each.name}
              type="button"
              class="button wide kind"
              aria-pressed={each.name === wish.report}
              onClick={() => choose(each.name)}
            >
              <span>{reportName(each.name)}</span>
            </button>
          ))}
      </fieldset>
      {kind !== undefined && kind.name in HINTS && <p class="hint">{t(HINTS[kind.name as keyof typeof HINTS])}</p>}
      {kind?.about === "patrol" && <PatrolField patrols={patrols} begun={kind.name !== "briefing"} />}
      {kind?.about === "time" && <TimeFields />}
      {kind?.name === "monthly" && <CounterpartField agencies={agencies} />}
      {kind?.name === "coverage" && <RiverFields />}
      <LanguageField
        id="report-language"
        label={t("reports.language")}
        value={wish.language}
        choose={(language) => change({ language })}
      />
      {kind?.name === "briefing" && (
        <LanguageField
          id="report-second"
          label={t("reports.second_language")}
          value={wish.second}
          choose={(second) => change({ second })}
        />
      )}
      <button
        type="submit"
        class="button primary wide"
        disabled={!ready || looking.value !== null}
        title={t("key.tip", { words: t("reports.preview"), key: "V" })}
      >
        {t("reports.preview")}
      </button>
      {kind !== undefined && (
        <fieldset class="report-files">
          <legend>{t("reports.download")}</legend>
          {kind.formats.map((format) => (
            <button key={format} type="button" class="button" disabled={!ready} onClick={() => make(format, "save")}>
              <Icon name="save" />
              {t(FORMAT_WORDS[format])}
            </button>
          ))}
        </fieldset>
      )}
    </form>
  );
}

function PatrolField({ patrols, begun }: { patrols: readonly PatrolChoice[]; begun: boolean }): JSX.Element {
  const some = patrols.filter((each) => !begun || each.started_at != null);
  if (some.length === 0) return <p class="hint">{t(begun ? "reports.no_begun_patrols" : "reports.no_patrols")}</p>;
  return (
    <div>
      <label for="report-patrol">{t("reports.patrol")}</label>
      <select
        id="report-patrol"
        value={some.some((each) => each.id === wish.value.patrol) ? wish.value.patrol : ""}
        onChange={(event) => change({ patrol: event.currentTarget.value })}
      >
        <option value="">{t("reports.choose")}</option>
        {some.map((each) => (
          <option
            key={each.id}
            value={each.id}
          >{`${dayWords(Date.parse(each.starts_at), timeZone.value)} · ${each.name}`}</option>
        ))}
      </select>
    </div>
  );
}

function TimeFields(): JSX.Element {
  const zone = timeZone.value;
  const { from, to } = wish.value;
  const set = (which: "week" | "month" | "last-month"): void => change(daysOf(which, present.peek(), zone));
  return (
    <div class="report-time">
      <div class="row">
        <DayField id="report-from" label={t("reports.from")} day={from} set={(day) => change({ from: day })} />
        <DayField
          id="report-to"
          label={t("reports.to")}
          day={to}
          fault={from !== "" && to !== "" && from > to ? t("reports.days_order") : null}
          set={(day) => change({ to: day })}
        />
      </div>
      <div class="row presets">
        <button type="button" class="button" onClick={() => set("last-month")}>
          {t("reports.last_month")}
        </button>
        <button type="button" class="button" onClick={() => set("month")}>
          {t("reports.this_month")}
        </button>
        <button type="button" class="button" onClick={() => set("week")}>
          {t("reports.last_week")}
        </button>
      </div>
      <p class="hint">{t("reports.days_hint", { zone })}</p>
    </div>
  );
}

function CounterpartField({ agencies }: { agencies: readonly AgencyInfo[] }): JSX.Element | null {
  const others = agencies.filter((each) => each.id !== session.value?.agency.id);
  if (others.length === 0) return null;
  return (
    <div>
      <label for="report-counterpart">{t("reports.made_for")}</label>
      <select
        id="report-counterpart"
        value={wish.value.counterpart}
        onChange={(event) => change({ counterpart: event.currentTarget.value })}
      >
        <option value="">{t("reports.own_agency")}</option>
        {others.map((each) => (
          <option key={each.id} value={each.id}>
            {each.name}
          </option>
        ))}
      </select>
      {wish.value.counterpart !== "" && <p class="hint">{t("reports.counterpart_hint")}</p>}
    </div>
  );
}

function RiverFields(): JSX.Element {
  const { kmFrom, kmTo, radius } = wish.value;
  return (
    <div class="row three">
      <div>
        <label for="report-km-from">{t("reports.km_from")}</label>
        <input
          id="report-km-from"
          type="number"
          min="0"
          max="10000"
          step="any"
          value={kmFrom}
          onInput={(event) => change({ kmFrom: event.currentTarget.value })}
        />
      </div>
      <div>
        <label for="report-km-to">{t("reports.km_to")}</label>
        <input
          id="report-km-to"
          type="number"
          min="0"
          max="10000"
          step="any"
          value={kmTo}
          onInput={(event) => change({ kmTo: event.currentTarget.value })}
        />
      </div>
      <div>
        <label for="report-radius">{t("reports.radius")}</label>
        <input
          id="report-radius"
          type="number"
          min="10"
          max="20000"
          value={radius}
          onInput={(event) => change({ radius: event.currentTarget.value })}
        />
      </div>
    </div>
  );
}

function LanguageField({
  id,
  label,
  value,
  choose,
}: {
  id: string;
  label: string;
  value: Language;
  choose: (language: Language) => void;
}): JSX.Element {
  return (
    <div>
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => choose(event.currentTarget.value as Language)}>
        {Object.entries(LANGUAGES).map(([code, name]) => (
          <option key={code} value={code} lang={code}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}
