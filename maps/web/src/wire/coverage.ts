/** Where patrols have been. */
import { collectionOf, Outline } from "./geojson.ts";
import { figure, listOf, moment, nullable, object, optional, recordOf, text, type ValueOf } from "./parser.ts";

export const CoverageSums = object({
  whole: figure,
  seen: figure,
  share: figure,
  first: nullable(moment),
  last: nullable(moment),
  seen_hours: figure,
  unit_hours: figure,
});

export type CoverageSums = ValueOf<typeof CoverageSums>;

export const RiverBin = object({
  km_from: figure,
  km_to: figure,
  share: figure,
  last: nullable(moment),
  visits: figure,
  hours: figure,
});
export type RiverBin = ValueOf<typeof RiverBin>;

export const SectorHeat = object({
  sector: text,
  name: text,
  agency: text,
  seen: CoverageSums,
  visits: optional(figure),
  cells: optional(
    collectionOf(Outline, object({ last: nullable(moment), visits: figure, seen_s: figure, area_km2: figure })),
  ),
});
export type SectorHeat = ValueOf<typeof SectorHeat>;

/** What the server says of coverage (maps/api/map/coverage.py). */
export const HeatReport = object({
  start: moment,
  end: moment,
  radius_m: figure,
  units: recordOf(text),
  river: CoverageSums,
  bins: listOf(RiverBin),
  sectors: listOf(SectorHeat),
  line_error_m: optional(figure),
  unread: optional(figure),
});
export type HeatReport = ValueOf<typeof HeatReport>;
