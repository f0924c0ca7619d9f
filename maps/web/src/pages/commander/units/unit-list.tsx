/** All units beside the map, and the search over everything: type, walk with the arrows, Enter flies there. */
import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { type NearestUnit, nearestUnits, type RiverKilometre } from "../../../geo/nearest-unit.ts";
import { plainDigits, unitMeets } from "../../../geo/place-search.ts";
import { metresWords } from "../../../geo/place-words.ts";
import { units } from "../../../live/signals.ts";
import { MarkIcon } from "../../../symbols/mark-icon.tsx";
import { Icon, type IconName } from "../../../widgets/icons.tsx";
import { Empty, Loading } from "../../../widgets/load-states.tsx";
import { tip } from "../../../widgets/tip.ts";
import { focusFirstRow, Windowed, type WindowedRow } from "../../../widgets/virtual-list.tsx";
import type { Agreement } from "../../../wire/documents.ts";
import type { Liveness, UnitState } from "../../../wire/units.ts";
import { t } from "../../../words/index.ts";
import { WithheldRow } from "../alerts/suspension-notices.tsx";
import { withheld } from "../desk/queue.ts";
import { type Found, type FoundGroup, type FoundKind, kmWords, placesFor, query, readNames } from "../desk/search.ts";
import { phone, select, selectedId, sheetStop } from "../desk/selection.ts";
import { focusSearch } from "../desk/shortcuts.ts";
import { flyToFound, flyToSelected } from "../map/map-sync.ts";
import { Age, UnitRow } from "../radios/unit-row.tsx";

const FILTERS: Liveness[] = ["live", "late", "lost", "cut"];
/** Heights of `.row` and `.row-heading` (panels.css). */
const ROW_PX = 58;
const HEADING_PX = 34;
/** Units shown above places that were found, before all others of them. */
const UNITS_ABOVE = 5;
/** Nearer than this along the river a unit is beside a kilometre: it is not known better. */
const BESIDE_KM = 0.05;
const ICONS: Record<FoundKind, IconName> = {
  place: "target",
  blo: "house",
  crossing: "bridge",
  town: "town",
  sector: "layers",
  target: "target",
  mark: "flag",
};

