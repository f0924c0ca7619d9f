/** Moments, alerts and other things of a replay in words. */
import { agencyName } from "../../session/agencies.ts";
import { timeZone } from "../../session/session.ts";
import { ageWords, clockTime, dateTime, dayWords, zoneOffset } from "../../session/times.ts";
import type { Alert } from "../../wire/documents.ts";
import { categoryWords } from "../../words/incident-words.ts";
import { t, wordsIfAny } from "../../words/index.ts";
import { callSigns, loaded, units } from "./player.ts";
import type { Range } from "./reel/range.ts";
import type { Happening, WithheldSide } from "./reel/state-at-time.ts";

/** `2026-11-25 21:04:05 to 22:04:05`, the second day only where it is another. */
export function rangeWords({ startMs, endMs }: Range, zone: string): string {
  const same = dayWords(startMs, zone) === dayWords(endMs, zone);
  return t("replay.printed", {
    start: dateTime(startMs, zone),
    end: same ? clockTime(endMs, zone) : dateTime(endMs, zone),
    zone: zone === "UTC" ? "UTC" : `${zone} ${zoneOffset(startMs, zone)}`,
  });
}

/** The moment on both clocks. */
export function momentWords(ms: number): string {
  const zone = timeZone.value;
  return t("replay.at", { local: dateTime(ms, zone), zone: zoneOffset(ms, zone), utc: dateTime(ms, "UTC") });
}

/** The local clock, with its day where the range has more than one. */
export function shortMoment(ms: number): string {
  const zone = timeZone.value;
  const range = loaded.value?.range;
  const one = range !== undefined && dayWords(range.startMs, zone) === dayWords(range.endMs, zone);
  return one ? clockTime(ms, zone) : dateTime(ms, zone);
}

export function hours(h: number): string {
  return ageWords(h * 3600);
}

export function alertWords(alert: Alert): string {
  const rule = wordsIfAny(`rule.${alert.rule}`) ?? alert.rule.replaceAll("_", " ");
  if (alert.unit == null) return rule;
  // Also of a unit that was not chosen. One whose name is not told has none here: its id says nothing to a reader.
  const name =
    units.value.find((unit) => unit.id === alert.unit)?.call_sign ??
    callSigns.value.get(alert.unit) ??
    String(alert.facts?.["call_sign"] ?? "");
  return name === "" ? t("replay.alert.untold", { rule }) : t("replay.alert.name", { rule, name });
}

export function happeningWords({ kind, record }: Happening): string {
  if (kind === "alert") return t("replay.mark.alert", { name: alertWords(record as Alert) });
  if (record.kind === "hand_off")
    return t("replay.mark.hand_off", { name: record.name || t(`target.${record.what ?? "vessel"}`) });
  if (record.kind === "incident") return t("replay.mark.incident", { name: categoryWords(record) });
  if (record.kind !== "agreement") return "";
  return t("replay.mark.suspension", {
    name: `${record.terms.name}, ${wordsIfAny(`replay.agreement.${record.state ?? "draft"}`) ?? ""}`,
  });
}

export function darkWords({ agency, by, at, reason }: WithheldSide): string {
  if (by === undefined || at === undefined) return t("replay.dark", { agency: agencyName(agency) });
  return t("replay.dark_why", {
    agency: agencyName(agency),
    by: agencyName(by),
    time: shortMoment(Date.parse(at)),
    reason: reason ?? "",
  });
}
