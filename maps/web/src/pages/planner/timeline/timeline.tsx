/** The timeline: units of both sides as rows, patrols as bars, the watch as a band, the present as a line. */
import { computed, signal } from "@preact/signals";
import type { JSX } from "preact";
import { agencyName } from "../../../session/agencies.ts";
import { now } from "../../../session/clock.ts";
import { may, timeZone } from "../../../session/session.ts";
import { zoneOffset } from "../../../session/times.ts";
import { MarkIcon } from "../../../symbols/mark-icon.tsx";
import { Empty, Loading } from "../../../widgets/load-states.tsx";
import { type PatrolDocument, type Shift, STATES } from "../../../wire/patrols.ts";
import { t } from "../../../words/index.ts";
import { units } from "../desk/stream-documents.ts";
import { content, draft, startNew } from "../patrols/plan/draft.ts";
import { STEP_MS, snapped } from "../patrols/plan/local-days.ts";
import { percent, ticks } from "../patrols/plan/scale.ts";
import { StateMark, stateWords } from "../patrols/plan/state-mark.tsx";
import { own, PLAN, patrols, scale, shifts, zoom } from "../patrols/plan/store.ts";
import { span } from "../patrols/plan/words.ts";
import { TimeTools } from "../patrols/time-tools.tsx";
import { BAR_PX, Bar } from "./bar.tsx";
import { type AgencyRows, rowsOf, type UnitRow } from "./rows.ts";

/** Id of the bar of a plan that is not saved yet. */
export const NEW = "new";
/** A drag shorter than this is a press. */
const LEAST_PX = 6;

/** Patrols with the plan that is being made in place of what is kept. */
const shown = computed((): readonly PatrolDocument[] => {
  const all = patrols.value ?? [];
  const about = draft.value;
  const plan = content.value;
  if (about === null || plan === null || plan.starts_at === "" || plan.ends_at === "") return all;
  const made = {
    ...plan,
    agencies: [...plan.agencies],
    members: [...plan.members],
    sectors: [...plan.sectors],
    legs: [...plan.legs],
    rendezvous: [...plan.rendezvous],
  };
  if (about.id === null) return [...all, { ...made, id: NEW, agency: own.value, at: plan.starts_at }];
  return all.map((each) => (each.id === about.id ? { ...each, ...made } : each));
});

export function Timeline(): JSX.Element {
  const all = patrols.value;
  const lines = ticks(scale.value, zoom.value, timeZone.value);
  const groups = rowsOf(shown.value, units.value ?? [], own.value, scale.value);
  return (
    <div class="timeline" data-zoom={zoom.value}>
      <div class="timeline-head">
        <TimeTools />
        <Legend />
      </div>
      <div class="timeline-grid" role="region" aria-label={t("timeline.label")} tabIndex={0}>
        <div class="timeline-axis">
          <span class="timeline-corner num">
            {t("timeline.zone", { zone: zoneOffset(scale.value.from, timeZone.value) })}
          </span>
          <div class="timeline-track">
            {lines
              .filter((each) => each.label !== "")
              .map((each) => (
                <span
                  key={each.at}
                  class={each.day ? "tick day num" : "tick num"}
                  style={{ left: `${percent(scale.value, each.at)}%` }}
                >
                  {each.label}
                </span>
              ))}
          </div>
        </div>
        <div class="timeline-body">
          <div class="timeline-lines" aria-hidden="true">
            {lines.map((each) => (
              <i key={each.at} class={each.day ? "day" : ""} style={{ left: `${percent(scale.value, each.at)}%` }} />
            ))}
          </div>
          <Present />
          {all === null ? <Loading /> : groups.map((group) => <Group key={group.agency} group={group} />)}
          {all !== null && groups.every(({ rows }) => rows.length === 0) && (
            <Empty title={t("timeline.none")}>{t("timeline.none_how")}</Empty>
          )}
        </div>
      </div>
    </div>
  );
}

function Legend(): JSX.Element {
  return (
    <ul class="timeline-legend" aria-label={t("timeline.legend")}>
      {STATES.map((each) => (
        <li key={each}>
          <StateMark state={each} />
          {stateWords(each)}
        </li>
      ))}
    </ul>
  );
}

