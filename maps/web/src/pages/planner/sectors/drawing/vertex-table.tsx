/** The corners of a polygon as a table: each can be typed, added and removed without a pointer. */
import { signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { countPoints, type Place, type Ring, rounded } from "../../../../geo/sector-shape.ts";
import { Icon } from "../../../../widgets/icons.tsx";
import { t } from "../../../../words/index.ts";
import { plannerMap } from "../../desk/planner-map.ts";
import { setShape, shape } from "../draft/draft.ts";
import { chooseRing, corner } from "./drawing.ts";

/** Rows that are drawn at once: more are asked for. */
const ROWS = 100;
const shownRows = signal(ROWS);

export function VertexTable(): JSX.Element | null {
  const open = useSignal(false);
  const now = shape.value;
  if (now?.kind === "stretch") return null;
  const rings: readonly Ring[] = now?.rings ?? [[]];
  // From what stands now, not from what was drawn last: two fields may be filled between two drawings of the table.
  const put = (ring: number, change: (places: Ring) => Ring): void => {
    const there = shape.peek();
    const before: readonly Ring[] = there?.kind === "polygon" ? there.rings : [[]];
    const next = before
      .map((each, n) => (n === ring ? change(each) : each))
      .filter((each, n) => n === 0 || each.length > 0);
    setShape(next[0]?.length === 0 && next.length === 1 ? null : { kind: "polygon", rings: next });
  };
  return (
    <details
      class="vertices"
      open={open.value}
      onToggle={(event) => {
        open.value = event.currentTarget.open;
      }}
    >
      <summary>{t("sector.corners", { n: countPoints(now) })}</summary>
      {open.value &&
        rings.map((ring, n) => <RingTable key={n} ring={ring} number={n} put={(change) => put(n, change)} />)}
    </details>
  );
}

function RingTable({
  ring,
  number,
  put,
}: {
  ring: Ring;
  number: number;
  put: (change: (places: Ring) => Ring) => void;
}): JSX.Element {
  const title = number === 0 ? t("sector.outer_ring") : t("sector.hole_n", { number: number });
  const addMiddle = async (): Promise<void> => {
    const { lng, lat } = (await plannerMap).getCenter();
    put((places) => [...places, rounded([lng, lat])]);
  };
  return (
    <table class="vertex-table" onFocusCapture={() => chooseRing(number)}>
      <caption>{title}</caption>
      <thead>
        <tr>
          <th scope="col">{t("sector.corner")}</th>
          <th scope="col">{t("sector.latitude")}</th>
          <th scope="col">{t("sector.longitude")}</th>
          <th scope="col">
            <span class="hidden">{t("sector.corner_acts")}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {ring.slice(0, shownRows.value).map((place, n) => (
          <Row
            key={n}
            place={place}
            number={n}
            ring={number}
            put={(change) => put((places) => places.map((each, at) => (at === n ? change(each) : each)))}
            remove={() => put((places) => places.filter((_, at) => at !== n))}
            insert={() =>
              put((places) => [
                ...places.slice(0, n + 1),
                between(place, places[(n + 1) % places.length] ?? place),
                ...places.slice(n + 1),
              ])
            }
          />
        ))}
      </tbody>
      <tfoot>
        <tr>
          <td colSpan={4}>
            {ring.length > shownRows.value && (
              <button
                class="button"
                type="button"
                onClick={() => {
                  shownRows.value += ROWS;
                }}
              >
                {t("sector.corners_more", { n: ring.length - shownRows.value })}
              </button>
            )}
            <button class="button" type="button" onClick={() => void addMiddle()}>
              <Icon name="plus" />
              {t("sector.corner_add")}
            </button>
            {number > 0 && (
              <button class="button" type="button" onClick={() => put(() => [])}>
                {t("sector.hole_remove", { number: number })}
              </button>
            )}
          </td>
        </tr>
      </tfoot>
    </table>
  );
}

function Row({
  place,
  number,
  ring,
  put,
  remove,
  insert,
}: {
  place: Place;
  number: number;
  ring: number;
  put: (change: (place: Place) => Place) => void;
  remove: () => void;
  insert: () => void;
}): JSX.Element {
  const n = number + 1;
  const take = (index: 0 | 1, field: HTMLInputElement): void => {
    const typed = Number(field.value.replace(",", "."));
    const fits = field.value.trim() !== "" && Number.isFinite(typed) && Math.abs(typed) <= (index === 0 ? 180 : 90);
    field.setAttribute("aria-invalid", String(!fits));
    if (fits) put((before) => rounded(index === 0 ? [typed, before[1]] : [before[0], typed]));
  };
  return (
    <tr
      onFocusCapture={() => {
        corner.value = place;
      }}
      onBlurCapture={() => {
        corner.value = null;
      }}
    >
      <th scope="row" class="num">
        {n}
      </th>
      {([1, 0] as const).map((index) => (
        <td key={index}>
          <input
            id={`corner-${ring}-${n}-${index === 1 ? "lat" : "lon"}`}
            class="num"
            inputMode="decimal"
            autocomplete="off"
            aria-label={t(index === 1 ? "sector.corner_lat" : "sector.corner_lon", { number: n })}
            value={String(Number(place[index].toFixed(7)))}
            onChange={(event) => take(index, event.currentTarget)}
          />
        </td>
      ))}
      <td class="vertex-acts">
        <button
          class="icon-button"
          type="button"
          aria-label={t("sector.corner_insert", { number: n })}
          title={t("sector.corner_insert", { number: n })}
          onClick={insert}
        >
          <Icon name="plus" />
        </button>
        <button
          class="icon-button"
          type="button"
          aria-label={t("sector.corner_remove", { number: n })}
          title={t("sector.corner_remove", { number: n })}
          onClick={remove}
        >
          <Icon name="close" />
        </button>
      </td>
    </tr>
  );
}

function between(a: Place, b: Place): Place {
  return rounded([(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
}
