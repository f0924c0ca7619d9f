/** Who is signed in, agencies, and refusals. */
import {
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
  wordOf,
} from "./parser.ts";

export const Role = wordOf<"commander" | "planner" | "crew" | "liaison" | "technician" | "admin" | "observer">();

export type Role = ValueOf<typeof Role>;

export const Session = object({
  user: text,
  role: Role,
  agency: object({
    id: text,
    name: text,
    country: nullable(text),
  }),
  /** `second_person`: who told of an incident does not confirm it. */
  node: object({
    id: text,
    name: text,
    time_zone: text,
    second_person: optional(flag),
  }),
  permissions: listOf(text),
  /** Chosen by the person; null until one is. */
  language: nullable(text),
  calendar: withDefault(wordOf<"gregorian" | "buddhist">(), "gregorian"),
});
export type Session = ValueOf<typeof Session>;

export const AgencyInfo = object({
  id: text,
  name: text,
  country: nullable(text),
});
export type AgencyInfo = ValueOf<typeof AgencyInfo>;

/** A token for programs that only read. */
export const ReadingToken = object({
  user: text,
  token: text,
  expires_at: moment,
});
export type ReadingToken = ValueOf<typeof ReadingToken>;

export const Problem = object({
  error: text,
  message: text,
  field: optional(text),
  /** Which of the faults with words in every language it is: `fault.CODE`. */
  code: optional(text),
  /** What goes into the places of those words. */
  values: optional(recordOf(text)),
});
export type Problem = ValueOf<typeof Problem>;
