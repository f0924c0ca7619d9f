/** An incident: what happened, what was seized, photos. */
import { signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { newId } from "../../phone/database.ts";
import { keepOriginal } from "../../phone/originals.ts";
import { smaller } from "../../phone/photo.ts";
import { CATEGORIES, type Category, type Incident, UNITS_OF } from "../../phone/reports.ts";
import { isoTime } from "../../phone/server-clock.ts";
import { Icon } from "../../widgets/icons.tsx";
import { t } from "../../words/index.ts";
import { opened, patrolNow, report } from "./outbox/crew.ts";
import { draftPhoto, dropPhoto, keepPhoto } from "./outbox/outbox.ts";
import { placeNow } from "./outbox/position.ts";
import { change, draft, EMPTY, field } from "./outbox/report-draft.ts";

const MOST_PHOTOS = 6;
const OLDEST_PLACE_MS = 10 * 60_000;

/** Photos that are being made ready: the incident waits for them. */
const readying = signal(0);

export function IncidentForm(): JSX.Element {
  const busy = useSignal(false);
  const fault = useSignal("");
  const missing = useSignal(false);
  const now = draft.value;
  const units = now.category === "" ? [] : UNITS_OF[now.category];
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    missing.value = now.category === "";
    if (missing.value) {
      document.getElementById("category")?.focus();
      return;
    }
    busy.value = true;
    fault.value = "";
    try {
      const place = await placeNow(4000, OLDEST_PLACE_MS);
      const patrol = patrolNow();
      await allReady();
      const incident = incidentNow(); // as it stands now: a photo may have come while the place was looked for
      const keptId = await report(
        {
          kind: "incident",
          ...incident,
          ...(place ? { lon: place.lon, lat: place.lat } : {}),
          ...(patrol === null ? {} : { patrol }),
        },
        { photos: incident.photos ?? [] },
      );
      draft.value = { ...EMPTY, kind: "incident", kept: "incident", keptId };
    } catch {
      fault.value = t("crew.storage.broken");
    } finally {
      busy.value = false;
    }
  };
  return (
    <form class="card" onSubmit={(event) => void submit(event)}>
      <label for="category">{t("crew.incident.category")}</label>
      <select
        id="category"
        aria-required="true"
        aria-invalid={missing.value}
        aria-describedby="category-fault"
        value={now.category}
        onInput={(event) => {
          missing.value = false;
          change({ category: event.currentTarget.value as Category, unit: "" });
        }}
      >
        <option value="">{t("crew.choose")}</option>
        {CATEGORIES.map((each) => (
          <option key={each} value={each}>
            {t(`category.${each}`)}
          </option>
        ))}
      </select>
      <p id="category-fault" class="field-fault" role="alert">
        {missing.value ? t("crew.incident.missing") : ""}
      </p>
      <label for="narrative">{t("crew.incident.narrative")}</label>
      <textarea id="narrative" rows={4} maxLength={10_000} {...field("narrative")} />
      <Photos />
      <details>
        <summary class="big">{t("crew.incident.more")}</summary>
        <label for="what">{t("crew.incident.seized")}</label>
        <input id="what" maxLength={100} {...field("what")} />
        <div class="pair">
          <div>
            <label for="amount">{t("crew.incident.amount")}</label>
            <input
              id="amount"
              type="number"
              inputMode="decimal"
              min={0}
              step="any"
              required={now.what !== ""}
              {...field("amount")}
            />
          </div>
          <div>
            <label for="unit">{t("crew.incident.unit")}</label>
            <select id="unit" required={now.what !== ""} {...field("unit")}>
              <option value="">{t("crew.choose")}</option>
              {units.map((each) => (
                <option key={each} value={each}>
                  {t(`crew.unit.${each}` as "crew.unit.kg")}
                </option>
              ))}
            </select>
          </div>
        </div>
        <div class="pair">
          <div>
            <label for="arrested">{t("crew.incident.arrested")}</label>
            <input id="arrested" type="number" inputMode="numeric" min={0} max={10_000} {...field("arrested")} />
          </div>
          <div>
            <label for="found">{t("crew.incident.found")}</label>
            <input id="found" type="number" inputMode="numeric" min={0} max={10_000} {...field("found")} />
          </div>
        </div>
      </details>
      <p class="field-fault" role="alert">
        {fault.value}
      </p>
      <button class="big wide primary" disabled={busy.value || readying.value > 0}>
        {t(busy.value || readying.value > 0 ? "crew.report.busy" : "crew.incident.send")}
      </button>
      <p class="dim">{t("crew.report.place")}</p>
    </form>
  );
}

