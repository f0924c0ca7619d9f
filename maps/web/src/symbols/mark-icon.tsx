/** A unit's mark as the map draws it, small, for lists. */
import type { JSX } from "preact";
import type { UnitState } from "../wire/units.ts";
import { markState, PATHS, shapeOf, sideCode, sideName } from "./marks.ts";

export function MarkIcon({
  unit,
}: {
  unit: Pick<UnitState, "kind" | "country" | "liveness" | "distress">;
}): JSX.Element {
  const side = sideName(unit.country);
  return (
    <svg class={`mark mark-${markState(unit.liveness)}`} viewBox="-3 -3 46 46" aria-hidden="true">
      <path d={PATHS[shapeOf(unit.kind, true)]} style={{ "--side": `var(--side-${side})` }} />
      <text x="20" y="24.5" style={{ fill: `var(--side-ink-${side})` }}>
        {sideCode(unit.country)}
      </text>
    </svg>
  );
}
