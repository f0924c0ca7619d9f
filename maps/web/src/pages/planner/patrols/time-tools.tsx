/** Which stretch of time is shown: a day, a week, a month; earlier, later, now. */
import type { JSX } from "preact";
import { timeZone } from "../../../session/session.ts";
import { dayWords } from "../../../session/times.ts";
import { Icon } from "../../../widgets/icons.tsx";
import { t } from "../../../words/index.ts";
import { ZOOMS } from "./plan/scale.ts";
import { scale, zoom } from "./plan/store.ts";
import { goToNow, step, zoomTo } from "./plan/timeline-state.ts";

export function TimeTools(): JSX.Element {
  const { from, to } = scale.value;
  const [first, last] = [dayWords(from, timeZone.value), dayWords(to - 1, timeZone.value)];
  return (
    <div class="time-tools" role="group" aria-label={t("timeline.tools")}>
      <button
        class="icon-button"
        title={t("key.tip", { words: t("timeline.earlier"), key: "," })}
        aria-label={t("timeline.earlier")}
        onClick={() => step(-1)}
      >
        <Icon name="left" />
      </button>
      <button class="button" title={t("key.tip", { words: t("timeline.now"), key: "t" })} onClick={goToNow}>
        {t("timeline.now")}
      </button>
      <button
        class="icon-button"
        title={t("key.tip", { words: t("timeline.later"), key: "." })}
        aria-label={t("timeline.later")}
        onClick={() => step(1)}
      >
        <Icon name="right" />
      </button>
      <div class="segments" role="group" aria-label={t("timeline.zoom")}>
        {ZOOMS.map((each) => (
          <button key={each} aria-pressed={zoom.value === each} onClick={() => zoomTo(each)}>
            {t(`timeline.${each}`)}
          </button>
        ))}
      </div>
      <span class="time-shown num">{first === last ? first : t("patrol.span", { start: first, end: last })}</span>
    </div>
  );
}
