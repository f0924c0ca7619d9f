/**
 * Addresses of places that no unit stands at, asked of the server and kept: its answer is in fields, which the page
 * says in the reader's words.
 */

import { signal } from "@preact/signals";
import { coordinateFormat } from "../browser/preferences.ts";
import { fetchJson } from "../wire/calls.ts";
import { object } from "../wire/parser.ts";
import { Address } from "../wire/units.ts";
import { t } from "../words/index.ts";
import { shortParts } from "./address.ts";
import { coordinateWords } from "./coordinates.ts";

/** Places that are kept; the oldest go first. */
const KEPT = 500;
const addresses = signal<ReadonlyMap<string, Address>>(new Map());
const requested = new Set<string>();

/** The address of a place; null while the server has not told it. Reading it asks. */
export function addressOf(lon: number, lat: number): Address | null {
  const key = `${lon.toFixed(5)} ${lat.toFixed(5)}`;
  if (!requested.has(key)) {
    requested.add(key);
    void load(key, lon, lat);
  }
  return addresses.value.get(key) ?? null;
}

/** The same, once it is known; null where the server cannot be asked. */
export async function fetchAddress(lon: number, lat: number): Promise<Address | null> {
  try {
    return (
      await fetchJson(
        `/api/address?lon=${lon}&lat=${lat}`,
        object({
          address: Address,
        }),
      )
    ).address;
  } catch {
    return null;
  }
}

async function load(key: string, lon: number, lat: number): Promise<void> {
  const address = await fetchAddress(lon, lat);
  if (address === null) {
    setTimeout(() => requested.delete(key), 30_000); // the next drawing after that asks again
    return;
  }
  const all = [...addresses.peek(), [key, address] as const].slice(-KEPT);
  addresses.value = new Map(all);
}

/** River address of a place once it is known, else its coordinates. */
export function placeWords(lon: number, lat: number): string {
  const address = addressOf(lon, lat);
  const parts = address === null ? [] : shortParts(address).map(([key, values]) => t(key, values));
  return parts.length > 0 ? parts.join(" · ") : coordinateWords(lon, lat, coordinateFormat.value);
}