/** Resolves once no photo is being made ready. */
function allReady(): Promise<void> {
  return new Promise((resolve) => {
    const stop = readying.subscribe((some) => {
      if (some > 0) return;
      resolve();
      queueMicrotask(() => stop());
    });
  });
}

function incidentNow(): Incident {
  const now = draft.peek();
  const [arrested, found] = [Number(now.arrested), Number(now.found)];
  return {
    category: now.category as Category,
    when: isoTime(),
    ...(now.narrative.trim() === "" ? {} : { narrative: now.narrative.trim() }),
    ...(now.what.trim() === ""
      ? {}
      : { seizures: [{ what: now.what.trim(), amount: Number(now.amount), unit: now.unit }] }),
    ...(arrested > 0 ? { arrested: [{ count: arrested }] } : {}),
    ...(found > 0 ? { people_found: found } : {}),
    ...(now.photos.length > 0 ? { photos: now.photos } : {}),
  };
}

function Photos(): JSX.Element {
  const fault = useSignal("");
  const ids = draft.value.photos;
  const add = async (input: HTMLInputElement): Promise<void> => {
    const who = opened.peek();
    fault.value = "";
    readying.value += 1;
    for (const file of [...(input.files ?? [])].slice(0, MOST_PHOTOS - draft.peek().photos.length)) {
      try {
        if (who === null) break;
        const id = newId();
        await keepPhoto(id, await smaller(file), "image/jpeg", who);
        await keepOriginal(id, file, who);
        if (opened.peek() === who) change({ photos: [...draft.peek().photos, id] });
        else await dropPhoto(id); // the page was locked meanwhile: the form is nobody's
      } catch (caught) {
        fault.value = t(
          caught instanceof DOMException && caught.name === "QuotaExceededError"
            ? "crew.storage.broken"
            : "crew.photo.unreadable",
        );
      }
    }
    readying.value -= 1;
    input.value = "";
  };
  return (
    <div class="photos">
      {ids.map((id) => (
        <Photo key={id} id={id} />
      ))}
      {ids.length < MOST_PHOTOS && (
        <label class="big" for="photo">
          <Icon name="plus" /> {t("crew.photo.add")}
          <input
            id="photo"
            class="hidden"
            type="file"
            accept="image/*"
            capture="environment"
            onChange={(event) => void add(event.currentTarget)}
          />
        </label>
      )}
      {fault.value !== "" && (
        <p class="field-fault" role="alert">
          {fault.value}
        </p>
      )}
    </div>
  );
}

function Photo({ id }: { id: string }): JSX.Element {
  const url = useSignal("");
  useEffect(() => {
    const who = opened.peek();
    if (who !== null) {
      void draftPhoto(id, who).then((found) => {
        if (found !== null) url.value = URL.createObjectURL(found);
      });
    }
    return () => URL.revokeObjectURL(url.peek());
  }, [id]);
  return (
    <figure>
      {url.value !== "" && <img src={url.value} alt={t("crew.photo.of")} />}
      <button
        type="button"
        class="big"
        aria-label={t("crew.photo.remove")}
        onClick={() => {
          change({ photos: draft.peek().photos.filter((each) => each !== id) });
          void dropPhoto(id);
        }}
      >
        <Icon name="close" />
      </button>
    </figure>
  );
}
