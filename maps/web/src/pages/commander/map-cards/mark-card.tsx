/** A marked place: what, where, who marked it, how long ago, until when; and what can be made of it. */
import type { JSX } from "preact";
import { coordinateFormat } from "../../../browser/preferences.ts";
import { coordinateWords } from "../../../geo/coordinates.ts";
import { metresWords } from "../../../geo/place-words.ts";
import { agencyName } from "../../../session/agencies.ts";
import { now } from "../../../session/clock.ts";
import { KEEP_MARKS, LOG_INCIDENTS, MESSAGE_RADIOS, OPEN_TARGETS } from "../../../session/permissions.ts";
import { may, timeZone } from "../../../session/session.ts";
import { ageSeconds, ageWords, minuteWords } from "../../../session/times.ts";
import { Icon } from "../../../widgets/icons.tsx";
import { OnRadios, sendToRadios } from "../../../widgets/radio-share.tsx";
import { tip } from "../../../widgets/tip.ts";
import type { Mark } from "../../../wire/documents.ts";
import { t } from "../../../words/index.ts";
import { markedId, openMark, standingMarks } from "../desk/marks.ts";
import { ours } from "../desk/queue.ts";
import { notify } from "../desk/selection.ts";
import { flyToPlace } from "../map/map-sync.ts";
import { endMark, logIncident, makeHazard, makeTarget, markPlace } from "./mark-acts.ts";

export function MarkCard(): JSX.Element | null {
  const mark = openMark.value;
  if (mark === null) return null;
  const own = mark.agency === ours.value;
  const place = [
    mark.place ?? "",
    coordinateWords(mark.lon, mark.lat, coordinateFormat.value),
    mark.radius_m ? t("mark.radius", { size: metresWords(mark.radius_m) }) : "",
  ]
    .filter(Boolean)
    .join(" · ");
  return (
    <section class="measure-card" id="mark-card" aria-label={t("mark.title", { name: mark.name })}>
      <header>
        <Icon name={mark.use === "hazard" ? "warn" : "flag"} />
        <h2>{mark.name}</h2>
        <button
          class="icon-button"
          title={tip(t("mark.shut"), "Esc")}
          aria-label={t("mark.shut")}
          onClick={() => {
            markedId.value = "";
          }}
        >
          <Icon name="close" />
        </button>
      </header>
      <p>
        <b>{t(`mark.use.${mark.use ?? "place"}`)}</b> · {senderWords(mark)} · <span class="num">{whenWords(mark)}</span>
      </p>
      {mark.remarks && <p class="said">{mark.remarks}</p>}
      <p class="num dim">{place}</p>
      {mark.target && <p>{t("mark.has_target")}</p>}
      {mark.incident && <p>{t("mark.has_incident")}</p>}
      {own && may(MESSAGE_RADIOS) && <OnRadios place={mark} />}
      <div class="actions">
        {may(OPEN_TARGETS) && !mark.target && (
          <button class="button" onClick={() => makeTarget(mark)}>
            {t("mark.target")}
          </button>
        )}
        {may(LOG_INCIDENTS) && !mark.incident && (
          <button class="button" onClick={() => logIncident(mark)}>
            {t("mark.incident")}
          </button>
        )}
        {own && may(KEEP_MARKS) && mark.use !== "hazard" && (
          <button class="button" onClick={() => makeHazard(mark)}>
            {t("mark.hazard")}
          </button>
        )}
        {own && may(MESSAGE_RADIOS) && (
          <button class="button" onClick={() => void sendToRadios(mark, notify)}>
            {t("mark.to_radios")}
          </button>
        )}
        {own && may(KEEP_MARKS) && (
          <button class="button" onClick={() => endMark(mark)}>
            {t("mark.end")}
          </button>
        )}
      </div>
    </section>
  );
}

/** All of them in words, for whoever does not press on the map; and the way to mark one. */
export function MarkList(): JSX.Element {
  const marks = standingMarks.value;
  return (
    <>
      {may(KEEP_MARKS) && (
        <p>
          <button class="button" onClick={markPlace}>
            {t("mark.new")}
          </button>
        </p>
      )}
      {marks.length === 0 ? (
        <p class="hint">{t("mark.none")}</p>
      ) : (
        <ul class="queue" id="marks">
          {marks.map((mark) => (
            <li key={mark.id} class="alert">
              <button
                class="alert-what"
                title={t("alert.show")}
                onClick={() => {
                  markedId.value = mark.id;
                  flyToPlace(mark.lon, mark.lat);
                }}
              >
                <Icon name={mark.use === "hazard" ? "warn" : "flag"} />
                <span class="alert-title">{mark.name}</span>
                <span class="alert-age num">{ageWords(ageSeconds(mark.marked_at, now.value) ?? 0)}</span>
                <span class="alert-who">{senderWords(mark)}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function senderWords(mark: Mark): string {
  const by = mark.sender || t("mark.by_office");
  return mark.agency === ours.value ? by : `${by} · ${agencyName(mark.agency)}`;
}

function whenWords(mark: Mark): string {
  const age = ageWords(ageSeconds(mark.marked_at, now.value) ?? 0);
  return `${t("age.ago", { age })} · ${t("mark.ends", { time: minuteWords(Date.parse(mark.ends_at), now.value, timeZone.value) })}`;
}
