/** One unit in a list: its mark, name, age, place and state. */
import type { JSX } from "preact";
import { placeWords } from "../../../geo/place-words.ts";
import { now } from "../../../session/clock.ts";
import { ageSeconds, ageWords } from "../../../session/times.ts";
import { MarkIcon } from "../../../symbols/mark-icon.tsx";
import { Icon } from "../../../widgets/icons.tsx";
import type { UnitState } from "../../../wire/units.ts";
import { t } from "../../../words/index.ts";

export function UnitRow({
  unit,
  chosen,
  choose,
}: {
  unit: UnitState;
  chosen: boolean;
  choose: (unit: UnitState) => void;
}): JSX.Element {
  return (
    <button class={`row${unit.distress ? " row-distress" : ""}`} aria-current={chosen} onClick={() => choose(unit)}>
      <MarkIcon unit={unit} />
      <span class="row-name">
        {unit.call_sign}
        {unit.by_voice && (
          <span class="by-voice" title={t("unit.by_voice")}>
            <Icon name="voice" />
          </span>
        )}
      </span>
      <Age unit={unit} />
      <span class="row-place">{unit.last ? placeWords(unit.last) : t("unit.no_place")}</span>
      <State unit={unit} />
    </button>
  );
}

/** Ticks by itself, so that a second does not draw the whole list again. */
export function Age({ unit }: { unit: UnitState }): JSX.Element {
  const age = ageSeconds(unit.last?.time, now.value);
  return <span class="row-age num">{age === null ? t("age.never") : ageWords(age)}</span>;
}

export function State({ unit }: { unit: UnitState }): JSX.Element | null {
  if (unit.distress)
    return (
      <span class="state state-sos">
        <Icon name="sos" />
        {t("unit.sos")}
      </span>
    );
  const liveness = unit.liveness ?? "never";
  if (liveness === "live") return <span class="state" />;
  return (
    <span class={`state state-${liveness}`}>
      {liveness === "lost" && <Icon name="clock" />}
      {t(`liveness.${liveness}`)}
    </span>
  );
}
