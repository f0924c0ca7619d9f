/** What unknown radios sent, and why a radio is not on the map. */
import { RejectedFrame } from "./channels.ts";
import { figure, flag, lat, listOf, lon, moment, nullable, object, optional, text, type ValueOf } from "./parser.ts";

export const MessageReception = object({
  channel: text,
  gateway: text,
  heard_at: moment,
  rssi_dbm: optional(figure),
  snr_db: optional(figure),
});

export type MessageReception = ValueOf<typeof MessageReception>;

/** One thing a radio said, as the list of an unknown radio shows it. */
export const TechnicianMessage = object({
  heard_at: moment,
  heard_by: optional(listOf(MessageReception)),
  best: optional(MessageReception),
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
export type TechnicianMessage = ValueOf<typeof TechnicianMessage>;

/** Why a radio is not on the map: where it stops on its way there. */
export const RadioInquiry = object({
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
  last: optional(TechnicianMessage),
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
export type RadioInquiry = ValueOf<typeof RadioInquiry>;
