/** What the server says of sectors (maps/api/planning/sectors.py). Fields that are absent have their default. */

import { SectorUse } from "./documents.ts";
import { Outline } from "./geojson.ts";
import {
  figure,
  flag,
  lat,
  listOf,
  lon,
  moment,
  nullable,
  object,
  oneOf,
  optional,
  recordOf,
  text,
  tuple,
  type ValueOf,
  wordOf,
} from "./parser.ts";

export const USES: readonly SectorUse[] = ["patrol", "no_go", "rendezvous", "fishing_ban", "restricted", "reach"];

export const Whose = oneOf("all", "units", "others");
export type Whose = ValueOf<typeof Whose>;

export const WHOSE: readonly Whose[] = ["all", "units", "others"];

export const Stretch = object({
  river: text,
  /** Kilometres from the river's mouth. */
  km_from: figure,
  km_to: figure,
  /** In all, half of it on either side of the centreline, metres. */
  width_m: figure,
});
export type Stretch = ValueOf<typeof Stretch>;

/**
 * As the server keeps them (maps/api/planning/sectors.py): seconds, metres and metres per second; what is absent is not
 * asked.
 */
export const Limits = object({
  whose: optional(Whose),
  loitering_s: optional(nullable(figure)),
  loitering_within_m: optional(figure),
  meeting_s: optional(nullable(figure)),
  meeting_within_m: optional(figure),
  stay_s: optional(nullable(figure)),
  speed_mps: optional(nullable(figure)),
});
export type Limits = ValueOf<typeof Limits>;

/** As the server tells it (patrol/sector_checks/detection.py). */
export const Detection = object({
  detected: wordOf<"inside" | "after" | "maybe" | "vague">(),
  units: figure,
  shortest_s: figure,
  longest_s: figure,
  accuracy_m: figure,
});
export type Detection = ValueOf<typeof Detection>;

export const Transit = object({
  length_m: figure,
  across: flag,
  speed_mps: figure,
  detections: optional(listOf(Detection)),
  too_seldom: optional(figure),
});
export type Transit = ValueOf<typeof Transit>;

/** One version of a sector: a polygon or a stretch of a river. */
export const SectorDocument = object({
  id: text,
  agency: text,
  at: moment,
  by: optional(text),
  version: optional(figure),
  name: text,
  use: optional(SectorUse),
  polygon: optional(nullable(listOf(listOf(tuple(lon, lat))))),
  river: optional(nullable(text)),
  km_from: optional(nullable(figure)),
  km_to: optional(nullable(figure)),
  width_m: optional(nullable(figure)),
  limits: optional(nullable(Limits)),
  note: optional(text),
  retired_at: optional(nullable(moment)),
});
export type SectorDocument = ValueOf<typeof SectorDocument>;

export const Along = object({
  river: text,
  km_from: figure,
  km_to: figure,
  length_km: figure,
});
export type Along = ValueOf<typeof Along>;

/** How an area lies on the ground. */
export const Lie = object({
  outline: optional(Outline),
  area_km2: optional(figure),
  along: optional(listOf(Along)),
  /** Countries it surely reaches into, and how far from the border line. */
  countries: optional(
    recordOf(
      object({
        lon,
        lat,
        border_m: figure,
      }),
    ),
  ),
});
export type Lie = ValueOf<typeof Lie>;

export const SectorDetails = object({
  ...Lie.fields,
  sector: SectorDocument,
});
export type SectorDetails = ValueOf<typeof SectorDetails>;

export const PastVersion = object({
  sector: SectorDocument,
  reason: optional(text),
  outline: optional(Outline),
  area_km2: optional(figure),
});
export type PastVersion = ValueOf<typeof PastVersion>;

export const Fault = object({
  code: text,
  message: text,
  part: optional(figure),
  /** 0 the outer ring, from 1 holes. */
  ring: optional(nullable(figure)),
  vertex: optional(nullable(figure)),
  /** Of two sides that cross: `vertex` begins the one, this the other; `lon` and `lat` are where they cross. */
  crosses: optional(nullable(figure)),
  lon: optional(nullable(lon)),
  lat: optional(nullable(lat)),
  only_warns: optional(flag),
});
export type Fault = ValueOf<typeof Fault>;

/** A sector in the way of a shape: nobody patrols there. */
export const Overlap = object({
  message: text,
  sector: text,
  name: text,
  use: SectorUse,
  agency: text,
  lon,
  lat,
  place: text,
});
export type Overlap = ValueOf<typeof Overlap>;

export const Checked = object({
  ...Lie.fields,
  faults: listOf(Fault),
  /** They keep nobody from saving it. */
  overlaps: optional(listOf(Overlap)),
  /** What is told of boats that pass through it; absent where nobody is told of any. */
  transit: optional(Transit),
  usable: flag,
  suggestion: optional(
    object({
      polygon: optional(Outline),
      stretch: optional(Stretch),
    }),
  ),
});
export type Checked = ValueOf<typeof Checked>;

export function stretchOf(record: SectorDocument): Stretch | null {
  if (!record.river) return null;
  return { river: record.river, km_from: record.km_from ?? 0, km_to: record.km_to ?? 0, width_m: record.width_m ?? 0 };
}

export function versionNumber(record: SectorDocument): number {
  return record.version ?? 1;
}
