/** A reference layer as a file, and all of it in QGIS or GDAL with a token that only reads. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { type FormatName, layerAddress, save } from "../../../session/files.ts";
import { FormatChoice } from "../../../widgets/format-choice.tsx";
import { faultWords } from "../../../widgets/load-states.tsx";
import { call } from "../../../wire/calls.ts";
import { ReadingToken } from "../../../wire/session.ts";
import { t } from "../../../words/index.ts";
import { layerInfos, notify } from "../desk/selection.ts";

export function LayerExport(): JSX.Element {
  const name = useSignal("");
  const format = useSignal<FormatName>("gpkg");
  const busy = useSignal(false);
  const fault = useSignal<string | null>(null);
  const infos = [...layerInfos.value.values()];
  const chosen = name.value || infos[0]?.name || "";
  const keep = async (event: Event): Promise<void> => {
    event.preventDefault();
    busy.value = true;
    fault.value = null;
    try {
      await save(layerAddress(chosen, format.value));
      notify(t("layers.saved", { name: layerInfos.peek().get(chosen)?.title ?? chosen }));
    } catch (caught) {
      fault.value = `${t("track.not_saved")} ${faultWords(caught)}`;
    } finally {
      busy.value = false;
    }
  };
  return (
    <form class="exchange" onSubmit={(event) => void keep(event)}>
      <div class="pair">
        <div>
          <label for="layer-name">{t("layers.layer")}</label>
          <select
            id="layer-name"
            value={chosen}
            onChange={(event) => {
              name.value = event.currentTarget.value;
            }}
          >
            {infos.map((info) => (
              <option key={info.name} value={info.name}>
                {info.title}
              </option>
            ))}
          </select>
        </div>
        <div>
          <label for="layer-format">{t("format.title")}</label>
          <FormatChoice id="layer-format" value={format} />
        </div>
      </div>
      <button class="button wide" type="submit" disabled={busy.value || chosen === ""}>
        {t(busy.value ? "track.saving" : "track.save")}
      </button>
      {fault.value && (
        <p class="field-fault" role="alert">
          {fault.value}
        </p>
      )}
    </form>
  );
}

export function ReadingAccess(): JSX.Element {
  const token = useSignal<ReadingToken | null>(null);
  const fault = useSignal<string | null>(null);
  const make = async (): Promise<void> => {
    fault.value = null;
    try {
      token.value = await call("POST", "/api/session/reading-token", ReadingToken, { days: 90 });
    } catch (caught) {
      fault.value = `${t("qgis.failed")} ${faultWords(caught)}`;
    }
  };
  return (
    <div class="exchange">
      <p class="hint">{t("qgis.how")}</p>
      <dl class="facts-plain">
        <div>
          <dt>{t("qgis.address")}</dt>
          <dd>
            <code>{new URL("/api/ogc", location.href).href}</code>
          </dd>
        </div>
        {token.value !== null && (
          <>
            <div>
              <dt>{t("qgis.user")}</dt>
              <dd>
                <code>{token.value.user}</code>
              </dd>
            </div>
            <div>
              <dt>{t("qgis.token")}</dt>
              <dd>
                <code>{token.value.token}</code>
              </dd>
            </div>
            <div>
              <dt>{t("qgis.until")}</dt>
              <dd class="num">{token.value.expires_at.slice(0, 10)}</dd>
            </div>
          </>
        )}
      </dl>
      {token.value === null ? (
        <button class="button wide" onClick={() => void make()}>
          {t("qgis.make")}
        </button>
      ) : (
        <p class="hint" role="status">
          {t("qgis.once")}
        </p>
      )}
      {fault.value && (
        <p class="field-fault" role="alert">
          {fault.value}
        </p>
      )}
    </div>
  );
}
