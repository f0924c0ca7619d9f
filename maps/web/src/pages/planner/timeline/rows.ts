/** The rows of the timeline: agencies, their units, and the patrols of each. Pure. */

import { type PatrolDocument, spanOf } from "../../../wire/patrols.ts";
import type { UnitState } from "../../../wire/units.ts";
import { lanes, type Scale } from "../patrols/plan/scale.ts";

export interface RowBar {
  patrol: PatrolDocument;
  span: [number, number];
  lane: number;
}

export interface UnitRow {
  /** Unit id; null for patrols that have no unit of the agency yet. */
  unit: string | null;
  /** Call sign; null for a unit that is not shared. */
  callSign: string | null;
  country: string | null;
  kind: UnitState["kind"];
  bars: RowBar[];
  laneCount: number;
}

export interface AgencyRows {
  agency: string;
  rows: UnitRow[];
}

/** The own agency first, then the others by id; of each its units by call sign, then those known from plans alone. */
export function rowsOf(
  patrols: readonly PatrolDocument[],
  units: readonly UnitState[],
  own: string,
  scale: Scale,
): AgencyRows[] {
  const shown = patrols.filter((each) => {
    const [start, end] = spanOf(each);
    return start < scale.to && end > scale.from;
  });
  const agencies = new Set([own, ...units.map((each) => each.agency), ...patrols.flatMap((each) => each.agencies)]);
  const order = [...agencies]
    .filter(Boolean)
    .sort((a, b) => Number(b === own) - Number(a === own) || a.localeCompare(b));
  return order
    .map((agency) => ({ agency, rows: unitRows(agency, shown, units) }))
    .filter(({ agency, rows }) => agency === own || rows.length > 0);
}

function unitRows(agency: string, patrols: readonly PatrolDocument[], units: readonly UnitState[]): UnitRow[] {
  const known = units
    .filter((each) => each.agency === agency)
    .sort((a, b) => a.call_sign.localeCompare(b.call_sign) || a.id.localeCompare(b.id));
  const ids = new Set(known.map((each) => each.id));
  const unseen = [
    ...new Set(
      patrols.flatMap((each) =>
        (each.members ?? [])
          .filter((member) => member.agency === agency && !ids.has(member.unit))
          .map((member) => member.unit),
      ),
    ),
  ];
  const rows = known.map((unit) => row(unit.id, unit, barsOf(patrols, unit.id)));
  for (const id of unseen) rows.push(row(id, null, barsOf(patrols, id)));
  const bare = patrols.filter(
    (each) => each.agencies.includes(agency) && !(each.members ?? []).some((member) => member.agency === agency),
  );
  if (bare.length > 0) rows.push(row(null, null, bare));
  return rows;
}

function barsOf(patrols: readonly PatrolDocument[], unit: string): PatrolDocument[] {
  return patrols.filter((each) => (each.members ?? []).some((member) => member.unit === unit));
}

function row(id: string | null, unit: UnitState | null, patrols: readonly PatrolDocument[]): UnitRow {
  const spans = patrols.map(spanOf);
  const lane = lanes(spans);
  return {
    unit: id,
    callSign: unit?.call_sign ?? null,
    country: unit?.country ?? null,
    kind: unit?.kind ?? null,
    bars: patrols.map((patrol, n) => ({ patrol, span: spans[n] as [number, number], lane: lane[n] ?? 0 })),
    laneCount: Math.max(1, ...lane.map((each) => each + 1)),
  };
}
