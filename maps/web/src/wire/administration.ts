/** Protected names, legal holds, holdings, the journal, original photos. */
import {
  figure,
  flag,
  lat,
  listOf,
  lon,
  moment,
  nullable,
  object,
  optional,
  text,
  type ValueOf,
  withDefault,
} from "./parser.ts";
import { Role } from "./session.ts";

export const ProtectedReader = object({
  reader: text,
  kind: text,
  paper: text,
  name: optional(text),
  at: moment,
  by: text,
});

export type ProtectedReader = ValueOf<typeof ProtectedReader>;

export const SignedEnd = object({
  head: object({
    seq: figure,
    signed_at: moment,
    public_key: text,
    hash: text,
  }),
  qr: object({
    png: text,
  }),
  in_folder: optional(nullable(flag)),
  time_stamp: optional(
    nullable(
      object({
        at: moment,
        by: text,
      }),
    ),
  ),
  is_stamp_late: optional(flag),
});
export type SignedEnd = ValueOf<typeof SignedEnd>;

export const LegalHold = object({
  id: text,
  kind_held: text,
  id_held: text,
  name: optional(text),
  reason: text,
  set_at: moment,
  set_by: text,
});
export type LegalHold = ValueOf<typeof LegalHold>;

export const Mention = object({
  kind: text,
  id: text,
  fields: optional(listOf(text)),
  name: optional(text),
  at: optional(moment),
});
export type Mention = ValueOf<typeof Mention>;

export const Mentions = object({
  found: listOf(Mention),
  more: withDefault(listOf(text), []),
});
export type Mentions = ValueOf<typeof Mentions>;

/** What was written once. */
export const ProtectedWords = object({
  id: text,
  field: text,
  at: moment,
  by: text,
  words: optional(text),
  redacted_at: optional(moment),
  redacted_by: optional(text),
  reason: optional(text),
});
export type ProtectedWords = ValueOf<typeof ProtectedWords>;

export const ReaderList = object({
  readers: listOf(text),
  candidates: withDefault(
    listOf(
      object({
        name: text,
        role: Role,
      }),
    ),
    [],
  ),
});
export type ReaderList = ValueOf<typeof ReaderList>;

/** `GET /api/photos/{photo}/originals`. */
export const Original = object({
  sha256: text,
  size: figure,
  lon: optional(lon),
  lat: optional(lat),
  taken_at: optional(moment),
  taken_local: optional(text),
  came_at: moment,
});
export type Original = ValueOf<typeof Original>;
