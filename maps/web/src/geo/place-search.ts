/** Finds things by what people type: names in any script, river kilometres, coordinates. Pure. */
import { type Place, readCoordinates } from "./coordinates.ts";
import { MEKONG } from "./river-course.ts";

/** Digits of the scripts of our languages, each ten in order. */
const DIGITS = ["๐๑๒๓๔๕๖๗๘๙", "໐໑໒໓໔໕໖໗໘໙", "၀၁၂၃၄၅၆၇၈၉", "០១២៣៤៥៦៧៨៩", "０１２３４５６７８９"];
/** The word for a kilometre, as people write it beside a figure. */
const KM = /(?:km|กม|กิโลเมตร|ກມ|ກິໂລແມັດ|ກິໂລແມດ|ကီလိုမီတာ|ကီလို|គម|គីឡូម៉ែត្រ|គ\.ម|公里|千米)\.?/u;

/** What is compared: small letters without Latin accents, spaces and hyphens; figures as 0 to 9. */
export function fold(text: string): string {
  return plainDigits(text)
    .toLowerCase()
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .normalize("NFC")
    .replaceAll("đ", "d")
    .replace(/[\s\-–'’.·]/g, "");
}

export function plainDigits(text: string): string {
  return text.replace(/[๐-๙໐-໙၀-၉០-៩０-９]/gu, (digit) =>
    String(DIGITS.map((each) => each.indexOf(digit)).find((at) => at >= 0) ?? digit),
  );
}

/** A thing that can be found, by its words. */
export interface Findable {
  /** As shown. */
  words: readonly string[];
}

/**
 * How well names meet a query: 0 the whole name, 1 its beginning, 2 the beginning of a word of it, 3 anywhere; null not
 * at all.
 */
export function meets(words: readonly string[], query: string): number | null {
  const folded = fold(query);
  if (folded === "") return null;
  let best: number | null = null;
  for (const word of words) {
    const name = fold(word);
    const at = name.indexOf(folded);
    if (at < 0) continue;
    const well =
      name === folded
        ? 0
        : at === 0
          ? 1
          : word.split(/[\s\-/(]+/).some((each) => fold(each).startsWith(folded))
            ? 2
            : 3;
    if (best === null || well < best) best = well;
  }
  return best;
}

/** Shorter parts of a radio's address are in too many of them. */
const ADDRESS_PART = 3;

/**
 * How well a unit meets a query: as `meets` for its call sign, 4 when each word of the query begins a word of its call
 * sign, side, kind or agency, or is part of a radio's address; null not at all.
 */
export function unitMeets(
  unit: { callSign: string; others: readonly string[]; addresses: readonly string[] },
  query: string,
): number | null {
  const digits = plainDigits(query).trim().toLowerCase();
  if (digits === "") return 0;
  const well = meets([unit.callSign], digits);
  // A figure in the middle of another one is another figure.
  if (well !== null && !(well === 3 && /^\d+$/.test(digits))) return well;
  const begins = [unit.callSign, ...unit.others].flatMap((each) =>
    plainDigits(each)
      .toLowerCase()
      .split(/[\s\-/(]+/),
  );
  const callSign = plainDigits(unit.callSign).toLowerCase();
  const met = digits
    .split(/\s+/)
    .every(
      (word) =>
        begins.some((each) => each.startsWith(word)) ||
        (!/^\d+$/.test(word) && callSign.includes(word)) ||
        unit.others.some((each) => each.toLowerCase().startsWith(word)) ||
        (word.length >= ADDRESS_PART && unit.addresses.some((each) => each.toLowerCase().includes(word))),
    );
  return met ? 4 : null;
}

/** The best of many, best first, then the larger `weight`; at most `most`. */
export function seek<T extends Findable>(
  all: readonly T[],
  query: string,
  most: number,
  weight: (thing: T) => number = () => 0,
): { thing: T; well: number }[] {
  const found: { thing: T; well: number }[] = [];
  for (const thing of all) {
    const well = meets(thing.words, query);
    if (well !== null) found.push({ thing, well });
  }
  return found.sort((a, b) => a.well - b.well || weight(b.thing) - weight(a.thing)).slice(0, most);
}

/** A kilometre of a river that a query names; `sure` when it says that it is one and is not a bare figure. */
export interface NamedKm {
  river: string;
  km: number;
  sure: boolean;
}

/** `km 2356`, `2356`, `2 356.4 km`, `Ruak km 12`, `กม. 2356`; null for other words. */
export function readKm(query: string, rivers: readonly string[]): NamedKm | null {
  const text = plainDigits(query).trim().toLowerCase();
  const figure = /\d{1,3}(?:[\s\u202f]\d{3})(?:[.,]\d+)?|\d+(?:[.,]\d+)?/u.exec(text);
  if (figure === null) return null;
  const rest = `${text.slice(0, figure.index)} ${text.slice(figure.index + figure[0].length)}`;
  const isKm = KM.test(rest);
  const name = rest.replace(KM, " ").trim();
  const river = name === "" ? MEKONG : rivers.find((each) => fold(each) === fold(name));
  if (river === undefined) return null;
  const km = Number(figure[0].replace(/[\s\u202f]/g, "").replace(",", "."));
  return { river, km, sure: isKm || name !== "" };
}

export type { Place };
export { readCoordinates };
