/**
 * Over the map while somebody measures: how far, which way, how far along the river; a field for those who do not
 * press.
 */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { NAUTICAL_MILE_M } from "../../../geo/geodesy.ts";
import { fold } from "../../../geo/place-search.ts";
import { bearingWords, metresWords } from "../../../geo/place-words.ts";
import { units } from "../../../live/signals.ts";
import { Icon } from "../../../widgets/icons.tsx";
import { tip } from "../../../widgets/tip.ts";
import { t } from "../../../words/index.ts";
import { addPoint, measured, measuring, pointWords, riverKmWords, takeLastPoint } from "../desk/measure.ts";
import { firstPlaceFor } from "../desk/search.ts";
import { fitPlaces } from "../map/map-sync.ts";

/** Legs that are listed; of more only the last ones. */
const LEGS_SHOWN = 4;

export function MeasureCard(): JSX.Element | null {
  const points = measuring.value;
  if (points === null) return null;
  const { legs, metres, river } = measured.value;
  const [first, last] = [points[0], points.at(-1)];
  const from = Math.max(0, legs.length - LEGS_SHOWN);
  return (
    <section class="measure-card" aria-label={t("measure.title")}>
      <header>
        <h2>{t("measure.title")}</h2>
        <button
          class="icon-button"
          title={t("measure.take")}
          aria-label={t("measure.take")}
          disabled={points.length === 0}
          onClick={takeLastPoint}
        >
          <Icon name="back" />
        </button>
        <button
          class="icon-button"
          title={tip(t("measure.end"), "Esc")}
          aria-label={t("measure.end")}
          onClick={() => {
            measuring.value = null;
          }}
        >
          <Icon name="close" />
        </button>
      </header>
      {first === undefined ? (
        <p class="hint">{t("measure.how")}</p>
      ) : legs.length === 0 ? (
        <p class="hint">{t("measure.from", { place: pointWords(first) })}</p>
      ) : null}
      {first !== undefined && last !== undefined && legs.length > 0 && (
        <div role="status">
          <p class="num measure-sum" id="measured">
            {t("measure.sum", { metres: fineWords(metres), miles: (metres / NAUTICAL_MILE_M).toFixed(2) })}
          </p>
          <p class="num dim">{t("measure.between", { from: pointWords(first), to: pointWords(last) })}</p>
          {legs.length === 1 && (
            <p class="num">{t("measure.bearing", { bearing: bearingWords(legs[0]?.bearingDeg ?? 0) })}</p>
          )}
          {legs.length > 1 && (
            <ol class="num measure-legs" start={from + 1}>
              {legs.slice(from).map((each, i) => (
                <li key={from + i}>
                  {t("measure.leg", { metres: fineWords(each.metres), bearing: bearingWords(each.bearingDeg) })}
                </li>
              ))}
            </ol>
          )}
          {river ? (
            <p class="num" id="measured-river">
              {t("measure.river", {
                km: river.km.toFixed(river.km < 10 ? 2 : 1),
                error: river.errorKm.toFixed(2),
                from: riverKmWords(river.name, river.from),
                to: riverKmWords(river.name, river.to),
              })}
            </p>
          ) : (
            <p class="dim">{t("measure.no_river")}</p>
          )}
        </div>
      )}
      <TypedPlace />
    </section>
  );
}

/** Metres below ten kilometres, else kilometres. */
function fineWords(metres: number): string {
  return metres < 10_000 ? t("metres", { number: Math.round(metres) }) : metresWords(metres);
}

/** The keyboard's way: a unit, a place, a kilometre or coordinates. */
function TypedPlace(): JSX.Element {
  const words = useSignal("");
  const fault = useSignal(false);
  const add = async (event: Event): Promise<void> => {
    event.preventDefault();
    const name = words.value.trim();
    if (name === "") return;
    const unit = (units.peek() ?? []).find((each) => each.last && fold(each.call_sign) === fold(name));
    const place = unit?.last
      ? { lon: unit.last.lon, lat: unit.last.lat, title: unit.call_sign }
      : await firstPlaceFor(name);
    fault.value = place === null;
    if (place === null || measuring.peek() === null) return;
    addPoint({ lon: place.lon, lat: place.lat, name: place.title });
    fitPlaces(measuring.value ?? []);
    words.value = "";
  };
  return (
    <form onSubmit={(event) => void add(event)}>
      <label for="measure-to">{t("measure.to")}</label>
      <div class="plot-line">
        <input
          id="measure-to"
          autocomplete="off"
          value={words.value}
          onInput={(event) => {
            words.value = event.currentTarget.value;
            fault.value = false;
          }}
        />
        <button class="button" type="submit">
          {t("measure.add")}
        </button>
      </div>
      {fault.value && (
        <p class="field-fault" role="alert">
          {t("search.nothing")}
        </p>
      )}
    </form>
  );
}