export function UnitList(): JSX.Element {
  const filter = useSignal<Liveness | null>(null);
  const every = useSignal("");
  const found = useComputed(() =>
    bestFirst(
      (units.value ?? []).filter((unit) => filter.value === null || unit.liveness === filter.value),
      query.value,
    ),
  );
  const places = useComputed(() => placesFor(query.value));
  const all = units.value;
  const choose = (unit: UnitState): void => {
    select(unit.id);
    flyToSelected();
  };
  const fly = (place: Found): void => {
    flyToFound(place);
    if (phone.peek()) sheetStop.value = "peek";
  };
  const rows = rowsOf(found.value, places.value, {
    choose,
    fly,
    all: every.value === query.value,
    more: () => {
      every.value = query.value;
    },
  });
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown" && event.target instanceof HTMLInputElement) {
      event.preventDefault();
      focusFirstRow("unit-rows");
    } else if (event.key === "Escape" && event.target instanceof HTMLInputElement) {
      // Back to the whole list, and out of the field: letters are keys again.
      query.value = "";
      event.target.blur();
      event.preventDefault();
    } else if (event.key === "Enter" && event.target instanceof HTMLInputElement) {
      event.target.blur(); // what was wanted is found: letters are keys again
      const best = places.value[0];
      if (best && (found.value.length === 0 || placesFirst(found.value, best))) fly(best.found[0] as Found);
      else if (found.value[0]) choose(found.value[0]);
    }
  };
  return (
    <section class="panel" aria-labelledby="units-title" onKeyDown={onKey}>
      <header class="panel-head">
        <h2 id="units-title">{t("units.title")}</h2>
        <span class="count num">
          {all === null
            ? ""
            : query.value.trim() === "" && filter.value === null
              ? t("units.count", { n: all.length })
              : t("units.found", { found: found.value.length, n: all.length })}
        </span>
      </header>
      <div class="search">
        <Icon name="search" />
        <input
          id="unit-search"
          type="search"
          autocomplete="off"
          placeholder={t("search.everything")}
          aria-label={t("search.everything")}
          title={tip(t("search.how"), "/")}
          value={query.value}
          onFocus={() => void readNames()}
          onInput={(event) => {
            query.value = event.currentTarget.value;
          }}
        />
        {query.value !== "" && (
          <button
            class="icon-button"
            title={t("units.clear")}
            aria-label={t("units.clear")}
            onClick={() => {
              query.value = "";
              focusSearch();
            }}
          >
            <Icon name="close" />
          </button>
        )}
      </div>
      <div class="chips" role="group" aria-label={t("units.filter")}>
        <button
          class="chip"
          aria-pressed={filter.value === null}
          onClick={() => {
            filter.value = null;
          }}
        >
          {t("units.all")}
        </button>
        {FILTERS.filter(
          (name) => name !== "cut" || filter.value === "cut" || (all ?? []).some((unit) => unit.liveness === "cut"),
        ).map((name) => (
          <button
            key={name}
            class="chip"
            aria-pressed={filter.value === name}
            onClick={() => {
              filter.value = filter.value === name ? null : name;
            }}
          >
            {t(`liveness.${name}` as "liveness.live")}{" "}
            <span class="num">{(all ?? []).filter((unit) => unit.liveness === name).length}</span>
          </button>
        ))}
      </div>
      <Windowed id="unit-rows" rows={rows} before="unit-search">
        {all === null && <Loading />}
        {all !== null && rows.length === 0 && query.value.trim() === "" && filter.value === null && (
          <Empty title={t("units.empty")}>{t("units.empty_how")}</Empty>
        )}
        {all !== null && rows.length === 0 && (query.value.trim() !== "" || filter.value !== null) && (
          <Empty title={query.value.trim() === "" ? t("units.none_found") : t("search.nothing")}>
            {query.value.trim() === "" ? t("units.none_found_how") : t("search.nothing_how")}
          </Empty>
        )}
      </Windowed>
    </section>
  );
}

function goneRow(agency: string, n: number, by: Agreement): () => JSX.Element {
  return () => <WithheldRow agency={agency} n={n} by={by} />;
}

interface Choices {
  choose: (unit: UnitState) => void;
  fly: (place: Found) => void;
  /** Whether all units that were found are wanted, not only the first. */
  all: boolean;
  more: () => void;
}

function rowsOf(found: readonly UnitState[], places: readonly FoundGroup[], choices: Choices): WindowedRow[] {
  const few = places.length > 0 && !choices.all && found.length > UNITS_ABOVE + 1;
  const shown = few ? found.slice(0, UNITS_ABOVE) : found;
  const units: WindowedRow[] = shown.map((unit) => ({
    key: unit.id,
    height: ROW_PX,
    draw: () => <UnitRow unit={unit} chosen={selectedId.value === unit.id} choose={choices.choose} />,
  }));
  if (few)
    units.push({
      key: "more",
      height: ROW_PX,
      draw: () => (
        <button class="row row-more" onClick={choices.more}>
          {t("search.all_units", { n: found.length })}
        </button>
      ),
    });
  if (query.value.trim() === "") {
    const agencies = [...new Set(withheld.value.map((each) => each.agency))];
    const withheldRows = agencies.flatMap((agency): WindowedRow[] => {
      const theirs = withheld.value.filter((each) => each.agency === agency);
      return theirs[0] === undefined
        ? []
        : [{ key: `gone ${agency}`, height: ROW_PX, draw: goneRow(agency, theirs.length, theirs[0].by) }];
    });
    return withheldRows.length === 0 ? units : [...units, heading("gone", t("sharing.gone_title")), ...withheldRows];
  }
  const [first] = places;
  const blocks = places.map((group): WindowedRow[] => [
    heading(group.kind, t(`search.${group.kind}`)),
    ...group.found.map(
      (place): WindowedRow => ({
        key: `${place.kind} ${place.id}`,
        height: ROW_PX,
        draw: () => <FoundRow place={place} fly={choices.fly} />,
      }),
    ),
    ...nearRows(group.found[0], choices.choose),
  ]);
  const others = blocks.flat();
  if (units.length === 0) return others;
  if (others.length === 0) return units;
  const head = heading("units", t("units.title"));
  if (first !== undefined && placesFirst(found, first)) {
    const size = blocks[0]?.length ?? 0;
    return [...others.slice(0, size), head, ...units, ...others.slice(size)];
  }
  return [head, ...units, ...others];
}

