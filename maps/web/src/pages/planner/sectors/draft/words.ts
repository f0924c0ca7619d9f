/** Sectors in words: measures, versions, what is wrong with a drawing. */

import { placeWords } from "../../../../geo/place-addresses.ts";
import { cornerAt, type SectorShape } from "../../../../geo/sector-shape.ts";
import { agencyName } from "../../../../session/agencies.ts";
import { now } from "../../../../session/clock.ts";
import { session, timeZone } from "../../../../session/session.ts";
import { momentWords } from "../../../../session/times.ts";
import type { Along, Fault, Lie, Overlap, SectorDocument } from "../../../../wire/sectors.ts";
import { t, wordsIfAny } from "../../../../words/index.ts";
import { sidesOf } from "./fault-places.ts";
import { MAIN_RIVER } from "./store.ts";

export function areaWords(km2: number | null | undefined): string {
  if (km2 === null || km2 === undefined) return "–";
  return t("sector.km2", { number: km2 < 1 ? km2.toFixed(3) : km2 < 100 ? km2.toFixed(2) : km2.toFixed(0) });
}

export function riverWords(river: string): string {
  return river === MAIN_RIVER ? t("map.mekong") : river;
}

export function alongWords({ river, km_from, km_to, length_km }: Along): string {
  return t("sector.along_one", {
    river: riverWords(river),
    from: km_from.toFixed(1),
    to: km_to.toFixed(1),
    length: length_km.toFixed(1),
  });
}

/** Countries that a sector reaches into beyond its agency's own, one sentence each. */
export function acrossWords(countries: Lie["countries"]): string[] {
  const own = session.value?.agency.country ?? null;
  return Object.entries(countries ?? {})
    .filter(([code]) => own !== null && code !== own)
    .map(([code, { border_m }]) =>
      t("sector.across", { country: wordsIfAny(`country.${code}`) ?? code, km: (border_m / 1000).toFixed(1) }),
    );
}

/** When and by whom a version was made. */
export function authorWords({ at, by }: SectorDocument): string {
  const time = momentWords(Date.parse(at), now.peek(), timeZone.value);
  return by ? t("sector.made_by", { time, name: by }) : time;
}

/** What is wrong with a shape, in the reader's language where the code is known, else as the server says it. */
export function faultWords(fault: Fault, shape: SectorShape | null): string {
  const what = wordsIfAny(`sector.fault.${fault.code}`);
  const where = whereWords(fault, shape);
  return what === null ? fault.message : where === "" ? what : `${what} ${where}`;
}

/** Into which sector that nobody patrols a shape runs, and whose that is. */
export function overlapWords({ name, agency, lon, lat }: Overlap): string {
  return t("sector.overlaps", { other: name, agency: agencyName(agency), place: placeWords(lon, lat) });
}

function whereWords(fault: Fault, shape: SectorShape | null): string {
  const sides = sidesOf(fault, shape);
  if (sides !== null) {
    const [{ ring: hole, from, to }, other] = sides;
    const corners = { from, to, other_from: other.from, other_to: other.to };
    return hole > 0 ? t("sector.fault_sides_in_hole", { hole, ...corners }) : t("sector.fault_sides", corners);
  }
  const found = fault.vertex == null ? null : cornerAt(shape, fault.ring ?? 0, fault.vertex);
  return found === null
    ? ""
    : found.ring > 0
      ? t("sector.fault_in_hole", { hole: found.ring, corner: found.corner })
      : t("sector.fault_at", { corner: found.corner });
}
