/** Plans in words: times, units, sectors, and what is in the way. */

import { placeWords } from "../../../../geo/place-addresses.ts";
import { agencyName } from "../../../../session/agencies.ts";
import { now } from "../../../../session/clock.ts";
import { timeZone } from "../../../../session/session.ts";
import { clockTime, isoDay, minuteWords, zoneOffset } from "../../../../session/times.ts";
import type { PatrolDocument, PlanConflict } from "../../../../wire/patrols.ts";
import { t, wordsIfAny } from "../../../../words/index.ts";
import { sectors } from "../../sectors/draft/store.ts";
import { patrols, unitsById } from "./store.ts";

/** `18:00`, with its day when that is another than today. */
export function minute(time: string | number): string {
  const ms = typeof time === "number" ? time : Date.parse(time);
  return Number.isFinite(ms) ? minuteWords(ms, now.value, timeZone.value) : "–";
}

/** `2026-11-26 18:00 to 22:00`. */
export function span(starts: string | number, ends: string | number): string {
  const [from, to] = [starts, ends].map((each) => (typeof each === "number" ? each : Date.parse(each))) as [
    number,
    number,
  ];
  const zone = timeZone.value;
  const sameDay = isoDay(from, zone) === isoDay(to, zone);
  return t("patrol.span", { start: minute(from), end: sameDay ? clockTime(to, zone).slice(0, 5) : minute(to) });
}

/** `11:00 UTC` beside a local time, with the local offset. */
export function utcWords(time: string | number): string {
  const ms = typeof time === "number" ? time : Date.parse(time);
  if (!Number.isFinite(ms)) return "";
  return t("patrol.utc", {
    local: minute(ms),
    zone: zoneOffset(ms, timeZone.value),
    utc: new Date(ms).toISOString().slice(0, 16).replace("T", " "),
  });
}

/** Its call sign; what may be said of one that is not shared. */
export function unitName(id: string, agency?: string): string {
  const known = unitsById.value.get(id);
  if (known !== undefined) return known.call_sign;
  return agency === undefined ? t("patrol.unit_unseen") : t("patrol.unit_of", { agency: agencyName(agency) });
}

export function sectorName(id: string): string {
  return sectors.value?.find((each) => each.sector.id === id)?.sector.name ?? t("patrol.sector_unseen");
}

function patrolName(id: string): string {
  return patrols.value?.find((each) => each.id === id)?.name ?? t("patrol.unseen");
}

/** One sentence, in the reader's language where the code is known, else as the server says it. */
export function conflictWords(conflict: PlanConflict): string {
  const { code, unit, agency, sector, other, starts_at, ends_at } = conflict;
  const otherIsPatrol = ["two_patrols", "crew_rest", "same_sector"].includes(code);
  const values = {
    name: conflict.name ?? "",
    unit: unit === undefined ? "" : unitName(unit, agency),
    agency: agency === undefined ? "" : agencyName(agency),
    sector: sector === undefined ? "" : sectorName(sector),
    other: other === undefined ? "" : otherIsPatrol ? patrolName(other) : sectorName(other),
    start: starts_at === undefined ? "" : minute(starts_at),
    end: ends_at === undefined ? "" : minute(ends_at),
    place: conflict.lon === undefined || conflict.lat === undefined ? "" : placeWords(conflict.lon, conflict.lat),
  };
  const key =
    code === "no_go" && other === undefined
      ? "no_go_itself"
      : code === "past" && conflict.severity === "warning"
        ? "past_begun"
        : code;
  return wordsIfAny(`conflict.${key}`, values) ?? conflict.words;
}

/** The field of the form that a conflict is about. */
export function fieldOf(conflict: PlanConflict): "times" | "agencies" | "members" | "sectors" | "legs" | "rendezvous" {
  const { code } = conflict;
  if (["window", "past", "agreement_window"].includes(code)) return "times";
  if (code === "leg_window") return "legs";
  if (code.startsWith("rendezvous")) return "rendezvous";
  if (conflict.sector !== undefined) return "sectors";
  if (conflict.unit !== undefined || ["no_unit", "no_member"].includes(code)) return "members";
  return "agencies";
}

export function shortHash(sha256: string): string {
  return sha256.slice(0, 12).replace(/(.{4})(?=.)/g, "$1 ");
}

export function joinNames(names: readonly string[]): string {
  return names.join(", ");
}

/** `Naga 1, Khong 2`. */
export function membersWords(patrol: PatrolDocument): string {
  return joinNames((patrol.members ?? []).map((each) => unitName(each.unit, each.agency)));
}
