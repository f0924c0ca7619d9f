/** That a second sender uses a radio's address, in words. */

import { metresWords } from "../../../geo/place-words.ts";
import { minuteWords } from "../../../session/times.ts";
import type { Claim } from "../../../wire/channels.ts";
import { t } from "../../../words/index.ts";

/** Nearer than this it may well be the same radio, heard by a second receiver. */
const NEAR_M = 500;

/** “ais:574… is also claimed from udp-2, 12 km away, since 14:02”. */
export function addressConflictWords(claim: Claim, nowMs: number, zone: string): string {
  const words = {
    address: claim.address,
    channel: claim.channel,
    time: minuteWords(Date.parse(claim.since), nowMs, zone),
  };
  if (claim.distance_m === undefined) return t("claims.somewhere", words);
  if (claim.distance_m < NEAR_M) return t("claims.near", words);
  return t("claims.away", { ...words, distance: metresWords(claim.distance_m) });
}
