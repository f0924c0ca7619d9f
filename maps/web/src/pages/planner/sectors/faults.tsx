/** What is wrong with the shape that is drawn, and the repair that the server suggests. */
import type { JSX } from "preact";
import { areaKm2, bodyOf, partsOf, ringOf, sameShape, shapeOf } from "../../../geo/sector-shape.ts";
import { Icon } from "../../../widgets/icons.tsx";
import { t } from "../../../words/index.ts";
import { setShape, shape } from "./draft/draft.ts";
import { checkAgain, checked, checkedShape, checkState, forgetCheck, repair } from "./draft/shape-check.ts";
import { areaWords, faultWords, overlapWords } from "./draft/words.ts";

export function Faults(): JSX.Element | null {
  if (bodyOf(shape.value) === null && checkState.value === "none") return null;
  const check = checked.value;
  const faults = check?.faults ?? [];
  const overlaps = check?.overlaps ?? [];
  const none = faults.length === 0 && overlaps.length === 0;
  return (
    <div class="sector-faults" aria-live="polite">
      {checkState.value === "failed" && (
        <p class="dim">
          {t("sector.not_checked")}{" "}
          <button class="button" type="button" onClick={checkAgain}>
            {t("state.retry")}
          </button>
        </p>
      )}
      {checkState.value === "told" && none && <p class="sector-well">{t("sector.well")}</p>}
      {!none && (
        <ul>
          {faults.map((fault, n) => (
            <li key={n} class={fault.only_warns ? "warns" : "wrong"} data-code={fault.code}>
              <Icon name="warn" />
              <span>{faultWords(fault, checkedShape.value)}</span>
            </li>
          ))}
          {overlaps.map((each) => (
            <li key={each.sector} class="warns" data-code="no_go">
              <Icon name="warn" />
              <span>{overlapWords(each)}</span>
            </li>
          ))}
        </ul>
      )}
      <Repair />
    </div>
  );
}

/** Of a repair in several parts a person takes one. */
export function takeRepair(part = 0): void {
  const mended = repair.peek();
  const next = mended === null ? null : shapeOf(mended, part);
  if (next === null || sameShape(next, shape.peek())) return;
  forgetCheck();
  setShape(next);
}

function Repair(): JSX.Element | null {
  const mended = repair.value;
  if (mended === null) return null;
  const parts = mended.polygon ? partsOf(mended.polygon) : [];
  return (
    <div class="sector-repair">
      <p>
        {t(mended.polygon ? (parts.length > 1 ? "sector.repair_parts" : "sector.repair_drawn") : "sector.repair_other")}
      </p>
      <div class="actions flat">
        {parts.length > 1 ? (
          parts.map((part, n) => (
            <button key={n} class="button" type="button" onClick={() => takeRepair(n)}>
              {t("sector.repair_part", { number: n + 1, area: areaWords(areaKm2(part.map(ringOf))) })}
            </button>
          ))
        ) : (
          <button
            class="button primary"
            type="button"
            title={t("key.tip", { words: t("sector.repair_use"), key: "u" })}
            onClick={() => takeRepair()}
          >
            {t("sector.repair_use")}
          </button>
        )}
      </div>
    </div>
  );
}
