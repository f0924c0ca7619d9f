/** What the server says of patrols (maps/api/planning/patrols.py). Fields that are absent have their default. */

export type PatrolState = "draft" | "proposed" | "signed" | "ready" | "under way" | "ended" | "cancelled";
export const STATES: readonly PatrolState[] = [
  "draft",
  "proposed",
  "signed",
  "ready",
  "under way",
  "ended",
  "cancelled",
];

export interface Member {
  unit: string;
  agency: string;
  /** People on it; absent where nobody has said. */
  crew?: number | null;
  base?: { lon: number; lat: number; radius_m?: number } | null;
}

export interface Leg {
  name: string;
  starts_at: string;
  ends_at: string;
  lead?: string | null;
  sectors?: string[];
}

export interface Rendezvous {
  name: string;
  lon: number;
  lat: number;
  at: string;
  units?: string[];
  radius_m?: number;
  grace_s?: number;
}

export interface Signature {
  agency: string;
  at: string;
  revision: number;
  sha256: string;
  by?: string;
}

/** One version of a patrol, as far as this person's agency may see it. */
export interface PatrolPaper {
  id: string;
  agency: string;
  at: string;
  by?: string;
  version?: number;
  name: string;
  agencies: string[];
  lead: string;
  starts_at: string;
  ends_at: string;
  state?: PatrolState;
  members?: Member[];
  sectors?: string[];
  legs?: Leg[];
  rendezvous?: Rendezvous[];
  check_in_interval_s?: number | null;
  note?: string;
  revision?: number;
  signatures?: Signature[];
  annexes?: { agency: string; text: string; at: string; by?: string }[];
  started_at?: string | null;
  ended_at?: string | null;
  start_overdue?: boolean;
  check_in_overdue?: string[];
  suspended?: boolean;
  suspended_why?: string;
}

/** One thing that is wrong with a plan. */
export interface PlanConflict {
  code: string;
  severity: "error" | "warning";
  words: string;
  name?: string;
  unit?: string;
  agency?: string;
  sector?: string;
  other?: string;
  starts_at?: string;
  ends_at?: string;
  lon?: number;
  lat?: number;
  place?: string;
}

/** What a signature stands for. */
export interface Seal {
  revision: number;
  sha256: string;
  unsigned: string[];
}

/** Who keeps the watch in an office, and when. */
export interface Shift {
  id: string;
  office: string;
  officer: string;
  starts_at: string;
  ends_at: string;
  state?: string;
}

export function stateOf(patrol: PatrolPaper): PatrolState {
  return patrol.state ?? "draft";
}

export function revisionOf(patrol: PatrolPaper): number {
  return patrol.revision ?? 1;
}

export function isOver(patrol: PatrolPaper): boolean {
  return patrol.state === "ended" || patrol.state === "cancelled";
}

/** Every sector that it or one of its legs covers. */
export function sectorsOf(patrol: PatrolPaper): string[] {
  return [...new Set([...(patrol.sectors ?? []), ...(patrol.legs ?? []).flatMap((leg) => leg.sectors ?? [])])];
}

/**
 * Words for an agency whose signature is not there. No patrol comes to some states without all of them: there it is
 * only not shown.
 */
export function whyUnsigned(patrol: PatrolPaper): "signature.unseen" | "signature.not_yet" | "signature.awaited" {
  const state = stateOf(patrol);
  if (patrol.suspended === true && ["signed", "ready", "under way", "ended"].includes(state)) return "signature.unseen";
  return state === "draft" ? "signature.not_yet" : "signature.awaited";
}

/** From when to when a patrol is, or was. */
export function spanOf(patrol: PatrolPaper): [number, number] {
  const starts = Date.parse(patrol.started_at ?? patrol.starts_at);
  const ends = Date.parse(patrol.ended_at ?? patrol.ends_at);
  // One that was called off before it began has its planned time.
  return patrol.state === "cancelled"
    ? [Date.parse(patrol.starts_at), Date.parse(patrol.ends_at)]
    : [starts, Math.max(starts, ends)];
}
