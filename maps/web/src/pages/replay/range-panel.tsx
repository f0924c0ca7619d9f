/** Which time and whose: presets, two fields in local time or UTC, all units or some. */

import { signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { may, timeZone } from "../../session/session.ts";
import { dateTime } from "../../session/times.ts";
import { MomentField } from "../../widgets/date-field.tsx";
import { Empty, faultWords, Loading, useLoaded } from "../../widgets/load-states.tsx";
import { fetchJson } from "../../wire/calls.ts";
import { Alert } from "../../wire/documents.ts";
import { listOf } from "../../wire/parser.ts";
import { PatrolDocument } from "../../wire/patrols.ts";
import { UnitState } from "../../wire/units.ts";
import { t } from "../../words/index.ts";
import { cancel, cancelled, chosen, fault, loaded, presentMs, progress, range, start } from "./player.ts";
import { TooMany } from "./reel/load.ts";
import { around, isRange, lastHours, type Range, thisNight } from "./reel/range.ts";
import { alertWords } from "./words.ts";

const inUtc = signal(false);
const DAY = 86_400_000;

export function RangePanel(): JSX.Element {
  const zone = inUtc.value ? "UTC" : timeZone.value;
  const wrong = useSignal<"replay.fault.time" | "replay.fault.range" | null>(null);
  const play = (wanted: Range): void => {
    range.value = { startMs: Math.floor(wanted.startMs / 1000) * 1000, endMs: Math.ceil(wanted.endMs / 1000) * 1000 };
    wrong.value = null;
    void start();
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    const { startMs, endMs } = range.peek();
    wrong.value =
      Number.isFinite(startMs) && Number.isFinite(endMs)
        ? isRange(range.peek())
          ? null
          : "replay.fault.range"
        : "replay.fault.time";
    if (wrong.value === null) void start();
  };
  const field = (name: "startMs" | "endMs"): JSX.Element => {
    const id = name === "startMs" ? "range-from" : "range-to";
    return (
      <MomentField
        id={id}
        label={t(name === "startMs" ? "replay.from" : "replay.to")}
        ms={range.value[name]}
        zone={zone}
        set={(ms) => {
          range.value = { ...range.peek(), [name]: ms ?? NaN };
        }}
      />
    );
  };
  return (
    <form class="range" onSubmit={submit}>
      <h2 class="hidden">{t("replay.range")}</h2>
      <fieldset class="presets">
        <legend>{t("replay.presets")}</legend>
        <button type="button" class="button" onClick={() => play(lastHours(1, presentMs()))}>
          {t("replay.preset.hour")}
        </button>
        <button type="button" class="button" onClick={() => play(thisNight(presentMs(), timeZone.value))}>
          {t("replay.preset.night")}
        </button>
        <button type="button" class="button" onClick={() => play(lastHours(24, presentMs()))}>
          {t("replay.preset.day")}
        </button>
      </fieldset>
      <Choices play={play} />
      {field("startMs")}
      {field("endMs")}
      <div>
        <label for="range-zone">{t("replay.zone")}</label>
        <select
          id="range-zone"
          value={inUtc.value ? "utc" : "local"}
          onChange={(event) => {
            inUtc.value = event.currentTarget.value === "utc";
          }}
        >
          <option value="local">{t("replay.zone_local", { zone: timeZone.value })}</option>
          <option value="utc">{t("replay.zone_utc")}</option>
        </select>
      </div>
      <UnitChoice />
      <p class="field-fault" id="range-fault" role="alert">
        {wrong.value === null ? "" : t(wrong.value)}
      </p>
      <button class="button primary wide" type="submit" id="load">
        {t("replay.load")}
      </button>
      <Outcome />
    </form>
  );
}

function Outcome(): JSX.Element | null {
  const now = progress.value;
  if (now !== null) {
    return (
      <div class="progress" role="status">
        <progress aria-label={t("replay.loading_label")} max={now.all} value={now.done} />
        <p class="num">{t("replay.loading", { done: now.done, all: now.all, n: now.positions })}</p>
        <button type="button" class="button" onClick={cancel}>
          {t("replay.cancel")}
        </button>
      </div>
    );
  }
  if (fault.value !== null)
    return (
      <p class="field-fault" role="alert">
        {fault.value instanceof TooMany
          ? t("replay.fault.many")
          : `${t("replay.not_loaded")} ${faultWords(fault.value)}`}
      </p>
    );
  if (cancelled.value)
    return (
      <p class="hint" role="status">
        {t("replay.cancelled")}
      </p>
    );
  if (loaded.value === null) return null;
  return (
    <div role="status">
      <p class="hint num">{t("replay.loaded", { n: loaded.value.positions })}</p>
      {loaded.value.positions === 0 && <Empty title={t("replay.nothing")}>{t("replay.nothing_hint")}</Empty>}
      {loaded.value.reel.papers_left_off && <p class="hint">{t("replay.papers_left_off")}</p>}
    </div>
  );
}

interface Lists {
  patrols: PatrolDocument[];
  alerts: Alert[];
}

function Choices({ play }: { play: (wanted: Range) => void }): JSX.Element {
  const { value } = useLoaded<Lists>("choices", async () => {
    const nowMs = presentMs();
    const query = new URLSearchParams({
      start: new Date(nowMs - 31 * DAY).toISOString(),
      end: new Date(nowMs + DAY).toISOString(),
    });
    const [open, past, alerts] = await Promise.all([
      may("see patrols") ? fetchJson("/api/patrols", listOf(PatrolDocument)) : [],
      may("see patrols") ? fetchJson(`/api/patrols/past?${query}`, listOf(PatrolDocument)) : [],
      may("see alerts") ? fetchJson(`/api/alerts/history?${query}`, listOf(Alert)) : [],
    ]);
    const begun = open.filter((patrol) => patrol.started_at != null);
    return { patrols: [...begun, ...past], alerts };
  });
  const zone = timeZone.value;
  const patrol = (id: string): void => {
    const found = value?.patrols.find((each) => each.id === id);
    if (found === undefined) return;
    const startMs = Date.parse(found.started_at ?? found.starts_at);
    play({
      startMs,
      endMs: Math.min(found.ended_at ? Date.parse(found.ended_at) + 1000 : presentMs(), startMs + 7 * DAY),
    });
  };
  const alert = (id: string): void => {
    const found = value?.alerts.find((each) => each.id === id);
    if (found !== undefined) play(around(Date.parse(found.raised_at), presentMs()));
  };
  return (
    <>
      <div>
        <label for="range-patrol">{t("replay.patrol")}</label>
        <select id="range-patrol" value="" onChange={(event) => patrol(event.currentTarget.value)}>
          <option value="">{t("replay.patrol_none")}</option>
          {value?.patrols.map((each) => (
            <option
              key={each.id}
              value={each.id}
            >{`${each.name} · ${dateTime(Date.parse(each.started_at ?? each.starts_at), zone)}`}</option>
          ))}
        </select>
      </div>
      <div>
        <label for="range-alert">{t("replay.alert")}</label>
        <select id="range-alert" value="" onChange={(event) => alert(event.currentTarget.value)}>
          <option value="">{t("replay.alert_none")}</option>
          {value?.alerts.map((each) => (
            <option
              key={each.id}
              value={each.id}
            >{`${alertWords(each)} · ${dateTime(Date.parse(each.raised_at), zone)}`}</option>
          ))}
        </select>
      </div>
    </>
  );
}

function UnitChoice(): JSX.Element {
  const some = useSignal(chosen.peek().length > 0);
  const { value, fault: failed } = useLoaded<UnitState[]>("units", () =>
    fetchJson("/api/units?retired=true", listOf(UnitState)),
  );
  const mark = (id: string, on: boolean): void => {
    chosen.value = on ? [...chosen.peek(), id] : chosen.peek().filter((each) => each !== id);
  };
  return (
    <fieldset class="whose">
      <legend>{t("replay.units")}</legend>
      <label>
        <input
          type="radio"
          name="whose"
          checked={!some.value}
          onChange={() => {
            some.value = false;
            chosen.value = [];
          }}
        />
        <span>{t("replay.units_all")}</span>
      </label>
      <label>
        <input
          type="radio"
          name="whose"
          checked={some.value}
          onChange={() => {
            some.value = true;
          }}
        />
        <span>{t("replay.units_some")}</span>
      </label>
      {some.value &&
        value === null &&
        (failed === null ? (
          <Loading />
        ) : (
          <p class="field-fault" role="alert">
            {faultWords(failed)}
          </p>
        ))}
      {some.value && value !== null && (
        <div class="unit-boxes">
          {value.map((unit) => (
            <label key={unit.id}>
              <input
                type="checkbox"
                checked={chosen.value.includes(unit.id)}
                onChange={(event) => mark(unit.id, event.currentTarget.checked)}
              />
              <span>{unit.call_sign}</span>
            </label>
          ))}
        </div>
      )}
    </fieldset>
  );
}
