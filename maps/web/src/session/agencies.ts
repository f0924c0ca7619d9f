/** Names of the agencies of this node. */

import { signal } from "@preact/signals";
import { fetchJson } from "../wire/calls.ts";
import { listOf } from "../wire/parser.ts";
import { AgencyInfo } from "../wire/session.ts";

export const agencyNames = signal<ReadonlyMap<string, string>>(new Map());

/** The name for people; the id while none is known. */
export function agencyName(id: string): string {
  return agencyNames.value.get(id) ?? id;
}

/** Without them the page says ids. */
export async function loadAgencies(): Promise<void> {
  try {
    agencyNames.value = new Map(
      (await fetchJson("/api/agencies", listOf(AgencyInfo))).map((each) => [each.id, each.name]),
    );
  } catch {
    agencyNames.value = new Map();
  }
}
