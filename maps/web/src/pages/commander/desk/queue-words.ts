/** Alerts, offers and sharing in words. */

import { coordinateFormat } from "../../../browser/preferences.ts";
import { kmFigure } from "../../../geo/address.ts";
import { coordinateWords } from "../../../geo/coordinates.ts";
import { addressOf } from "../../../geo/place-addresses.ts";
import { placeWords } from "../../../geo/place-words.ts";
import { documents, endedHandOffs, everyone } from "../../../live/signals.ts";
import { agencyName } from "../../../session/agencies.ts";
import { now } from "../../../session/clock.ts";
import { timeZone } from "../../../session/session.ts";
import { minuteWords } from "../../../session/times.ts";
import type { Agreement, Alert, HandOff, Landing, Sighting } from "../../../wire/documents.ts";
import { language, t, wordsIfAny } from "../../../words/index.ts";
import { unitName } from "../../../words/unit-name.ts";

/**
 * Whether calls for help or the contact on duty cross although it is suspended: it names them, and nobody withholds
 * them.
 */
export function lifelines(agreement: Agreement): boolean {
  const withheld = (agreement.consents ?? []).flatMap((each) => (each.given ? [] : (each.also ?? [])));
  return ["distress", "duty_contact"].some(
    (each) => agreement.terms.classes.includes(each) && !withheld.includes(each),
  );
}

/** What it is: by its rule, with the names that the rule says. Rules that this page does not know say their name. */
export function alertTitle(alert: Alert): string {
  const facts = alert.facts ?? {};
  const values = {
    ...facts,
    country:
      facts["country"] === undefined ? "" : (wordsIfAny(`country.${facts["country"]}`) ?? String(facts["country"])),
  } as Record<string, string | number>;
  if (isUnread(alert)) {
    values["after"] = minuteWords(Date.parse(alert.raised_at), now.value, timeZone.value);
    values["before"] = minuteWords(Date.parse(String(facts["until"])), now.value, timeZone.value);
  }
  const details = wordsIfAny(`rule.${alert.rule}.told`, values);
  // A word that the rule did not say leaves its place in braces.
  if (details !== null && !details.includes("{") && (alert.rule !== "border_crossed" || values["country"] !== ""))
    return details;
  return wordsIfAny(`rule.${alert.rule}`, values) ?? alert.rule.replaceAll("_", " ");
}

/** Whether it happened unseen, some time between two reports: it has been since neither of them. */
export function isUnread(alert: Alert): boolean {
  return !Number.isNaN(Date.parse(alert.raised_at)) && !Number.isNaN(Date.parse(String(alert.facts?.["until"])));
}

/** Whom or what it is about: a call sign, a patrol, a channel. */
export function alertWho(alert: Alert): string {
  const facts = alert.facts ?? {};
  const unit = everyone.value?.find((each) => each.id === alert.unit);
  const offer = offerOf(alert);
  const names = [
    facts["call_sign"] ??
      unit?.call_sign ??
      (alert.unit ? unitName(alert.unit, everyone.value, t("unit.some")) : undefined),
    offer === null ? (alert.rule === "unanswered_offer" ? t("target.unnamed") : undefined) : offerName(offer),
    facts["patrol_name"],
    facts["channel"],
    facts["other"] === undefined ? undefined : agencyName(String(facts["other"])),
  ];
  return [...new Set(names.filter((name) => name !== undefined && name !== null && name !== ""))].join(" · ");
}

/** The offer that an alert says nobody has answered; null for other alerts. */
export function offerOf(alert: Alert): HandOff | null {
  const id = alert.facts?.["hand_off"] ?? (alert.rule === "unanswered_offer" ? alert.subject : undefined);
  return (
    [...(documents.value ?? []), ...endedHandOffs.value].find(
      (record): record is HandOff => record.kind === "hand_off" && record.id === id,
    ) ?? null
  );
}

/** Where, in the reader's words: as its unit says if that is still there, else as the server tells the place. */
export function alertPlace(alert: Alert): string {
  const last = everyone.value?.find((each) => each.id === alert.unit)?.last;
  if (last?.place !== undefined && last.lon === alert.lon && last.lat === alert.lat) return placeWords(last);
  if (alert.lon == null || alert.lat == null) return alert.place ?? "";
  return spotWords(alert.lon, alert.lat, alert.raised_at, alert.place);
}

/** A place at which no unit stands; `told` is what the server called it. */
export function spotWords(lon: number, lat: number, time: string, told: string | undefined): string {
  const address = addressOf(lon, lat);
  if (address !== null) return placeWords({ of: "", lon, lat, time, place: address });
  // Until the server has told it in fields: its own words are English.
  return language === "en" && told ? told : coordinateWords(lon, lat, coordinateFormat.value);
}

export function offerName(offer: HandOff): string {
  return offer.name || t(`target.${offer.what ?? "vessel"}`);
}

/** Where a target was seen: `km 2 356.0 · right bank · TH side`. */
export function sightingWords(sighting: Sighting): string {
  const { river, km, bank, country, neighbour, side_sure } = sighting;
  const place = {
    ...(river ? { river } : {}),
    ...(km == null ? {} : { km }),
    ...(bank ? { bank } : {}),
    ...(country ? { country } : {}),
    ...(neighbour ? { neighbour } : {}),
    side_sure: side_sure ?? false,
  };
  return placeWords({ of: "", lon: sighting.lon, lat: sighting.lat, time: sighting.at, place });
}

/** `km 2 355.2 ± 0.4 · right bank`. */
export function landingWords(landing: Landing): string {
  const km = kmFigure(landing.km);
  const where = landing.river === "Mekong" ? t("river.km", { km }) : t("river.other", { name: landing.river, km });
  return `${where} ± ${landing.error_km.toFixed(1)} · ${t(`bank.${landing.bank ?? "unsure"}`)}`;
}

/** Time until a moment, to the second below an hour: `2 min 05 s`. */
export function countdownWords(ms: number): string {
  const s = Math.max(0, Math.ceil(ms / 1000));
  if (s < 60) return t("age.seconds", { number: s });
  if (s < 3600) return t("countdown.minutes", { m: Math.floor(s / 60), s: String(s % 60).padStart(2, "0") });
  return t("age.hours", { h: Math.floor(s / 3600), m: String(Math.floor((s % 3600) / 60)).padStart(2, "0") });
}
