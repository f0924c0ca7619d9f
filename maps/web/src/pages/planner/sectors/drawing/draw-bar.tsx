/** Tools over the map while a sector is drawn: what is in hand, back and forth, snapping, and what was caught. */
import type { JSX } from "preact";
import { t } from "../../../../words/index.ts";
import { phone, plannerTab } from "../../desk/frame-state.ts";
import { draft } from "../draft/draft.ts";
import { areaNow, checked, checkState } from "../draft/shape-check.ts";
import type { Snapped } from "../draft/snap.ts";
import { alongWords, areaWords } from "../draft/words.ts";
import { caught, finish, redoOne, snapping, startAgain, take, tool, toolState, undoOne } from "./drawing.ts";
import { PlannerIcon } from "./tool-icons.tsx";

export function DrawBar(): JSX.Element | null {
  if (draft.value === null || plannerTab.value !== "sectors") return null;
  const inHand = tool.value;
  const steps = draft.value.steps;
  return (
    <div class="draw-bar" role="group" aria-label={t("sector.tools")}>
      <div class="draw-tools">
        <Tool
          icon="undo"
          words={t("sector.undo")}
          letter="Ctrl+Z"
          off={steps.past.length === 0 && inHand === null}
          act={undoOne}
        />
        <Tool
          icon="redo"
          words={t("sector.redo")}
          letter="Ctrl+Y"
          off={steps.future.length === 0 && inHand === null}
          act={redoOne}
        />
        <button
          class="icon-button"
          aria-pressed={snapping.value}
          aria-label={t("sector.snap")}
          title={t("key.tip", { words: t("sector.snap_why"), key: "s" })}
          onClick={() => {
            snapping.value = !snapping.value;
          }}
        >
          <PlannerIcon name="snap" />
        </button>
        {inHand !== null && (inHand === "polygon" || inHand === "hole") && (
          <button class="button" title={t("key.tip", { words: t("sector.finish"), key: "Enter" })} onClick={finish}>
            {t("sector.finish")}
          </button>
        )}
        {inHand !== null && (
          <button
            class="button"
            title={t("key.tip", { words: t("dialog.cancel"), key: "Esc" })}
            onClick={() => take(null)}
          >
            {t("dialog.cancel")}
          </button>
        )}
      </div>
      <p class="draw-says" aria-live="polite">
        {toolState.value === "failed" ? (
          <>
            {t("sector.tool_failed")}{" "}
            <button class="button" onClick={startAgain}>
              {t("state.retry")}
            </button>
          </>
        ) : caught.value !== null ? (
          <b>{caughtWords(caught.value)}</b>
        ) : inHand !== null ? (
          t(phone.value && (inHand === "polygon" || inHand === "hole") ? "sector.how_touch" : `sector.how_${inHand}`)
        ) : draft.value.steps.now?.kind === "polygon" ? (
          t(phone.value ? "sector.how_edit_touch" : "sector.how_edit")
        ) : draft.value.steps.now === null ? (
          t("sector.how_start")
        ) : (
          t("sector.how_stretch")
        )}
      </p>
      {areaNow.value !== null && (
        <p class="draw-size num">
          <b>{areaWords(areaNow.value)}</b>
          {(checked.value?.along ?? []).slice(0, 2).map((each) => (
            <span key={each.river}>{alongWords(each)}</span>
          ))}
          {checkState.value === "asking" && <span class="dim">{t("sector.checking")}</span>}
        </p>
      )}
    </div>
  );
}

function Tool({
  icon,
  words,
  letter,
  off,
  act,
}: {
  icon: "undo" | "redo";
  words: string;
  letter: string;
  off: boolean;
  act: () => void;
}): JSX.Element {
  return (
    <button
      class="icon-button"
      disabled={off}
      aria-label={words}
      title={t("key.tip", { words, key: letter })}
      onClick={act}
    >
      <PlannerIcon name={icon} />
    </button>
  );
}

function caughtWords({ onto, corner }: Snapped): string {
  if (onto.kind === "border") return t("sector.caught_border");
  const name = onto.name;
  if (onto.kind === "river") return t("sector.caught_river", { name });
  return t(corner ? "sector.caught_corner" : "sector.caught_edge", { name });
}
