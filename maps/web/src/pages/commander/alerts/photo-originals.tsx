/** What is known of the camera's own files of an incident's photos: for the own agency, beside the clean pictures. */

import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { coordinateFormat } from "../../../browser/preferences.ts";
import { coordinateWords } from "../../../geo/coordinates.ts";
import { leg } from "../../../geo/geodesy.ts";
import { metresWords } from "../../../geo/place-words.ts";
import { now } from "../../../session/clock.ts";
import { session, timeZone } from "../../../session/session.ts";
import { ageWords, minuteWords } from "../../../session/times.ts";
import { Original } from "../../../wire/administration.ts";
import { fetchJson } from "../../../wire/calls.ts";
import type { Incident } from "../../../wire/documents.ts";
import { listOf } from "../../../wire/parser.ts";
import { t } from "../../../words/index.ts";

/** Digits of a hash that a card has room for. */
const SHORT = 12;
/** What was asked for is asked again after this: a phone sends its originals when it has a good link, ms. */
const AGAIN_MS = 60_000;
/** The camera tells of another time or place than the report: somebody should look. */
const FAR_S = 3600;
const FAR_M = 1000;

const known = signal<ReadonlyMap<string, readonly Original[]>>(new Map());
const askedAt = new Map<string, number>();

async function load(photo: string): Promise<void> {
  if (performance.now() - (askedAt.get(photo) ?? -Infinity) < AGAIN_MS || (known.peek().get(photo)?.length ?? 0) > 0)
    return;
  askedAt.set(photo, performance.now());
  try {
    const found = await fetchJson(`/api/photos/${photo}/originals`, listOf(Original));
    known.value = new Map(known.peek()).set(photo, found);
  } catch {
    askedAt.delete(photo); // nothing is said of what nobody knows
  }
}

/**
 * One line for each original of some photos of an incident, with the first digits of its hash or `whole`; nothing for
 * another agency's.
 */
export function PhotoOriginals({
  incident,
  photos,
  whole = false,
}: {
  incident: Incident;
  photos: readonly string[];
  whole?: boolean;
}): JSX.Element | null {
  const own = session.value?.agency.id === incident.agency;
  const all = photos.join(" ");
  useEffect(() => {
    if (own) for (const photo of all.split(" ").filter(Boolean)) void load(photo);
  }, [own, all, Math.floor(now.value / AGAIN_MS)]);
  if (!own) return null;
  const lines = photos.flatMap((photo) => {
    const found = known.value.get(photo);
    if (found === undefined) return [];
    if (found.length === 0) return [<li key={photo}>{t("incident.original.none")}</li>];
    return found.map((each) => <Line key={photo + each.sha256} original={each} incident={incident} whole={whole} />);
  });
  return lines.length === 0 ? null : <ul class="originals hint">{lines}</ul>;
}

function Line({ original, incident, whole }: { original: Original; incident: Incident; whole: boolean }): JSX.Element {
  const hash = whole ? original.sha256 : `${original.sha256.slice(0, SHORT)}…`;
  return (
    <li>
      <span class="break" title={original.sha256}>
        {t("incident.original.hash", { hash })}
      </span>{" "}
      {cameraWords(original)}
      {differences(original, incident).map(({ words, far }, n) => (
        <b key={words} class={far ? "field-fault" : ""}>
          {n === 0 ? " " : ", "}
          {words}
        </b>
      ))}
    </li>
  );
}

/** What the camera says of time and place. */
function cameraWords({ lon, lat, taken_at, taken_local }: Original): string {
  const time =
    taken_at !== undefined
      ? minuteWords(Date.parse(taken_at), now.value, timeZone.value)
      : taken_local?.slice(0, 16).replace("T", " ");
  const place = lon === undefined || lat === undefined ? undefined : coordinateWords(lon, lat, coordinateFormat.value);
  const parts = [time, place].filter((each) => each !== undefined);
  if (parts.length === 0) return t("incident.original.silent");
  const words = t("incident.original.camera", { told: parts.join(", ") });
  return taken_at === undefined && taken_local !== undefined ? `${words} ${t("incident.original.no_zone")}` : words;
}

/** How far the camera's time and place are from the report's, as far as both are known to the minute or as a place. */
export function differences(
  { lon, lat, taken_at }: Original,
  incident: Pick<Incident, "happened_at" | "precision" | "lon" | "lat">,
): { words: string; far: boolean }[] {
  const found: { words: string; far: boolean }[] = [];
  if (taken_at !== undefined && incident.precision === "minute") {
    const differenceS = (Date.parse(taken_at) - Date.parse(incident.happened_at)) / 1000;
    const age = ageWords(Math.abs(differenceS));
    found.push({
      words: t(differenceS < 0 ? "incident.original.before" : "incident.original.after", { age }),
      far: Math.abs(differenceS) > FAR_S,
    });
  }
  if (lon !== undefined && lat !== undefined && incident.lon != null && incident.lat != null) {
    const metres = leg([lon, lat], [incident.lon, incident.lat]).metres;
    const distance = metresWords(metres);
    found.push({ words: t("incident.original.away", { distance }), far: metres > FAR_M });
  }
  return found;
}
