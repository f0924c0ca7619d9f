/** A target that was seen: a known one or a new one, from here so far on a bearing. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { placeAt } from "../../phone/report-interval.ts";
import { type Sighting, TARGET_KINDS } from "../../phone/reports.ts";
import { readTargets } from "../../phone/server.ts";
import { isoTime } from "../../phone/server-clock.ts";
import { t } from "../../words/index.ts";
import { crew, opened, patrolNow, report } from "./outbox/crew.ts";
import { placeNow } from "./outbox/position.ts";
import { change, draft, EMPTY, field } from "./outbox/report-draft.ts";

const OLDEST_PLACE_MS = 2 * 60_000;
const PLACES = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"] as const;
const DISTANCES = [50, 100, 200, 500, 1000, 2000] as const;

export function SightingForm(): JSX.Element {
  const busy = useSignal(false);
  const fault = useSignal("");
  const targets = useSignal<readonly { id: string; name: string }[]>([]);
  const now = draft.value;
  useEffect(() => {
    const [who, told] = [opened.peek(), crew.peek()];
    if (who === null || told === null || !navigator.onLine) return;
    readTargets(told.agency, who.key).then(
      (found) => {
        targets.value = found;
      },
      () => undefined,
    );
  }, []);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    busy.value = true;
    fault.value = "";
    try {
      const content = await sighting();
      if (content === null) {
        fault.value = t("crew.sighting.no_place");
        return;
      }
      const keptId = await report({ kind: "sighting", ...content });
      draft.value = { ...EMPTY, kind: "sighting", kept: "sighting", keptId };
    } catch {
      fault.value = t("crew.storage.broken");
    } finally {
      busy.value = false;
    }
  };
  return (
    <form class="card" onSubmit={(event) => void submit(event)}>
      {targets.value.length > 0 && (
        <>
          <label for="target">{t("crew.sighting.target")}</label>
          <select id="target" {...field("target")}>
            <option value="">{t("crew.sighting.new")}</option>
            {targets.value.map((each) => (
              <option key={each.id} value={each.id}>
                {each.name}
              </option>
            ))}
          </select>
        </>
      )}
      {now.target === "" && (
        <>
          <div class="triple" role="group" aria-label={t("crew.sighting.what")}>
            {TARGET_KINDS.map((each) => (
              <button
                key={each}
                type="button"
                class="big"
                aria-pressed={now.seen === each}
                onClick={() => change({ seen: each })}
              >
                {t(`crew.target.${each}`)}
              </button>
            ))}
          </div>
          <label for="name">{t("crew.sighting.name")}</label>
          <input id="name" required maxLength={100} {...field("name")} />
        </>
      )}
      <div class="pair">
        <div>
          <label for="metres">{t("crew.sighting.distance")}</label>
          <select id="metres" {...field("metres")}>
            <option value="">{t("crew.sighting.beside")}</option>
            {DISTANCES.map((each) => (
              <option key={each} value={each}>
                {each < 1000 ? t("metres", { number: each }) : t("metres.km", { number: each / 1000 })}
              </option>
            ))}
          </select>
        </div>
        <div>
          <label for="bearing">{t("crew.sighting.bearing")}</label>
          <Compass name="bearing" required={now.metres !== ""} />
        </div>
      </div>
      <label for="course">{t("crew.sighting.course")}</label>
      <Compass name="course" required={false} />
      <label for="note">{t("crew.sighting.note")}</label>
      <textarea id="note" rows={2} maxLength={2000} {...field("note")} />
      <p class="field-fault" role="alert">
        {fault.value}
      </p>
      <button class="big wide primary" disabled={busy.value}>
        {t(busy.value ? "crew.report.busy" : "crew.sighting.send")}
      </button>
    </form>
  );
}

function Compass({ name, required }: { name: "bearing" | "course"; required: boolean }): JSX.Element {
  return (
    <select id={name} required={required} {...field(name)}>
      <option value="">{t("crew.sighting.unknown")}</option>
      {PLACES.map((each, i) => (
        <option key={each} value={i * 45}>
          {t(`crew.compass.${each}`)}
        </option>
      ))}
    </select>
  );
}

/** Where it was seen; null when this phone does not know where it is itself. */
async function sighting(): Promise<Sighting | null> {
  const here = await placeNow(6000, OLDEST_PLACE_MS);
  if (here === null) return null;
  const now = draft.peek();
  const metres = Number(now.metres);
  const place = metres > 0 ? placeAt(here, metres, Number(now.bearing)) : here;
  const patrol = patrolNow();
  const what =
    now.target === ""
      ? { what: now.seen, name: now.name.trim(), ...(patrol === null ? {} : { patrol }) }
      : { target: now.target };
  return {
    ...what,
    sighting: {
      lon: place.lon,
      lat: place.lat,
      at: isoTime(),
      // By eye a distance is good to a fifth, and an eighth of the compass to as much.
      accuracy_m: Math.min(100_000, Math.round((here.accuracy_m ?? 50) + metres * 0.4)),
      ...(now.course === "" ? {} : { course_deg: Number(now.course) }),
      ...(now.note.trim() === "" ? {} : { note: now.note.trim() }),
    },
  };
}