/** The line of the present, with its own clock: bars need not be drawn again every second. */
function Present(): JSX.Element | null {
  const { from, to } = scale.value;
  const at = now.value;
  if (at < from || at >= to) return null;
  return (
    <div class="timeline-lines present" aria-hidden="true">
      <i style={{ left: `${percent(scale.value, at)}%` }} />
    </div>
  );
}

function Group({ group }: { group: AgencyRows }): JSX.Element {
  const ours = group.agency === own.value;
  return (
    <section class="timeline-group" aria-label={agencyName(group.agency)}>
      <div class="timeline-row agency">
        <h2 class="timeline-name">{agencyName(group.agency)}</h2>
        <div class="timeline-track">{ours && shifts.value.map((each) => <Watch key={each.id} shift={each} />)}</div>
      </div>
      {group.rows.map((row) => (
        <Row key={row.unit ?? "none"} row={row} agency={group.agency} />
      ))}
    </section>
  );
}

function Watch({ shift }: { shift: Shift }): JSX.Element | null {
  const [from, to] = [Date.parse(shift.starts_at), Date.parse(shift.ends_at)];
  if (to <= scale.value.from || from >= scale.value.to) return null;
  const left = percent(scale.value, from);
  const words = t("timeline.watch", { officer: shift.officer, office: shift.office, span: span(from, to) });
  return (
    <span
      class="watch"
      role="img"
      title={words}
      aria-label={words}
      style={{ left: `${left}%`, width: `${percent(scale.value, to) - left}%` }}
    >
      {shift.officer}
    </span>
  );
}

/** What is being drawn on an empty row. */
const sketch = signal<{ row: string; from: number; to: number } | null>(null);

function Row({ row, agency }: { row: UnitRow; agency: string }): JSX.Element {
  const id = `${agency}/${row.unit ?? ""}`;
  const name =
    row.unit === null ? t("timeline.no_unit") : (row.callSign ?? t("patrol.unit_of", { agency: agencyName(agency) }));
  const drawn = sketch.value?.row === id ? sketch.value : null;
  const begin = (event: PointerEvent & { currentTarget: HTMLElement }): void => {
    if (event.button !== 0 || event.target !== event.currentTarget || !may(PLAN)) return;
    const track = event.currentTarget;
    const box = track.getBoundingClientRect();
    const at = (x: number): number =>
      snapped(scale.peek().from + ((x - box.left) / box.width) * (scale.peek().to - scale.peek().from));
    const startX = event.clientX;
    const first = at(startX);
    track.setPointerCapture(event.pointerId);
    const move = (next: PointerEvent): void => {
      if (Math.abs(next.clientX - startX) < LEAST_PX) return;
      const last = at(next.clientX);
      sketch.value = { row: id, from: Math.min(first, last), to: Math.max(first, last) };
    };
    const end = (next: PointerEvent): void => {
      track.removeEventListener("pointermove", move);
      track.removeEventListener("pointerup", end);
      track.removeEventListener("pointercancel", end);
      const drawnSpan = sketch.peek();
      sketch.value = null;
      if (drawnSpan === null || drawnSpan.to - drawnSpan.from < STEP_MS || next.type === "pointercancel") return;
      startNew(drawnSpan.from, drawnSpan.to, row.unit === null ? [] : [{ unit: row.unit, agency }]);
    };
    track.addEventListener("pointermove", move);
    track.addEventListener("pointerup", end);
    track.addEventListener("pointercancel", end);
  };
  return (
    <div class="timeline-row" style={{ height: `${row.laneCount * BAR_PX + 4}px` }}>
      <div class="timeline-name">
        {row.callSign !== null && (
          <MarkIcon unit={{ kind: row.kind ?? null, country: row.country, liveness: "live" }} />
        )}
        <span>{name}</span>
      </div>
      <div class={may(PLAN) ? "timeline-track empty-track" : "timeline-track"} onPointerDown={begin}>
        {row.bars.map((bar) => (
          <Bar key={bar.patrol.id} bar={bar} row={name} />
        ))}
        {drawn !== null && (
          <span
            class="sketch"
            style={{
              left: `${percent(scale.value, drawn.from)}%`,
              width: `${percent(scale.value, drawn.to) - percent(scale.value, drawn.from)}%`,
            }}
          >
            {span(drawn.from, drawn.to)}
          </span>
        )}
      </div>
    </div>
  );
}
