/** What people call a unit. Pure. */
import type { UnitState } from "../wire/units.ts";

/**
 * Its call sign; a radio that nobody has registered by its address; `some` while it is not known: an id of ours says
 * nothing.
 */
export function unitName(id: string, units: readonly UnitState[] | null, some: string): string {
  return units?.find((each) => each.id === id)?.call_sign ?? (id.includes(":") ? id : some);
}
