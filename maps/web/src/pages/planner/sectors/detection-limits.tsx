/**
 * What a drawn area can catch and what it cannot, with the boats that report as they do now: told before it is saved.
 */
import type { JSX } from "preact";
import { ageWords } from "../../../session/times.ts";
import { Icon } from "../../../widgets/icons.tsx";
import type { Detection, Transit } from "../../../wire/sectors.ts";
import { t } from "../../../words/index.ts";

export function DetectionLimits({ told, keptOut }: { told: Transit; keptOut: boolean }): JSX.Element | null {
  const { detections = [], too_seldom: seldom = 0 } = told;
  if (!keptOut && seldom === 0) return null;
  const values = {
    kmh: Math.round(told.speed_mps * 3.6),
    time: ageWords(told.length_m / told.speed_mps),
    m: Math.round(told.length_m),
  };
  return (
    <div class="transit" aria-live="polite">
      <h3>{t("sector.transit")}</h3>
      {keptOut && <p>{t(told.across ? "sector.transit_across" : "sector.transit_beside", values)}</p>}
      <ul>
        {detections.map((each) => (
          <li key={each.detected} class={each.detected === "inside" ? "sees" : "warns"} data-detected={each.detected}>
            <Icon name={each.detected === "inside" ? "clock" : "warn"} />
            <span>
              {t(`sector.transit_${each.detected}`, {
                number: each.units,
                every: everyWords(each),
                m: each.accuracy_m,
              })}
            </span>
          </li>
        ))}
        {keptOut && detections.length === 0 && (
          <li class="warns">
            <Icon name="warn" />
            <span>{t("sector.transit_none")}</span>
          </li>
        )}
        {seldom > 0 && (
          <li class="warns" data-detected="seldom">
            <Icon name="warn" />
            <span>{t("sector.transit_seldom", { number: seldom })}</span>
          </li>
        )}
      </ul>
    </div>
  );
}

function everyWords({ shortest_s: shortest, longest_s: longest }: Detection): string {
  const [low, high] = [ageWords(shortest), ageWords(longest)];
  return low === high ? low : `${low} – ${high}`;
}
