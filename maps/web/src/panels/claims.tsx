/** Radio addresses that two senders use: possible false senders, told once for each. */
import type { JSX } from "preact";
import { now } from "../clock.ts";
import { openTab, select, selectedId } from "../console.ts";
import type { Claim, UnitState } from "../contract.ts";
import { claims, everyone } from "../feed.ts";
import { t } from "../i18n/index.ts";
import { timeZone } from "../session.ts";
import { clockTime, dateTime } from "../times.ts";
import { Icon } from "./icons.tsx";
import { metresWords } from "./place-words.ts";

/** “ais:574… is also claimed from udp-2, 12 km away, since 14:02”. */
export function claimWords(claim: Claim): string {
  const since = Date.parse(claim.since);
  const today = dateTime(since, timeZone.value).slice(0, 10) === dateTime(now.value, timeZone.value).slice(0, 10);
  const time = today ? clockTime(since, timeZone.value).slice(0, 5) : dateTime(since, timeZone.value).slice(0, 16);
  const words = { address: claim.address, channel: claim.channel, time };
  if (claim.distance_m === undefined) return t("claims.somewhere", words);
  if (claim.distance_m < NEAR_M) return t("claims.near", words);
  return t("claims.away", { ...words, distance: metresWords(claim.distance_m) });
}

/** Nearer than this it may well be the same radio, heard by a second receiver. */
const NEAR_M = 500;

/** Claims that concern a unit or radio. */
export function claimsOf(unit: UnitState): Claim[] {
  return claims.value.filter((claim) => claim.unit === unit.id || claim.address === unit.id || `${claim.address}@${claim.channel}` === unit.id);
}

export function ClaimNotes({ unit }: { unit: UnitState }): JSX.Element | null {
  const mine = claimsOf(unit);
  if (mine.length === 0) return null;
  return (
    <div class="claim-notes">
      <Icon name="warn" />
      <div>
        <h3>{t("claims.title")}</h3>
        <ul>{mine.map((claim) => <li key={`${claim.address} ${claim.channel}`} class="num">{claimWords(claim)}</li>)}</ul>
        <p class="dim">{t(mine.every((claim) => claim.bound === undefined) ? "claims.what_free" : "claims.what")}</p>
      </div>
    </div>
  );
}

/** In the status strip: one item, however many there are. */
export function ClaimsItem(): JSX.Element | null {
  const first = claims.value[0];
  if (first === undefined) return null;
  const words = claims.value.length === 1 ? claimWords(first) : t("claims.count", { n: claims.value.length });
  const show = (): void => {
    const about = [first.unit, first.address, `${first.address}@${first.channel}`].find((id) => id !== undefined && everyone.peek()?.some((each) => each.id === id));
    if (about !== undefined && claims.peek().length === 1) return select(about);
    openTab("unknown");
    selectedId.value = `${first.address}@${first.channel}`;
  };
  return <button class="strip-button claim-item" title={words} aria-label={words} onClick={show}><Icon name="radio" /><span>{words}</span></button>;
}
