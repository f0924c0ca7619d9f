/** Reports: kinds, jobs, schedules. */
import { figure, flag, listOf, moment, nullable, object, optional, text, type ValueOf, wordOf } from "./parser.ts";

export const FORMATS = ["html", "map", "pdf", "xlsx"] as const;

export const Format = wordOf<(typeof FORMATS)[number]>();
export type Format = ValueOf<typeof Format>;

export const ReportKind = object({
  name: text,
  about: wordOf<"patrol" | "time">(),
  formats: listOf(Format),
  allowed: flag,
});
export type ReportKind = ValueOf<typeof ReportKind>;

export const Job = object({
  id: text,
  report: text,
  format: Format,
  asked_at: moment,
  state: optional(wordOf<"waiting" | "making" | "made" | "failed">()),
  progress: optional(figure),
  file: optional(text),
  bytes: optional(figure),
  fault: optional(text),
});
export type Job = ValueOf<typeof Job>;

export const Schedule = object({
  name: text,
  report: text,
  every: wordOf<"month" | "week">(),
  formats: listOf(Format),
  language: text,
  recipients: listOf(text),
  next_at: moment,
  last_at: optional(moment),
  last_period: optional(text),
  fault: optional(text),
  counterpart: optional(text),
});
export type Schedule = ValueOf<typeof Schedule>;

export const PatrolChoice = object({
  id: text,
  name: text,
  starts_at: moment,
  started_at: optional(nullable(moment)),
  state: optional(text),
  /** Ids of those that take part. */
  agencies: optional(listOf(text)),
});
export type PatrolChoice = ValueOf<typeof PatrolChoice>;
