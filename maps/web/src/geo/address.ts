/** An address as parts of words: which to say, and which not, because nobody can be sure of them. */
import type { Address } from "../wire/units.ts";

/** A key of the language file with its values. */
export type Part = readonly [key: AddressWord, values?: Record<string, string | number>];
export type AddressWord =
  | "river.km"
  | "river.other"
  | "bank.left"
  | "bank.right"
  | "bank.mid"
  | "bank.unsure"
  | "unsure.both"
  | "side.of"
  | "side.unsure"
  | "side.between"
  | "reach.of"
  | "triangle.below"
  | "triangle.above"
  | "river.also";

/** Kilometre, bank and side in as few words as a row of a list has room for. */
export function rowParts(place: Address): Part[] {
  const unsure = place.country !== undefined && !place.side_sure;
  if (place.river === undefined || !unsure) return shortParts(place);
  const [where] = riverParts(place);
  if (where === undefined) return [];
  return place.bank === undefined ? [where, ["unsure.both"]] : [...riverParts(place), ["side.unsure"]];
}

/** Kilometre, bank and side. */
export function shortParts(place: Address): Part[] {
  return [...riverParts(place), ...sideParts(place)];
}

/** The rest: reach, distance from the Golden Triangle, other rivers that it may be on. */
export function furtherParts(place: Address): Part[] {
  const parts: Part[] = [];
  if (place.reach !== undefined && place.reach !== place.river) parts.push(["reach.of", { name: place.reach }]);
  const below = place.golden_triangle_km;
  if (below !== undefined)
    parts.push([below >= 0 ? "triangle.below" : "triangle.above", { km: Math.round(Math.abs(below)) }]);
  for (const name of place.also ?? []) parts.push(["river.also", { name }]);
  return parts;
}

function riverParts(place: Address): Part[] {
  if (place.river === undefined || place.km === undefined) return [];
  const km = kmFigure(place.km);
  const where: Part = place.river === "Mekong" ? ["river.km", { km }] : ["river.other", { name: place.river, km }];
  return [where, [`bank.${place.bank ?? "unsure"}`]];
}

function sideParts(place: Address): Part[] {
  if (place.country === undefined) return [];
  if (place.side_sure) return [["side.of", { country: place.country }]];
  if (place.neighbour === undefined) return [["side.unsure"]];
  const [one = "", other = ""] = [place.country, place.neighbour].sort();
  return [["side.between", { one, other }]];
}

/** Thousands set apart by a thin space: `2 356.4`. */
export function kmFigure(km: number): string {
  const [whole = "", part = "0"] = km.toFixed(1).split(".");
  return `${whole.replace(/\B(?=(\d{3})+$)/g, "\u202f")}.${part}`;
}
