/** All units beside the map: search, filter by how fresh they are, press to fly there. */
import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { now } from "../clock.ts";
import { select, selectedId } from "../console.ts";
import type { Liveness, UnitState } from "../contract.ts";
import { units } from "../feed.ts";
import { t } from "../i18n/index.ts";
import { focusSearch, tip } from "../keys.ts";
import { flyToSelected } from "../map-room.ts";
import { ageSeconds, ageWords } from "../times.ts";
import { Icon } from "./icons.tsx";
import { MarkIcon } from "./mark-icon.tsx";
import { placeWords } from "./place-words.ts";
import { Empty, Loading } from "./states.tsx";

const FILTERS: Liveness[] = ["live", "late", "lost", "cut"];
/** Rows drawn at once; more on demand. */
const PAGE = 200;

export function UnitList(): JSX.Element {
  const query = useSignal("");
  const filter = useSignal<Liveness | null>(null);
  const shown = useSignal(PAGE);
  const found = useComputed(() => (units.value ?? []).filter((unit) => matches(unit, query.value) && (filter.value === null || unit.liveness === filter.value)));
  const all = units.value;
  const choose = (unit: UnitState): void => {
    select(unit.id);
    flyToSelected();
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      step(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && event.target instanceof HTMLInputElement) {
      const first = found.value[0];
      if (first) choose(first);
    }
  };
  return (
    <section class="panel" aria-labelledby="units-title" onKeyDown={onKey}>
      <header class="panel-head">
        <h2 id="units-title">{t("units.title")}</h2>
        <span class="count num">{all === null ? "" : t("units.count", { n: all.length })}</span>
      </header>
      <div class="search">
        <Icon name="search" />
        <input id="unit-search" type="search" autocomplete="off" placeholder={t("units.search")} aria-label={t("units.search")} title={tip(t("units.search"), "/")} value={query.value}
          onInput={(event) => { query.value = event.currentTarget.value; shown.value = PAGE; }} />
        {query.value !== "" && <button class="icon-button" title={t("units.clear")} aria-label={t("units.clear")} onClick={() => { query.value = ""; focusSearch(); }}><Icon name="close" /></button>}
      </div>
      <div class="chips" role="group" aria-label={t("units.filter")}>
        <button class="chip" aria-pressed={filter.value === null} onClick={() => { filter.value = null; }}>{t("units.all")}</button>
        {FILTERS.filter((name) => name !== "cut" || filter.value === "cut" || (all ?? []).some((unit) => unit.liveness === "cut")).map((name) => (
          <button key={name} class="chip" aria-pressed={filter.value === name} onClick={() => { filter.value = filter.value === name ? null : name; }}>
            {t(`liveness.${name}` as "liveness.live")} <span class="num">{(all ?? []).filter((unit) => unit.liveness === name).length}</span>
          </button>
        ))}
      </div>
      <div class="scroll">
        {all === null && <Loading />}
        {all !== null && all.length === 0 && <Empty title={t("units.empty")}>{t("units.empty_how")}</Empty>}
        {all !== null && all.length > 0 && found.value.length === 0 && <Empty title={t("units.none_found")}>{t("units.none_found_how")}</Empty>}
        <ul class="rows" id="unit-rows">
          {found.value.slice(0, shown.value).map((unit) => <Row key={unit.id} unit={unit} chosen={selectedId.value === unit.id} choose={choose} />)}
        </ul>
        {found.value.length > shown.value && (
          <button class="button wide" onClick={() => { shown.value += PAGE; }}>{t("units.more", { n: found.value.length - shown.value })}</button>
        )}
      </div>
    </section>
  );
}

function Row({ unit, chosen, choose }: { unit: UnitState; chosen: boolean; choose: (unit: UnitState) => void }): JSX.Element {
  return (
    <li>
      <button class={`row${unit.distress ? " row-distress" : ""}`} aria-current={chosen} onClick={() => choose(unit)}>
        <MarkIcon unit={unit} />
        <span class="row-name">{unit.call_sign}{unit.by_voice && <span class="by-voice" title={t("unit.by_voice")}><Icon name="voice" /></span>}</span>
        <Age unit={unit} />
        <span class="row-place">{unit.last ? placeWords(unit.last) : t("unit.no_place")}</span>
        <State unit={unit} />
      </button>
    </li>
  );
}

/** Ticks by itself, so that a second does not draw the whole list again. */
export function Age({ unit }: { unit: UnitState }): JSX.Element {
  const age = ageSeconds(unit.last?.time, now.value);
  return <span class="row-age num">{age === null ? t("age.never") : ageWords(age)}</span>;
}

export function State({ unit }: { unit: UnitState }): JSX.Element | null {
  if (unit.distress) return <span class="state state-sos"><Icon name="sos" />{t("unit.sos")}</span>;
  const liveness = unit.liveness ?? "never";
  if (liveness === "live") return <span class="state" />;
  return <span class={`state state-${liveness}`}>{liveness === "lost" && <Icon name="clock" />}{t(`liveness.${liveness}`)}</span>;
}

/** Call sign, side, kind or address: whatever people type. */
function matches(unit: UnitState, query: string): boolean {
  const wanted = query.trim().toLowerCase();
  if (wanted === "") return true;
  const side = unit.country ? `${unit.country} ${t(`country.${unit.country}` as "country.LA")}` : "";
  const kind = unit.kind ? t(`kind.${unit.kind}`) : "";
  const text = [unit.call_sign, side, kind, unit.agency, ...(unit.addresses ?? [])].join(" ").toLowerCase();
  return wanted.split(/\s+/).every((word) => text.includes(word));
}

/** Moves the focus along search field and rows. */
function step(by: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>("#unit-search, #unit-rows .row")];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  rows[Math.max(0, Math.min(rows.length - 1, at + by))]?.focus();
}
