/** What is in the way of a plan, in words, with the way to what is meant. */
import type { JSX } from "preact";
import { Icon } from "../../../../widgets/icons.tsx";
import type { PlanConflict } from "../../../../wire/patrols.ts";
import { t } from "../../../../words/index.ts";
import { showConflict } from "./patrol-layers.ts";
import { patrols } from "./store.ts";
import { conflictWords } from "./words.ts";

export function ConflictList({
  conflicts,
  label,
}: {
  conflicts: readonly PlanConflict[];
  label: string;
}): JSX.Element | null {
  if (conflicts.length === 0) return null;
  return (
    <ul class="conflicts" aria-label={label}>
      {conflicts.map((each, n) => (
        <li key={`${each.code}-${n}`} class={each.severity === "error" ? "wrong" : "warns"}>
          <ConflictMark severity={each.severity} />
          <span>
            <b class="hidden">{t(each.severity === "error" ? "conflict.error" : "conflict.warning")}</b>{" "}
            {conflictWords(each)}
          </span>
          {canShow(each) && (
            <button type="button" class="button" onClick={() => showConflict(each)}>
              {t("conflict.show")}
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

/** An error is a full triangle, a warning an open one. */
export function ConflictMark({ severity }: { severity: PlanConflict["severity"] }): JSX.Element {
  return severity === "error" ? (
    <svg class="icon conflict-error" viewBox="0 0 20 20" aria-hidden="true">
      <path class="full" d="M10 2.500 18 17H2Z" />
      <path class="sign" d="M10 8v4M10 14.300v.1" />
    </svg>
  ) : (
    <Icon name="warn" />
  );
}

function canShow(conflict: PlanConflict): boolean {
  return (
    (conflict.lon !== undefined && conflict.lat !== undefined) ||
    conflict.sector !== undefined ||
    (conflict.other !== undefined && (patrols.value ?? []).some((each) => each.id === conflict.other))
  );
}
