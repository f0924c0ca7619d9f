/** What a crew's phone is told (maps/api/operations/crew.py). */
import { Position } from "./geojson.ts";
import { figure, flag, listOf, moment, nullable, object, optional, text, type ValueOf, withDefault } from "./parser.ts";

export const CrewPatrol = object({
  id: text,
  name: text,
  state: text,
  starts_at: moment,
  ends_at: moment,
  check_in_interval_s: nullable(figure),
  next_check_in_at: nullable(moment),
  /** Absent in a copy that an older page kept. */
  check_in_by_message: optional(flag),
  sectors: listOf(text),
  units: listOf(
    object({
      id: text,
      call_sign: text,
    }),
  ),
});

export type CrewPatrol = ValueOf<typeof CrewPatrol>;

export const CrewSector = object({
  id: text,
  name: text,
  use: text,
  agency: text,
  polygon: listOf(listOf(Position)),
});
export type CrewSector = ValueOf<typeof CrewSector>;

export const CrewText = object({
  id: text,
  at: moment,
  from: text,
  text: optional(nullable(text)),
  phrase: optional(nullable(text)),
  read_at: optional(nullable(moment)),
});
export type CrewText = ValueOf<typeof CrewText>;

export const CrewPhrase = object({
  code: text,
  language: optional(text),
  text: optional(text),
  topic: optional(text),
});
export type CrewPhrase = ValueOf<typeof CrewPhrase>;

/** `GET /api/crew`. */
export const CrewNow = object({
  server_time: moment,
  node: object({
    id: text,
    name: text,
    time_zone: text,
  }),
  agency: text,
  user: nullable(text),
  device: nullable(text),
  unit: nullable(
    object({
      id: text,
      call_sign: text,
      kind: text,
      distress: withDefault(flag, false),
    }),
  ),
  patrols: listOf(CrewPatrol),
  sectors: listOf(CrewSector),
  texts: listOf(CrewText),
  phrases: listOf(CrewPhrase),
});
export type CrewNow = ValueOf<typeof CrewNow>;

export const Took = object({
  taken: listOf(text),
  refused: listOf(
    object({
      id: text,
      error: text,
      message: text,
      field: optional(text),
    }),
  ),
});
export type Took = ValueOf<typeof Took>;
