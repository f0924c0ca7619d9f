/** A replay: what there is in a range of time, and totals. */

import { OfficeDocument } from "./documents.ts";
import { Geometry } from "./geojson.ts";
import {
  figure,
  flag,
  listOf,
  moment,
  nullable,
  object,
  optional,
  recordOf,
  text,
  type ValueOf,
  withDefault,
} from "./parser.ts";
import { UnitKind } from "./units.ts";

/** A unit of the replay, as the server names it. */
export const ReplayUnit = object({
  id: text,
  call_sign: text,
  agency: text,
  kind: optional(nullable(UnitKind)),
  country: optional(nullable(text)),
  known: optional(flag),
  expected_interval_s: optional(nullable(figure)),
});
export type ReplayUnit = ValueOf<typeof ReplayUnit>;

export const Reel = object({
  start: moment,
  end: moment,
  time_zone: text,
  made_at: moment,
  units: listOf(ReplayUnit),
  papers: withDefault(listOf(OfficeDocument), []),
  outlines: withDefault(recordOf(Geometry), {}),
  papers_left_off: withDefault(flag, false),
});
export type Reel = ValueOf<typeof Reel>;

export const UnitTotals = object({
  unit: text,
  call_sign: text,
  positions: figure,
  removed: optional(recordOf(figure)),
  km: figure,
  along_river_km: figure,
  moving_hours: figure,
  stop_hours: figure,
  stops: figure,
  fastest_mps: optional(figure),
  sides: optional(
    recordOf(
      object({
        km: withDefault(figure, 0),
        hours: withDefault(figure, 0),
      }),
    ),
  ),
  gaps: figure,
  gap_hours: figure,
});
export type UnitTotals = ValueOf<typeof UnitTotals>;

export const ReplayTotals = object({ units: listOf(UnitTotals) });
export type ReplayTotals = ValueOf<typeof ReplayTotals>;
