/** Positions that come as tables, with the names of their fields once (patrol/live/fix_table.py). */

import type { Change, FixTable, Table } from "./stream.ts";
import type { Address, Fix } from "./units.ts";

/** A change whose tables stand among its other positions, one by one. */
export function withoutTables(change: Change): Change {
  const { tables, ...rest } = change;
  if (tables === undefined) return change;
  return { ...rest, fixes: [...(change.fixes ?? []), ...tables.flatMap((table) => fixesOf(table, change.time))] };
}

function fixesOf(table: FixTable, since: string): Fix[] {
  const secondMs = Math.floor(Date.parse(since) / 1e3) * 1e3;
  // Seconds are exact to the microsecond, and what is less than a millisecond is cut off, as a page does with every
  // time.
  const timeOf = (seconds: unknown): string =>
    new Date(secondMs + Math.round((seconds as number) * 1e6) / 1e3).toISOString();
  const fixes = read(table).map((fields) => ({ ...fields, time: timeOf(fields["time"]) }) as Fix);
  for (const { nth, ...place } of table.places === undefined ? [] : read(table.places)) {
    const fix = fixes[nth as number];
    if (fix !== undefined) fix.place = place as Address;
  }
  return fixes;
}

function read({ rows: [names, ...rows], same }: Table): Record<string, unknown>[] {
  return rows.map((row) => {
    const fields = { ...same };
    names.forEach((name, i) => {
      if (row[i] !== null) fields[name] = row[i];
    });
    return fields;
  });
}
