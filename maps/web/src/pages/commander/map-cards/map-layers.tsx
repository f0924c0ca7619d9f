/** What the map shows, what its signs mean, and where its lines come from. */
import type { ComponentChildren, JSX } from "preact";
import {
  COORDINATE_FORMATS,
  coordinateFormat,
  hiddenLayers,
  PALETTES,
  palette,
  plainDrawing,
} from "../../../browser/preferences.ts";
import { metresWords } from "../../../geo/place-words.ts";
import { LAYERS } from "../../../layers/index.ts";
import { TOGGLES, type Toggle as ToggleName } from "../../../layers/layer.ts";
import { TRACKS_UP_TO } from "../../../live/picture.ts";
import { everyone, tracksFailed } from "../../../live/signals.ts";
import { MarkIcon } from "../../../symbols/mark-icon.tsx";
import { SIDES } from "../../../symbols/marks.ts";
import { tip } from "../../../widgets/tip.ts";
import type { UnitState } from "../../../wire/units.ts";
import { t } from "../../../words/index.ts";
import { basemapInfo, brokenLayers, layerInfos } from "../desk/selection.ts";
import { HistoryForm } from "./history-form.tsx";
import { LayerExport, ReadingAccess } from "./layer-export.tsx";
import { MarkList } from "./mark-card.tsx";
import { OverlayForm } from "./overlay-form.tsx";

type Look = Pick<UnitState, "kind" | "country" | "liveness">;
const SHAPES: [Look, "kind.boat"][] = (["boat", "vehicle", "foot", "handheld", "fixed"] as const).map((kind) => [
  { kind, country: "LA", liveness: "live" },
  `kind.${kind}` as "kind.boat",
]);

