/** What is asked for on the page of reports, and what the server says of it. Pure but for the signals. */

import { signal } from "@preact/signals";
import { isoDay } from "../../session/times.ts";
import { momentOf } from "../../session/wall-clock.ts";
import type { Job, PatrolChoice, ReportKind } from "../../wire/reports.ts";
import type { AgencyInfo } from "../../wire/session.ts";
import type { Language } from "../../words/index.ts";

export const FORMATS = ["html", "map", "pdf", "xlsx"] as const;
export type Format = (typeof FORMATS)[number];

export interface Wish {
  report: string;
  patrol: string;
  /** Local days of the node, the last one included. */
  from: string;
  to: string;
  language: Language;
  /** Null until somebody chose one: that of the other side. */
  second: Language | null;
  counterpart: string;
  kmFrom: string;
  kmTo: string;
  radius: string;
}

export const kinds = signal<ReportKind[]>([]);
export const wish = signal<Wish>({
  report: "",
  patrol: "",
  from: "",
  to: "",
  language: "en",
  second: null,
  counterpart: "",
  kmFrom: "",
  kmTo: "",
  radius: "500",
});

export function change(values: Partial<Wish>): void {
  wish.value = { ...wish.value, ...values };
}

const LANGUAGE_OF: Readonly<Record<string, Language>> = { TH: "th", LA: "lo", MM: "my", KH: "km", VN: "vi", CN: "zh" };

/**
 * The second language that a wish means: the one chosen, else that of the other side of its patrol, else of the own
 * side; never the first one twice.
 */
export function secondOf(
  made: Wish,
  patrols: readonly PatrolChoice[],
  agencies: readonly AgencyInfo[],
  own: string,
): Language {
  if (made.second !== null) return made.second;
  const parties = patrols.find((each) => each.id === made.patrol)?.agencies ?? [];
  const spoken = [...parties.filter((each) => each !== own), own].map(
    (id) => LANGUAGE_OF[agencies.find((each) => each.id === id)?.country ?? ""],
  );
  return spoken.find((each) => each !== undefined && each !== made.language) ?? (made.language === "lo" ? "th" : "lo");
}

export function kindOf(name: string): ReportKind | undefined {
  return kinds.value.find((each) => each.name === name);
}

/** The days of a time that people often mean. */
export function daysOf(
  which: "week" | "month" | "last-month",
  nowMs: number,
  zone: string,
): { from: string; to: string } {
  const today = isoDay(nowMs, zone);
  if (which === "week") return { from: isoDay(nowMs - 6 * 86_400_000, zone), to: today };
  if (which === "month") return { from: `${today.slice(0, 8)}01`, to: today };
  const last = new Date(Date.UTC(Number(today.slice(0, 4)), Number(today.slice(5, 7)) - 1, 0))
    .toISOString()
    .slice(0, 10);
  return { from: `${last.slice(0, 8)}01`, to: last };
}

/** The days a report is mostly made of: a pack tells of a whole month that is over. */
export function usualDays(report: string): "week" | "last-month" {
  return report === "monthly" ? "last-month" : "week";
}

/** The moments a wish means: from the first day's midnight to the one after the last day. */
export function momentsOf(from: string, to: string, zone: string): { startMs: number; endMs: number } {
  const after = new Date(Date.parse(`${to}T00:00:00Z`) + 86_400_000);
  const day = Number.isFinite(after.getTime()) ? after.toISOString().slice(0, 10) : "";
  return { startMs: momentOf(`${from}T00:00`, zone) ?? NaN, endMs: momentOf(`${day}T00:00`, zone) ?? NaN };
}

/** The body that asks for a report; null while something is missing. */
export function bodyOf(
  made: Wish & { second: Language },
  kind: ReportKind,
  format: Format,
  zone: string,
): Record<string, unknown> | null {
  const body: Record<string, unknown> = { report: kind.name, format, language: made.language };
  if (kind.about === "patrol") {
    if (made.patrol === "") return null;
    if (kind.name === "briefing") body["second_language"] = made.second;
    return { ...body, patrol: made.patrol, radius_m: Number(made.radius) || 500 };
  }
  const { startMs, endMs } = momentsOf(made.from, made.to, zone);
  if (!(endMs > startMs)) return null;
  body["start"] = new Date(startMs).toISOString();
  body["end"] = new Date(endMs).toISOString();
  body["radius_m"] = Number(made.radius) || 500;
  if (made.kmFrom !== "" && made.kmTo !== "") {
    body["km_from"] = Number(made.kmFrom);
    body["km_to"] = Number(made.kmTo);
  }
  if (kind.name === "monthly" && made.counterpart !== "") body["counterpart"] = made.counterpart;
  return body;
}

export function isUnderWay(job: Job): boolean {
  return job.state === undefined || job.state === "waiting" || job.state === "making";
}
