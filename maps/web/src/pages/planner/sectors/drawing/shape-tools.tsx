/** The ways to a shape: by hand on the map, a circle or a stretch by numbers, a file. */

import { signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { circle } from "../../../../geo/sector-shape.ts";
import { LARGEST_FILE, lookInto, READ_ENDINGS } from "../../../../session/files.ts";
import { EncodingChoice, samplesOf } from "../../../../widgets/dialogs/encoding-choice.tsx";
import { faultWords } from "../../../../widgets/load-states.tsx";
import { fetchJson } from "../../../../wire/calls.ts";
import { object } from "../../../../wire/parser.ts";
import type { Stretch } from "../../../../wire/sectors.ts";
import { Address } from "../../../../wire/units.ts";
import { t } from "../../../../words/index.ts";
import { plannerMap } from "../../desk/planner-map.ts";
import { draft, edit, setShape, shape } from "../draft/draft.ts";
import { fileAreas } from "../draft/file-choice.ts";
import { areasOf, type FileArea } from "../draft/file-shapes.ts";
import { MAIN_RIVER, rivers } from "../draft/store.ts";
import { areaWords, riverWords } from "../draft/words.ts";
import { type Tool, take, tool, toolState } from "./drawing.ts";
import { fitDraft } from "./sector-layers.ts";
import { PlannerIcon, type PlannerIconName } from "./tool-icons.tsx";

export type Way = Exclude<Tool, "hole"> | "stretch" | "file";
const WAYS: readonly { name: Way; letter: string }[] = [
  { name: "polygon", letter: "p" },
  { name: "rectangle", letter: "r" },
  { name: "circle", letter: "c" },
  { name: "stretch", letter: "k" },
  { name: "file", letter: "i" },
];

/** The way whose form is open; null for none. */
export const way = signal<Way | null>(null);

/** Opens the form of a way, and takes its tool in hand where it has one. */
export function choose(wanted: Way): void {
  way.value = wanted;
  fileAreas.value = null;
  if (wanted === "stretch" || wanted === "file") {
    if (tool.peek() !== null) take(null);
    if (wanted === "stretch" && shape.peek()?.kind !== "stretch") void beginStretch();
  } else take(wanted);
}

/** Kilometres to begin with: those of the river at the middle of the map, once the server has told them. */
async function beginStretch(): Promise<void> {
  setShape({ kind: "stretch", stretch: { river: MAIN_RIVER, km_from: 2350, km_to: 2360, width_m: 2000 } });
  const first = shape.peek();
  try {
    const { lng, lat } = (await plannerMap).getCenter();
    const { address } = await fetchJson(
      `/api/address?${new URLSearchParams({ lon: String(lng), lat: String(lat) })}`,
      object({
        address: Address,
      }),
    );
    // Whoever has typed meanwhile knows better.
    if (address.river === undefined || address.km === undefined || shape.peek() !== first) return;
    const km = Math.round(address.km);
    setShape(
      {
        kind: "stretch",
        stretch: { river: address.river, km_from: Math.max(0, km - 2), km_to: km + 2, width_m: 2000 },
      },
      true,
    );
  } catch {
    // The numbers to begin with are as good.
  }
}

export function ShapeTools(): JSX.Element {
  const kind = shape.value?.kind;
  const open = way.value ?? (kind === "stretch" ? "stretch" : null);
  const canCut = shape.value?.kind === "polygon" && (shape.value.rings[0]?.length ?? 0) >= 3;
  return (
    <fieldset class="shape-tools">
      <legend>{t("sector.shape")}</legend>
      <div class="ways">
        {WAYS.map(({ name, letter }) => (
          <WayButton
            key={name}
            icon={name}
            words={t(`sector.way_${name}`)}
            letter={letter}
            pressed={open === name || tool.value === name}
            off={toolState.value !== "ready" && name !== "stretch" && name !== "file"}
            act={() => choose(name)}
          />
        ))}
        {canCut && (
          <WayButton
            icon="hole"
            words={t("sector.way_hole")}
            letter="h"
            pressed={tool.value === "hole"}
            off={toolState.value !== "ready"}
            act={() => take("hole")}
          />
        )}
      </div>
      {open === "circle" && <CircleForm />}
      {shape.value?.kind === "stretch" && open === "stretch" && <StretchForm stretch={shape.value.stretch} />}
      {open === "file" && <FileForm />}
    </fieldset>
  );
}

function WayButton({
  icon,
  words,
  letter,
  pressed,
  off,
  act,
}: {
  icon: PlannerIconName;
  words: string;
  letter: string;
  pressed: boolean;
  off: boolean;
  act: () => void;
}): JSX.Element {
  return (
    <button
      class="way"
      type="button"
      disabled={off}
      aria-pressed={pressed}
      title={t("key.tip", { words, key: letter })}
      onClick={act}
    >
      <PlannerIcon name={icon} />
      <span>{words}</span>
    </button>
  );
}

/** A circle by numbers, for who does not draw with a pointer. */
function CircleForm(): JSX.Element {
  const lat = useSignal("");
  const lon = useSignal("");
  const radius = useSignal("1000");
  const bad = useSignal(false);
  const middle = async (): Promise<void> => {
    const { lng, lat: north } = (await plannerMap).getCenter();
    lat.value = north.toFixed(6);
    lon.value = lng.toFixed(6);
  };
  const make = (): void => {
    const [y, x, metres] = [lat, lon, radius].map((each) =>
      each.value.trim() === "" ? NaN : Number(each.value.replace(",", ".")),
    );
    bad.value = !(
      Math.abs(y ?? NaN) <= 89 &&
      Math.abs(x ?? NaN) <= 180 &&
      (metres ?? 0) >= 10 &&
      (metres ?? 0) <= 500_000
    );
    if (bad.value) return;
    take(null);
    setShape({ kind: "polygon", rings: [circle([x ?? 0, y ?? 0], metres ?? 0)] });
    fitDraft();
  };
  return (
    <div class="way-form">
      <p class="hint">{t("sector.circle_how")}</p>
      <div class="three">
        <NumberField id="circle-lat" words={t("sector.latitude")} value={lat} />
        <NumberField id="circle-lon" words={t("sector.longitude")} value={lon} />
        <NumberField id="circle-radius" words={t("sector.radius")} value={radius} />
      </div>
      {bad.value && (
        <p class="field-fault" role="alert">
          {t("sector.circle_bad")}
        </p>
      )}
      <div class="actions flat">
        <button class="button" type="button" onClick={() => void middle()}>
          {t("sector.map_middle")}
        </button>
        <button class="button" type="button" onClick={make}>
          {t("sector.circle_make")}
        </button>
      </div>
    </div>
  );
}

function NumberField({ id, words, value }: { id: string; words: string; value: { value: string } }): JSX.Element {
  return (
    <div>
      <label for={id}>{words}</label>
      <input
        id={id}
        inputMode="decimal"
        autocomplete="off"
        value={value.value}
        onInput={(event) => {
          value.value = event.currentTarget.value;
        }}
      />
    </div>
  );
}

/** Kilometres of a river and a width: the corridor is drawn as the numbers are typed. */
function StretchForm({ stretch }: { stretch: Stretch }): JSX.Element {
  // From what stands now, not from what was drawn last: two fields may be filled between two drawings of the form.
  const put = (some: Partial<Stretch>): void => {
    const now = shape.peek();
    setShape({ kind: "stretch", stretch: { ...(now?.kind === "stretch" ? now.stretch : stretch), ...some } }, true);
  };
  const known = rivers.value.includes(stretch.river) ? rivers.value : [stretch.river, ...rivers.value];
  return (
    <div class="way-form">
      <label for="stretch-river">{t("sector.river")}</label>
      <select id="stretch-river" value={stretch.river} onChange={(event) => put({ river: event.currentTarget.value })}>
        {known.map((each) => (
          <option key={each} value={each}>
            {riverWords(each)}
          </option>
        ))}
      </select>
      <div class="three">
        <StretchField
          id="stretch-from"
          words={t("sector.km_from")}
          value={stretch.km_from}
          put={(n) => put({ km_from: n })}
        />
        <StretchField id="stretch-to" words={t("sector.km_to")} value={stretch.km_to} put={(n) => put({ km_to: n })} />
        <StretchField
          id="stretch-width"
          words={t("sector.width")}
          value={stretch.width_m}
          put={(n) => put({ width_m: n })}
        />
      </div>
      <div class="actions flat">
        <button class="button" type="button" onClick={fitDraft}>
          {t("sector.show_stretch")}
        </button>
      </div>
    </div>
  );
}

function StretchField({
  id,
  words,
  value,
  put,
}: {
  id: string;
  words: string;
  value: number;
  put: (n: number) => void;
}): JSX.Element {
  const typed = useSignal<string | null>(null);
  const take = (text: string): void => {
    typed.value = text;
    const n = Number(text.replace(",", "."));
    if (text.trim() !== "" && Number.isFinite(n) && Math.abs(n) <= 1e6) put(n);
  };
  return (
    <div>
      <label for={id}>{words}</label>
      <input
        id={id}
        inputMode="decimal"
        autocomplete="off"
        value={typed.value ?? String(value)}
        onInput={(event) => take(event.currentTarget.value)}
        onBlur={() => {
          typed.value = null;
        }}
      />
    </div>
  );
}

/** A file of which one area becomes the shape. */
function FileForm(): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  const reading = useSignal<string | null>(null);
  const fault = useSignal<string | null>(null);
  const left = useSignal<string[]>([]);
  const leftOut = useSignal(0);
  const encodingQuestion = useSignal<{ file: File; samples: Readonly<Record<string, string>> } | null>(null);
  const stop = useRef<AbortController | null>(null);
  const bring = async (file: File, encoding?: string): Promise<void> => {
    fault.value = encodingQuestion.value = null;
    left.value = [];
    fileAreas.value = null;
    if (file.size > LARGEST_FILE) {
      fault.value = t("sector.file_large", { name: file.name, number: LARGEST_FILE / 2 ** 20 });
      return;
    }
    reading.value = file.name;
    stop.current = new AbortController();
    try {
      const preview = await lookInto(file, stop.current.signal, encoding);
      leftOut.value = preview.layers.flatMap((layer) =>
        layer.faults.filter((each) => each.is_left_out !== false),
      ).length;
      left.value = preview.layers.flatMap((layer) =>
        layer.faults.map((each) => t("sector.file_left", { number: each.feature, fault: each.fault })),
      );
      const found = areasOf(preview);
      fileAreas.value = found;
      if (found.length === 1 && found[0] !== undefined && found[0].from !== "mended") use(found[0]);
    } catch (caught) {
      const samples = samplesOf(caught);
      if (samples !== null) encodingQuestion.value = { file, samples };
      else if (!(caught instanceof DOMException && caught.name === "AbortError"))
        fault.value = `${t("sector.file_failed")} ${faultWords(caught)}`;
    } finally {
      reading.value = null;
      if (field.current !== null) field.current.value = "";
    }
  };
  const use = (area: FileArea): void => {
    setShape({ kind: "polygon", rings: area.rings });
    if (draft.peek()?.name === "" && area.name !== "") edit({ name: area.name });
    fitDraft();
  };
  return (
    <div class="way-form">
      <input
        ref={field}
        id="sector-file"
        hidden
        type="file"
        accept={READ_ENDINGS}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file) void bring(file);
        }}
      />
      {reading.value === null ? (
        <button class="button wide" type="button" onClick={() => field.current?.click()}>
          {t("sector.file_choose")}
        </button>
      ) : (
        <div role="status">
          <p>{t("sector.file_reading", { name: reading.value })}</p>
          <button class="button" type="button" onClick={() => stop.current?.abort()}>
            {t("dialog.cancel")}
          </button>
        </div>
      )}
      <p class="hint">{t("sector.file_hint")}</p>
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
      {left.value.length > 0 && (
        <details>
          <summary>{t("sector.file_lefts", { n: leftOut.value })}</summary>
          <ul>
            {left.value.map((each) => (
              <li key={each}>{each}</li>
            ))}
          </ul>
        </details>
      )}
      {fileAreas.value !== null && fileAreas.value.length === 0 && (
        <p class="field-fault" role="alert">
          {t("sector.file_none")}
        </p>
      )}
      {(fileAreas.value ?? []).length > 0 && (
        <>
          <p>
            <b>{t("sector.file_which")}</b>
          </p>
          <ul class="file-areas">
            {(fileAreas.value ?? []).map((area) => (
              <li key={area.id}>
                <button class="button wide" type="button" onClick={() => use(area)}>
                  <span>{area.name || area.layer}</span>
                  <span class="dim num">{t(`sector.file_${area.from}`, { area: areaWords(area.km2) })}</span>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
