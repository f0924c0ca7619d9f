/** The track of one unit: as a file to take away, or long ago on the map. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { now } from "../../../session/clock.ts";
import { type FormatName, save, trackAddress } from "../../../session/files.ts";
import { history, lastDays } from "../../../symbols/history.ts";
import { FormatChoice } from "../../../widgets/format-choice.tsx";
import { Icon } from "../../../widgets/icons.tsx";
import { faultWords } from "../../../widgets/load-states.tsx";
import { replayAround } from "../../../widgets/replay-link.ts";
import type { UnitState } from "../../../wire/units.ts";
import { t } from "../../../words/index.ts";
import { notify } from "../desk/selection.ts";

const HOURS = [3, 12, 24, 72, 168, 744] as const;

export function TrackForm({ unit }: { unit: UnitState }): JSX.Element {
  const hours = useSignal<number>(24);
  const format = useSignal<FormatName>("gpx");
  const busy = useSignal(false);
  const fault = useSignal<string | null>(null);
  const keep = async (event: Event): Promise<void> => {
    event.preventDefault();
    busy.value = true;
    fault.value = null;
    try {
      await save(trackAddress(unit.id, hours.value, format.value, new Date(now.peek())));
      notify(t("track.saved", { name: unit.call_sign }));
    } catch (caught) {
      fault.value = `${t("track.not_saved")} ${faultWords(caught)}`;
    } finally {
      busy.value = false;
    }
  };
  const isShown = history.value?.unit === unit.id;
  const show = (): void => {
    history.value = isShown ? null : lastDays(Math.max(1, hours.value / 24), unit.id, now.peek());
  };
  return (
    <form class="plot" onSubmit={(event) => void keep(event)}>
      <h3>
        <Icon name="save" />
        {t("track.title")}
      </h3>
      <div class="pair">
        <div>
          <label for="track-hours">{t("track.time")}</label>
          <select
            id="track-hours"
            value={hours.value}
            onChange={(event) => {
              hours.value = Number(event.currentTarget.value);
            }}
          >
            {HOURS.map((each) => (
              <option key={each} value={each}>
                {each < 48 ? t("track.hours", { n: each }) : t("track.days", { n: each / 24 })}
              </option>
            ))}
          </select>
        </div>
        <div>
          <label for="track-format">{t("format.title")}</label>
          <FormatChoice id="track-format" value={format} />
        </div>
      </div>
      <button class="button wide" type="submit" disabled={busy.value}>
        {t(busy.value ? "track.saving" : "track.save")}
      </button>
      <button class="button wide" type="button" aria-pressed={isShown} onClick={show}>
        {t(isShown ? "history.hide" : "track.show")}
      </button>
      <a
        class="button wide"
        href={replayAround(unit.last ? Date.parse(unit.last.time) : now.value, now.value, unit.id)}
      >
        {t("page.replay")}
      </a>
      {fault.value && (
        <p class="field-fault" role="alert">
          {fault.value}
        </p>
      )}
    </form>
  );
}
