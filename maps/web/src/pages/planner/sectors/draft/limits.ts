/** What boats may do in a sector before somebody is told: as the server keeps it, as people type it, and in words. */
import type { Limits, Whose } from "../../../../wire/sectors.ts";
import { t, type Words } from "../../../../words/index.ts";

export type LimitField =
  | "loitering_s"
  | "loitering_within_m"
  | "meeting_s"
  | "meeting_within_m"
  | "stay_s"
  | "speed_mps";

interface FieldOf {
  field: LimitField;
  words: Words;
  /** So many of the server's units are one of those that people type. */
  unit: number;
  least: number;
  most: number;
  /** Shown only beside another that is filled in. */
  beside?: LimitField;
}

const MINUTE = 60;
const KMH = 1 / 3.6;

export const FIELDS: readonly FieldOf[] = [
  { field: "loitering_s", words: "sector.loitering_min", unit: MINUTE, least: 5, most: 1440 },
  { field: "loitering_within_m", words: "sector.loitering_m", unit: 1, least: 50, most: 1000, beside: "loitering_s" },
  { field: "meeting_s", words: "sector.meeting_min", unit: MINUTE, least: 5, most: 1440 },
  { field: "meeting_within_m", words: "sector.meeting_m", unit: 1, least: 50, most: 1000, beside: "meeting_s" },
  { field: "stay_s", words: "sector.stay_min", unit: MINUTE, least: 5, most: 1440 },
  { field: "speed_mps", words: "sector.speed_kmh", unit: KMH, least: 2, most: 180 },
];

/** How near is one place, or together, where nobody said. */
export const WITHIN_M = 100;

/** What somebody typed, by field; empty: not asked. */
export type TypedLimits = Partial<Record<LimitField, string>> & { whose: Whose };

export function typed(limits: Limits | null | undefined): TypedLimits {
  const found: TypedLimits = { whose: limits?.whose ?? "all" };
  for (const { field, unit, beside } of FIELDS) {
    const value = limits?.[field] ?? (beside && limits?.[beside] ? WITHIN_M : null);
    if (value !== null) found[field] = String(Math.round((value / unit) * 10) / 10);
  }
  return found;
}

/** Whether a field holds what the server takes, or nothing that it is asked about. */
export function isGood({ field, least, most, beside }: FieldOf, now: TypedLimits): boolean {
  const text = (now[field] ?? "").trim();
  if (beside !== undefined && (now[beside] ?? "").trim() === "") return true;
  if (text === "") return true;
  const value = Number(text);
  return Number.isFinite(value) && value >= least && value <= most;
}

/** For the server; an empty object takes all away. */
export function limitsOf(now: TypedLimits): Limits {
  const found: Limits = {};
  for (const { field, unit, beside } of FIELDS) {
    const text = (now[field] ?? "").trim();
    if (text !== "" && (beside === undefined || found[beside] != null)) found[field] = Number(text) * unit;
  }
  return Object.keys(found).length === 0 ? {} : { ...found, whose: now.whose };
}

export function sameLimits(one: TypedLimits, other: TypedLimits): boolean {
  return JSON.stringify(limitsOf(one)) === JSON.stringify(limitsOf(other));
}

/** One line for each limit that is set. */
export function limitWords(limits: Limits | null | undefined): string[] {
  if (!limits) return [];
  const minutes = (seconds: number): string => String(Math.round(seconds / MINUTE));
  const lines: string[] = [];
  if (limits.loitering_s)
    lines.push(
      t("sector.limit_loitering", {
        number: minutes(limits.loitering_s),
        m: Math.round(limits.loitering_within_m ?? WITHIN_M),
      }),
    );
  if (limits.meeting_s)
    lines.push(
      t("sector.limit_meeting", {
        number: minutes(limits.meeting_s),
        m: Math.round(limits.meeting_within_m ?? WITHIN_M),
      }),
    );
  if (limits.stay_s) lines.push(t("sector.limit_stay", { number: minutes(limits.stay_s) }));
  if (limits.speed_mps) lines.push(t("sector.limit_speed", { number: Math.round(limits.speed_mps / KMH) }));
  return lines.length === 0 ? [] : [t(`sector.whose.${limits.whose ?? "all"}`), ...lines];
}