export function MapLayers(): JSX.Element {
  return (
    <section class="panel" aria-labelledby="map-title">
      <header class="panel-head">
        <h2 id="map-title">{t("layers.title")}</h2>
      </header>
      <div class="scroll padded">
        <h3>{t("palette.title")}</h3>
        <div class="segments" role="group" aria-label={t("palette.title")}>
          {PALETTES.map((name) => (
            <button
              key={name}
              aria-pressed={palette.value === name}
              onClick={() => {
                palette.value = name;
              }}
            >
              {t(`palette.${name}`)}
            </button>
          ))}
        </div>
        <h3>{t("coordinates.title")}</h3>
        <div class="segments" role="group" aria-label={t("coordinates.title")}>
          {COORDINATE_FORMATS.map((name) => (
            <button
              key={name}
              aria-pressed={coordinateFormat.value === name}
              title={tip(t("key.coordinates"), "d")}
              onClick={() => {
                coordinateFormat.value = name;
              }}
            >
              {t(`coordinates.${name}`)}
            </button>
          ))}
        </div>
        <h3>{t("layers.shown")}</h3>
        <ul class="checks">
          {TOGGLES.filter((name) => name !== "basemap" || basemapInfo.value !== null).map((name) => (
            <Toggle key={name} name={name} />
          ))}
          <li>
            <label>
              <input
                type="checkbox"
                checked={plainDrawing.value}
                onChange={(event) => {
                  plainDrawing.value = event.currentTarget.checked;
                }}
              />
              <span>
                {t("layers.plain")}
                <small>{t("layers.plain_why")}</small>
              </span>
            </label>
          </li>
        </ul>
        <h3>{t("mark.heading")}</h3>
        <MarkList />
        <h3>{t("history.heading")}</h3>
        <HistoryForm />
        <h3>{t("overlay.title")}</h3>
        <OverlayForm />
        <h3>{t("layers.export")}</h3>
        <LayerExport />
        <h3>{t("qgis.title")}</h3>
        <ReadingAccess />
        <h3>{t("legend.title")}</h3>
        <ul class="legend">
          {SHAPES.map(([look, words]) => (
            <li key={words}>
              <MarkIcon unit={look} />
              {t(words)}
            </li>
          ))}
          <li>
            <MarkIcon unit={{ liveness: "live" }} />
            {t("unknown.one")}
          </li>
        </ul>
        <ul class="legend">
          {SIDES.map((country) => (
            <li key={country}>
              <MarkIcon unit={{ kind: "foot", country, liveness: "live" }} />
              {t(`country.${country}`)}
            </li>
          ))}
        </ul>
        <ul class="legend wide">
          <li>
            <MarkIcon unit={{ kind: "boat", country: "TH", liveness: "live" }} />
            {t("legend.live")}
          </li>
          <li>
            <MarkIcon unit={{ kind: "boat", country: "TH", liveness: "late" }} />
            {t("legend.late")}
          </li>
          <li>
            <MarkIcon unit={{ kind: "boat", country: "TH", liveness: "lost" }} />
            {t("legend.lost")}
          </li>
        </ul>
        <ul class="legend wide">
          <li>
            <Ring>
              <path d={RAYS} />
              <circle cx="23" cy="23" r="12" />
              <circle cx="23" cy="23" r="15.500" />
            </Ring>
            {t("legend.sos")}
          </li>
          <li>
            <Ring>
              <circle cx="23" cy="23" r="13" />
              <circle cx="23" cy="23" r="17" />
            </Ring>
            {t("legend.high")}
          </li>
          <li>
            <Ring>
              <circle cx="23" cy="23" r="14" />
            </Ring>
            {t("legend.medium")}
          </li>
          <li>
            <Ring>
              <circle class="dot" cx="34" cy="12" r="4" />
            </Ring>
            {t("legend.low")}
          </li>
        </ul>
        <p class="hint">{t("legend.crowd")}</p>
        <p class="hint">{t("legend.border")}</p>
        <h3>{t("layers.sources")}</h3>
        <dl class="sources">
          {[...layerInfos.value.values()].map((info) => (
            <div key={info.name}>
              <dt>{info.title}</dt>
              <dd>
                {info.attribution || info.licence || ""}
                {info.error_m ? ` · ± ${metresWords(info.error_m)}` : ""}
              </dd>
            </div>
          ))}
        </dl>
        <p class="hint">
          <a href="/licenses.txt">{t("layers.licences")}</a>
        </p>
      </div>
    </section>
  );
}

/** The rays of a call for help, from the ring outward. */
const RAYS = Array.from({ length: 8 }, (_, i) => (i * Math.PI) / 4)
  .map(
    (angle) =>
      `M${23 + 17.5 * Math.sin(angle)} ${23 + 17.5 * Math.cos(angle)}L${23 + 21.5 * Math.sin(angle)} ${23 + 21.5 * Math.cos(angle)}`,
  )
  .join("");

function Ring({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <svg class="ring" viewBox="0 0 46 46" aria-hidden="true">
      <circle class="body" cx="23" cy="23" r="7" />
      {children}
    </svg>
  );
}

function Toggle({ name }: { name: ToggleName }): JSX.Element {
  const isShown = !hiddenLayers.value.includes(name);
  const broken =
    name === "tracks"
      ? tracksFailed.value
      : LAYERS.some((layer) => layer.toggle === name && layer.needs.some((need) => brokenLayers.value.has(need)));
  const turn = (): void => {
    hiddenLayers.value = isShown ? [...hiddenLayers.value, name] : hiddenLayers.value.filter((each) => each !== name);
  };
  return (
    <li>
      <label>
        <input type="checkbox" checked={isShown} onChange={turn} />
        <span>
          {t(`layer.${name}`)}
          {name === "tracks" && (everyone.value?.length ?? 0) > TRACKS_UP_TO && (
            <small>{t("layers.tracks_many")}</small>
          )}
          {broken && <small class="fault">{t("layers.broken")}</small>}
        </span>
      </label>
    </li>
  );
}
