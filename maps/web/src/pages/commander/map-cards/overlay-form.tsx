/** A file of one's own on the map, to look at: sectors, waypoints, a survey. Nobody else sees it. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { addOverlays, type Overlay, overlays, removeOverlays, showOverlay } from "../../../geo/overlays.ts";
import { LARGEST_FILE, lookInto, READ_ENDINGS } from "../../../session/files.ts";
import { EncodingChoice, samplesOf } from "../../../widgets/dialogs/encoding-choice.tsx";
import { Icon } from "../../../widgets/icons.tsx";
import { faultWords } from "../../../widgets/load-states.tsx";
import { t } from "../../../words/index.ts";
import { notify, phone, sheetStop } from "../desk/selection.ts";
import { fitOverlays } from "../map/map-sync.ts";

export function OverlayForm(): JSX.Element {
  const reading = useSignal<string | null>(null);
  const fault = useSignal<string | null>(null);
  const encodingQuestion = useSignal<{ file: File; samples: Readonly<Record<string, string>> } | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const stop = useRef<AbortController | null>(null);
  useEffect(() => () => stop.current?.abort(), []);
  const bring = async (file: File, encoding?: string): Promise<void> => {
    fault.value = encodingQuestion.value = null;
    if (file.size > LARGEST_FILE) {
      fault.value = t("overlay.too_large", { name: file.name, number: LARGEST_FILE / 2 ** 20 });
      return;
    }
    reading.value = file.name;
    stop.current = new AbortController();
    try {
      const brought = addOverlays(file.name, await lookInto(file, stop.current.signal, encoding));
      notify(t("overlay.shown", { name: file.name }));
      if (phone.peek()) sheetStop.value = "half";
      fitOverlays(brought);
    } catch (caught) {
      const samples = samplesOf(caught);
      if (samples !== null) encodingQuestion.value = { file, samples };
      else if (!(caught instanceof DOMException)) fault.value = `${t("overlay.failed")} ${faultWords(caught)}`;
    } finally {
      reading.value = null;
      if (field.current !== null) field.current.value = "";
    }
  };
  const files = [...new Set(overlays.value.map((each) => each.file))];
  return (
    <div class="exchange">
      <input
        ref={field}
        id="overlay-file"
        hidden
        type="file"
        accept={READ_ENDINGS}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file) void bring(file);
        }}
      />
      {reading.value === null ? (
        <button class="button wide" onClick={() => field.current?.click()}>
          <Icon name="open" />
          {t("overlay.choose")}
        </button>
      ) : (
        <div class="overlay-reading" role="status">
          <p>{t("overlay.reading", { name: reading.value })}</p>
          <button class="button" onClick={() => stop.current?.abort()}>
            {t("dialog.cancel")}
          </button>
        </div>
      )}
      {fault.value && (
        <p class="field-fault" role="alert">
          {fault.value}
        </p>
      )}
      {encodingQuestion.value && (
        <EncodingChoice
          samples={encodingQuestion.value.samples}
          choose={(encoding) => {
            if (encodingQuestion.value) void bring(encodingQuestion.value.file, encoding);
          }}
        />
      )}
      {files.length === 0 && <p class="hint">{t("overlay.hint")}</p>}
      {files.map((file) => (
        <FileCard key={file} file={file} layers={overlays.value.filter((each) => each.file === file)} />
      ))}
    </div>
  );
}

function FileCard({ file, layers }: { file: string; layers: Overlay[] }): JSX.Element {
  return (
    <section class="overlay-file" aria-label={file}>
      <header>
        <h4>{file}</h4>
        <button
          class="icon-button"
          title={t("overlay.remove", { name: file })}
          aria-label={t("overlay.remove", { name: file })}
          onClick={() => removeOverlays(file)}
        >
          <Icon name="close" />
        </button>
      </header>
      <ul class="checks">
        {layers.map((each) => (
          <li key={each.id}>
            <label>
              <input
                type="checkbox"
                checked={each.shown}
                onChange={(event) => showOverlay(each.id, event.currentTarget.checked)}
              />
              <span>
                {each.layer}
                <small>{t("overlay.features", { n: each.count })}</small>
              </span>
            </label>
            {each.faults.length > 0 && (
              <details class="overlay-faults">
                <summary>
                  {t("overlay.faults", { n: each.faults.filter((one) => one.is_left_out !== false).length })}
                </summary>
                <ul>
                  {each.faults.map((one) => (
                    <li key={one.feature}>{t("overlay.fault", { number: one.feature, fault: one.fault })}</li>
                  ))}
                </ul>
              </details>
            )}
          </li>
        ))}
      </ul>
      <button class="button" onClick={() => fitOverlays(layers)}>
        <Icon name="fit" />
        {t("overlay.fit")}
      </button>
    </section>
  );
}
