/** Plots a unit from a voice report: a river kilometre, or a press on the map. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { coordinateFormat } from "../../../browser/preferences.ts";
import { coordinateWords } from "../../../geo/coordinates.ts";
import { Icon } from "../../../widgets/icons.tsx";
import { faultWords } from "../../../widgets/load-states.tsx";
import { tip } from "../../../widgets/tip.ts";
import { call } from "../../../wire/calls.ts";
import { nothing } from "../../../wire/parser.ts";
import type { UnitState } from "../../../wire/units.ts";
import { t } from "../../../words/index.ts";
import { awaitingPlace, notify, phone, sheetStop } from "../desk/selection.ts";

export function PlotForm({ unit }: { unit: UnitState }): JSX.Element {
  const km = useSignal("");
  const busy = useSignal(false);
  const fault = useSignal<string | null>(null);
  const send = async (body: Record<string, number>, where: string): Promise<void> => {
    busy.value = true;
    fault.value = null;
    try {
      await call("POST", `/api/units/${encodeURIComponent(unit.id)}/plot`, nothing, body);
      km.value = "";
      notify(t("plot.done", { name: unit.call_sign, where }));
    } catch (caught) {
      fault.value = `${t("plot.failed")} ${faultWords(caught)}`;
    } finally {
      busy.value = false;
    }
  };
  const byKm = (event: Event): void => {
    event.preventDefault();
    const value = Number(km.value.replace(/[\s\u202f]/g, "").replace(",", "."));
    if (!Number.isFinite(value) || value < 0 || km.value.trim() === "") fault.value = t("plot.bad_km");
    else void send({ river_km: value }, t("river.km", { km: km.value.trim() }));
  };
  const byMap = (): void => {
    if (phone.peek()) sheetStop.value = "peek";
    awaitingPlace.value = (place) => {
      awaitingPlace.value = null;
      void send(place, coordinateWords(place.lon, place.lat, coordinateFormat.peek()));
    };
  };
  useEffect(
    () => () => {
      awaitingPlace.value = null;
    },
    [],
  );
  const waiting = awaitingPlace.value !== null;
  return (
    <form class="plot" onSubmit={byKm}>
      <h3>
        <Icon name="voice" />
        {t("plot.title")}
      </h3>
      <label for="plot-km">{t("plot.km")}</label>
      <div class="plot-line">
        <input
          id="plot-km"
          class="num"
          inputMode="decimal"
          autocomplete="off"
          placeholder="2356"
          value={km.value}
          title={tip(t("plot.km"), "p")}
          onInput={(event) => {
            km.value = event.currentTarget.value;
          }}
        />
        <button class="button primary" type="submit" disabled={busy.value}>
          {t("plot.send")}
        </button>
      </div>
      <button
        class="button wide"
        type="button"
        aria-pressed={waiting}
        disabled={busy.value}
        onClick={
          waiting
            ? () => {
                awaitingPlace.value = null;
              }
            : byMap
        }
      >
        <Icon name="target" />
        {waiting ? t("plot.cancel") : t("plot.on_map")}
      </button>
      {waiting && (
        <p class="hint" role="status">
          {t("plot.press_map", { name: unit.call_sign })}
        </p>
      )}
      {fault.value && (
        <p class="field-fault" role="alert">
          {fault.value}
        </p>
      )}
    </form>
  );
}
