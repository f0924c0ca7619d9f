/** Names of the agencies of this node. */

import { signal } from "@preact/signals";
import { fetchJson } from "../wire/calls.ts";
import { listOf } from "../wire/parser.ts";
import { AgencyInfo } from "../wire/session.ts";

const names = signal<ReadonlyMap<string, string>>(new Map());

/** The name for people; the id while none is known. */
export function agencyName(id: string): string {
  return names.value.get(id) ?? id;
}

/** Without them the page says ids. */
export async function loadAgencies(): Promise<void> {
  try {
    names.value = new Map((await fetchJson("/api/agencies", listOf(AgencyInfo))).map((each) => [each.id, each.name]));
  } catch {
    names.value = new Map();
  }
}
