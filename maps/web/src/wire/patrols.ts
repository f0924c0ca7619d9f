/** What the server says of patrols (maps/api/planning/patrols.py). Fields that are absent have their default. */
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
  wordOf,
} from "./parser.ts";

export const PatrolState = wordOf<"draft" | "proposed" | "signed" | "ready" | "under way" | "ended" | "cancelled">();

export type PatrolState = ValueOf<typeof PatrolState>;

export const STATES: readonly PatrolState[] = [
  "draft",
  "proposed",
  "signed",
  "ready",
  "under way",
  "ended",
  "cancelled",
];

export const Member = object({
  unit: text,
  agency: text,
  /** People on it; absent where nobody has said. */
  crew: optional(nullable(figure)),
  base: optional(
    nullable(
      object({
        lon,
        lat,
        radius_m: optional(figure),
      }),
    ),
  ),
});
export type Member = ValueOf<typeof Member>;

export const Leg = object({
  name: text,
  starts_at: moment,
  ends_at: moment,
  lead: optional(nullable(text)),
  sectors: optional(listOf(text)),
});
export type Leg = ValueOf<typeof Leg>;

export const Rendezvous = object({
  name: text,
  lon,
  lat,
  at: moment,
  units: optional(listOf(text)),
  radius_m: optional(figure),
  grace_s: optional(figure),
});
export type Rendezvous = ValueOf<typeof Rendezvous>;

export const Signature = object({
  agency: text,
  at: moment,
  revision: figure,
  sha256: text,
  by: optional(text),
});
export type Signature = ValueOf<typeof Signature>;

/** One version of a patrol, as far as this person's agency may see it. */
export const PatrolDocument = object({
  id: text,
  agency: text,
  at: moment,
  by: optional(text),
  version: optional(figure),
  name: text,
  agencies: listOf(text),
  lead: text,
  starts_at: moment,
  ends_at: moment,
  state: optional(PatrolState),
  members: optional(listOf(Member)),
  sectors: optional(listOf(text)),
  legs: optional(listOf(Leg)),
  rendezvous: optional(listOf(Rendezvous)),
  check_in_interval_s: optional(nullable(figure)),
  note: optional(text),
  revision: optional(figure),
  signatures: optional(listOf(Signature)),
  annexes: optional(
    listOf(
      object({
        agency: text,
        text,
        at: moment,
        by: optional(text),
      }),
    ),
  ),
  started_at: optional(nullable(moment)),
  ended_at: optional(nullable(moment)),
  start_overdue: optional(flag),
  check_in_overdue: optional(listOf(text)),
  suspended: optional(flag),
  suspended_why: optional(text),
});
export type PatrolDocument = ValueOf<typeof PatrolDocument>;

/** One thing that is wrong with a plan. */
export const PlanConflict = object({
  code: text,
  severity: wordOf<"error" | "warning">(),
  words: text,
  name: optional(text),
  unit: optional(text),
  agency: optional(text),
  sector: optional(text),
  other: optional(text),
  starts_at: optional(moment),
  ends_at: optional(moment),
  lon: optional(lon),
  lat: optional(lat),
  place: optional(text),
});
export type PlanConflict = ValueOf<typeof PlanConflict>;

/** What a signature stands for. */
export const Seal = object({
  revision: figure,
  sha256: text,
  unsigned: listOf(text),
});
export type Seal = ValueOf<typeof Seal>;

/** Who keeps the watch in an office, and when. */
export const Shift = object({
  id: text,
  office: text,
  officer: text,
  starts_at: moment,
  ends_at: moment,
  state: optional(text),
});
export type Shift = ValueOf<typeof Shift>;

export function stateOf(patrol: PatrolDocument): PatrolState {
  return patrol.state ?? "draft";
}

export function revisionOf(patrol: PatrolDocument): number {
  return patrol.revision ?? 1;
}

export function isOver(patrol: PatrolDocument): boolean {
  return patrol.state === "ended" || patrol.state === "cancelled";
}

/** Every sector that it or one of its legs covers. */
export function sectorsOf(patrol: PatrolDocument): string[] {
  return [...new Set([...(patrol.sectors ?? []), ...(patrol.legs ?? []).flatMap((leg) => leg.sectors ?? [])])];
}

/**
 * Words for an agency whose signature is not there. No patrol comes to some states without all of them: there it is
 * only not shown.
 */
export function whyUnsigned(patrol: PatrolDocument): "signature.unseen" | "signature.not_yet" | "signature.awaited" {
  const state = stateOf(patrol);
  if (patrol.suspended === true && ["signed", "ready", "under way", "ended"].includes(state)) return "signature.unseen";
  return state === "draft" ? "signature.not_yet" : "signature.awaited";
}

/** From when to when a patrol is, or was. */
export function spanOf(patrol: PatrolDocument): [number, number] {
  const starts = Date.parse(patrol.started_at ?? patrol.starts_at);
  const ends = Date.parse(patrol.ended_at ?? patrol.ends_at);
  // One that was called off before it began has its planned time.
  return patrol.state === "cancelled"
    ? [Date.parse(patrol.starts_at), Date.parse(patrol.ends_at)]
    : [starts, Math.max(starts, ends)];
}