/** A kilometre or coordinates that can be nothing else, or a name that meets better than any call sign does. */
function placesFirst(found: readonly UnitState[], best: FoundGroup): boolean {
  if (best.well < 0) return true;
  const sought = plainDigits(query.value).trim().toLowerCase();
  return !found.some(
    (unit) =>
      unit.call_sign
        .toLowerCase()
        .split(/[\s-]+/)
        .some((word) => word.startsWith(sought)) ||
      unit.call_sign.toLowerCase().startsWith(sought) ||
      sought.includes(" "),
  );
}

/** Who is beside the kilometre that was found. */
function nearRows(place: Found | undefined, choose: (unit: UnitState) => void): WindowedRow[] {
  const on = place?.on;
  const near = on === undefined ? [] : nearestUnits(on, units.value ?? []);
  if (on === undefined || near.length === 0) return [];
  return [
    heading("near", t("search.near")),
    ...near.map(
      (each): WindowedRow => ({
        key: `near ${each.unit.id}`,
        height: ROW_PX,
        draw: () => <NearRow near={each} on={on} choose={choose} />,
      }),
    ),
  ];
}

function NearRow({
  near: { unit, up_km },
  on,
  choose,
}: {
  near: NearestUnit;
  on: RiverKilometre;
  choose: (unit: UnitState) => void;
}): JSX.Element {
  const far =
    Math.abs(up_km) < BESIDE_KM
      ? t("search.near_at")
      : t(up_km > 0 ? "search.near_up" : "search.near_down", { far: metresWords(Math.abs(up_km) * 1000) });
  return (
    <button class="row row-near" aria-current={selectedId.value === unit.id} onClick={() => choose(unit)}>
      <MarkIcon unit={unit} />
      <span class="row-name">{unit.call_sign}</span>
      <Age unit={unit} />
      <span class="row-place num">
        {far} · {kmWords({ river: on.river, km: on.km + up_km })}
      </span>
    </button>
  );
}

function heading(key: string, words: string): WindowedRow {
  return { key: `heading ${key}`, height: HEADING_PX, heading: true, draw: () => <h3>{words}</h3> };
}

function FoundRow({ place, fly }: { place: Found; fly: (place: Found) => void }): JSX.Element {
  return (
    <button class="row row-place-found" onClick={() => fly(place)}>
      <Icon name={ICONS[place.kind]} />
      <span class="row-name">{place.title}</span>
      <span class="row-place">{place.more}</span>
    </button>
  );
}

/** Those that meet what was typed, by call sign, side, kind or address, the best first. */
function bestFirst(some: readonly UnitState[], typed: string): readonly UnitState[] {
  if (typed.trim() === "") return some;
  const found = some.flatMap((unit) => {
    const side = unit.country ? [unit.country, t(`country.${unit.country}` as "country.LA")] : [];
    const well = unitMeets(
      {
        callSign: unit.call_sign,
        others: [...side, unit.kind ? t(`kind.${unit.kind}`) : "", unit.agency],
        addresses: unit.addresses ?? [],
      },
      typed,
    );
    return well === null ? [] : [{ unit, well }];
  });
  return found.sort((a, b) => a.well - b.well).map(({ unit }) => unit);
}
