/** Long tracks of everybody on the map: which days. */
import type { JSX } from "preact";
import { now as present } from "../../../session/clock.ts";
import { DAYS, history, lastDays } from "../../../symbols/history.ts";
import { t } from "../../../words/index.ts";
import { selected } from "../desk/selection.ts";

export function HistoryForm(): JSX.Element {
  const now = history.value;
  const days = now === null ? 0 : Math.round((now.end - now.start) / 86_400);
  const of =
    now !== null && now.unit !== ""
      ? selected.value?.id === now.unit
        ? selected.value.call_sign
        : t("history.one")
      : "";
  const choose = (value: string): void => {
    history.value = value === "0" ? null : lastDays(Number(value), now?.unit ?? "", present.peek());
  };
  return (
    <div class="exchange">
      <label for="history-days">{t("history.title")}</label>
      <select
        id="history-days"
        value={DAYS.includes(days as 1) || days === 0 ? String(days) : ""}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        <option value="0">{t("history.none")}</option>
        {DAYS.map((each) => (
          <option key={each} value={each}>
            {t("track.days", { n: each })}
          </option>
        ))}
      </select>
      {now !== null && <p class="hint">{of === "" ? t("history.all") : t("history.of", { name: of })}</p>}
    </div>
  );
}
