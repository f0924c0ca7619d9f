/** Units and their tracks, as the server says them (patrol/units/wire.py). */
import { collectionOf, featureOf, geometryOf } from "./geojson.ts";
import {
  figure,
  flag,
  lat,
  listOf,
  lon,
  moment,
  name,
  nullable,
  object,
  oneOf,
  optional,
  text,
  type ValueOf,
  withDefault,
} from "./parser.ts";

export const Bank = oneOf("left", "right", "mid");

export type Bank = ValueOf<typeof Bank>;

export const UnitKind = oneOf("boat", "vehicle", "foot", "handheld", "fixed");
export type UnitKind = ValueOf<typeof UnitKind>;

export const Liveness = oneOf("live", "late", "lost", "never", "cut");
export type Liveness = ValueOf<typeof Liveness>;

/** Where a position is, as people say it on the river (gis/address/address.py). Absent: not known, or not so. */
export const Address = object({
  river: optional(text),
  km: optional(figure),
  bank: optional(Bank),
  offset_m: optional(figure),
  error_m: optional(figure),
  km_error_share: optional(figure),
  reach: optional(text),
  golden_triangle_km: optional(figure),
  also: optional(listOf(text)),
  country: optional(text),
  neighbour: optional(text),
  border_m: optional(figure),
  border_error_m: optional(figure),
  side_sure: optional(flag),
});
export type Address = ValueOf<typeof Address>;

/** One position that joined the picture. Fields that are absent were not said. */
export const Fix = object({
  of: name,
  lon,
  lat,
  time: moment,
  /** Absent means true: it moves the marker. False only joins the track. */
  live: optional(flag),
  speed_mps: optional(figure),
  course_deg: optional(figure),
  heading_deg: optional(figure),
  accuracy_m: optional(figure),
  altitude_m: optional(figure),
  river_km: optional(figure),
  bank: optional(Bank),
  /** On the newest position of a sender. */
  place: optional(Address),
  flags: optional(listOf(text)),
  /** Counts where no accuracy is told; absent: `ASSUMED_ACCURACY_M` (unit-feature.ts). */
  typical_accuracy_m: optional(figure),
});
export type Fix = ValueOf<typeof Fix>;

/** What is known of a unit, or of a radio that nobody has registered (`known` false). */
export const UnitState = object({
  id: name,
  call_sign: text,
  agency: text,
  kind: optional(nullable(UnitKind)),
  country: optional(nullable(text)),
  known: optional(flag),
  /** Somebody of the agency who reports and speaks for no unit; `call_sign` is the user's name. */
  person: optional(flag),
  liveness: optional(Liveness),
  /** Dead links that explain `cut`; absent once one of them is back and the next report is awaited. */
  cut_by: optional(listOf(text)),
  expected_interval_s: optional(nullable(figure)),
  last: optional(nullable(Fix)),
  heard_at: optional(nullable(moment)),
  addresses: optional(listOf(text)),
  distress: optional(flag),
  by_voice: optional(flag),
  status: optional(nullable(text)),
  text: optional(nullable(text)),
  /** When that was said; absent for words that are no message to the office. */
  text_at: optional(nullable(moment)),
  /** Code of the canned phrase that the text is: its words are `phrase.CODE`. */
  phrase: optional(nullable(text)),
  flags: optional(listOf(text)),
});
export type UnitState = ValueOf<typeof UnitState>;

export const UnitRecord = object({
  id: text,
  call_sign: text,
  kind: UnitKind,
  agency: text,
  country: nullable(text),
  expected_interval_s: withDefault(figure, 60),
  note: optional(text),
  retired_at: optional(nullable(moment)),
});
export type UnitRecord = ValueOf<typeof UnitRecord>;

export const TrackProperties = object({
  id: text,
  times: listOf(text),
  flags: optional(listOf(listOf(text))),
});
export type TrackProperties = ValueOf<typeof TrackProperties>;

export const TrackFeature = featureOf(nullable(geometryOf("LineString")), TrackProperties);
export type TrackFeature = ValueOf<typeof TrackFeature>;

export const TrackCollection = collectionOf(nullable(geometryOf("LineString")), TrackProperties);
export type TrackCollection = ValueOf<typeof TrackCollection>;
