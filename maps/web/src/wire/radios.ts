/** What unknown radios sent, and why a radio is not on the map. */
import { RejectedFrame } from "./channels.ts";
import { figure, flag, lat, listOf, lon, moment, nullable, object, optional, text, type ValueOf } from "./parser.ts";

export const HeardAt = object({
  channel: text,
  gateway: text,
  heard_at: moment,
  rssi_dbm: optional(figure),
  snr_db: optional(figure),
});

export type HeardAt = ValueOf<typeof HeardAt>;

/** One thing a radio said, as the list of an unknown radio shows it. */
export const HeardMessage = object({
  heard_at: moment,
  heard_by: optional(listOf(HeardAt)),
  best: optional(HeardAt),
  hex: optional(text),
  raw: optional(text),
  kind: text,
  channel: optional(text),
  protocol: optional(text),
  text: optional(nullable(text)),
  status: optional(nullable(text)),
  lon: optional(nullable(lon)),
  lat: optional(nullable(lat)),
  flags: optional(listOf(text)),
});
export type HeardMessage = ValueOf<typeof HeardMessage>;

/** Why a radio is not on the map: where it stops on its way there. */
export const Why = object({
  asked: text,
  verdict: text,
  says: text,
  next: text,
  address: optional(text),
  hops: optional(
    listOf(
      object({
        name: text,
        well: nullable(flag),
        says: text,
      }),
    ),
  ),
  unit: optional(text),
  close: optional(
    listOf(
      object({
        address: text,
        name: optional(text),
      }),
    ),
  ),
  last: optional(HeardMessage),
  rejected: optional(listOf(RejectedFrame)),
  /** Moments that stand in the sentences, as they stand there and as data. */
  moments: optional(
    listOf(
      object({
        said: text,
        at: moment,
      }),
    ),
  ),
});
export type Why = ValueOf<typeof Why>;
