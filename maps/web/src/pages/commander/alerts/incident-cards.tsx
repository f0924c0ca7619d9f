/** Incidents: what is new, as quiet cards; those of a day, as a list; a photo, large. */
import type { JSX } from "preact";
import {
  fetchIncidents,
  incidentsOfTheDay,
  markIncidentRead,
  openPhoto,
  unreadIncidents,
} from "../../../live/incidents.ts";
import { everyone } from "../../../live/signals.ts";
import { unitOf } from "../../../live/unread-incidents.ts";
import { agencyName } from "../../../session/agencies.ts";
import { now } from "../../../session/clock.ts";
import { CONFIRM_INCIDENTS } from "../../../session/permissions.ts";
import { may, session } from "../../../session/session.ts";
import { ageSeconds, ageWords } from "../../../session/times.ts";
import { ProtectedButton } from "../../../widgets/dialogs/protected-button.tsx";
import { Icon } from "../../../widgets/icons.tsx";
import { useModal } from "../../../widgets/modal.ts";
import { tip } from "../../../widgets/tip.ts";
import type { Incident } from "../../../wire/documents.ts";
import type { UnitState } from "../../../wire/units.ts";
import { categoryWords } from "../../../words/incident-words.ts";
import { t } from "../../../words/index.ts";
import { ours } from "../desk/queue.ts";
import { send } from "../desk/queue-acts.ts";
import { spotWords } from "../desk/queue-words.ts";
import { flyToPlace } from "../map/map-sync.ts";
import { PhotoOriginals } from "./photo-originals.tsx";

/** One card for each that nobody at this console has seen. */
export function IncidentCards(): JSX.Element | null {
  if (unreadIncidents.value.length === 0) return null;
  return (
    <ul class="queue">
      {unreadIncidents.value.map((each) => (
        <li key={each.id} class="alert alert-waiting said">
          <IncidentOf incident={each} fresh />
        </li>
      ))}
    </ul>
  );
}

/** Those of the last day, seen or not: shut until somebody asks. */
export function IncidentsOfTheDay(): JSX.Element {
  return (
    <details
      class="incidents"
      onToggle={(event) => {
        if (event.currentTarget.open) void fetchIncidents();
      }}
    >
      <summary>
        {t("layer.incidents")} <span class="num">{incidentsOfTheDay.value.length}</span>
      </summary>
      <IncidentList incidents={incidentsOfTheDay.value} />
    </details>
  );
}

/** What a unit told of in the last day. */
export function IncidentsOfUnit({ unit }: { unit: UnitState }): JSX.Element | null {
  const mine = incidentsOfTheDay.value.filter((each) => unitOf(each, everyone.value ?? [])?.id === unit.id);
  return mine.length === 0 ? null : (
    <div class="unit-incidents">
      <h3>{t("layer.incidents")}</h3>
      <IncidentList incidents={mine} />
    </div>
  );
}

function IncidentList({ incidents }: { incidents: readonly Incident[] }): JSX.Element {
  if (incidents.length === 0) return <p class="hint">{t("incident.none")}</p>;
  return (
    <ul class="queue">
      {incidents.map((each) => (
        <li key={each.id} class="alert said">
          <IncidentOf incident={each} />
        </li>
      ))}
    </ul>
  );
}

function IncidentOf({ incident, fresh = false }: { incident: Incident; fresh?: boolean }): JSX.Element {
  const { lon, lat } = incident;
  const who =
    everyone.value === null
      ? t("unit.some")
      : (unitOf(incident, everyone.value)?.call_sign ??
        (incident.by?.replace(/^key:/, "") || agencyName(incident.agency)));
  const place =
    lon == null || lat == null
      ? (incident.place_name ?? "")
      : spotWords(lon, lat, incident.happened_at, incident.place);
  return (
    <>
      <div class="alert-what">
        <Icon name="list" />
        <span class="alert-title">{t("incident.title", { category: categoryWords(incident) })}</span>
        <span class="alert-age num">{ageWords(ageSeconds(incident.happened_at, now.value) ?? 0)}</span>
        <span class="alert-who">{who}</span>
        {incident.narrative && (
          <span class="alert-who">
            <q>{incident.narrative}</q>
          </span>
        )}
        {place !== "" && <span class="alert-place">{place}</span>}
        {incident.agency === ours.value && <Confirmation state={incident.state ?? "reported"} />}
        {(incident.photos ?? []).length > 0 && (
          <span class="photos">
            {incident.photos?.map((photo) => (
              <button
                key={photo}
                class="photo"
                title={t("incident.photo")}
                aria-label={t("incident.photo")}
                onClick={() => {
                  openPhoto.value = photo;
                }}
              >
                <img src={`/api/photos/${photo}`} alt="" loading="lazy" />
              </button>
            ))}
          </span>
        )}
        {(incident.photos ?? []).length > 0 && <PhotoOriginals incident={incident} photos={incident.photos ?? []} />}
      </div>
      <div class="alert-acts">
        {lon != null && lat != null && (
          <button class="button" onClick={() => flyToPlace(lon, lat)}>
            {t("alert.show")}
          </button>
        )}
        <Decisions incident={incident} />
        {fresh && (
          <button class="button" title={tip(t("incident.seen"), "e")} onClick={() => markIncidentRead(incident.id)}>
            {t("incident.seen")}
          </button>
        )}
      </div>
    </>
  );
}

/** That an own incident waits for somebody to confirm it, and for whom; the other side is shown what was confirmed. */
function Confirmation({ state }: { state: NonNullable<Incident["state"]> }): JSX.Element | null {
  if (state !== "reported" && state !== "corrected") return null;
  const who =
    session.value?.node.second_person === false ? t("incident.who_confirms") : t("incident.who_else_confirms");
  return (
    <span class="alert-state">{`${t(state === "reported" ? "incident.unconfirmed" : "incident.confirm_again")} ${who}`}</span>
  );
}

/** What an office says of it: that it is so, whether it had a part in the other side's, and who must not be named. */
function Decisions({ incident }: { incident: Incident }): JSX.Element | null {
  const path = `/api/incidents/${encodeURIComponent(incident.id)}`;
  const state = incident.state ?? "reported";
  const own = incident.agency === ours.value;
  const isAsked =
    !own &&
    state !== "withdrawn" &&
    incident.credited?.some((each) => each.agency === ours.value && each.agreed === undefined);
  const confirms = may(CONFIRM_INCIDENTS);
  return (
    <>
      {confirms && own && (state === "reported" || state === "corrected") && (
        <button
          class="button"
          onClick={() => void send("incident.not_confirmed", `${path}/confirm`, { version: incident.version ?? 1 })}
        >
          {t("incident.confirm")}
        </button>
      )}
      {confirms && isAsked && (
        <button class="button" onClick={() => void send("incident.not_answered", `${path}/credit`, { agrees: true })}>
          {t("incident.credit_yes")}
        </button>
      )}
      {confirms && isAsked && (
        <button class="button" onClick={() => void send("incident.not_answered", `${path}/credit`, { agrees: false })}>
          {t("incident.credit_no")}
        </button>
      )}
      {own && (
        <ProtectedButton
          kind="incident"
          id={incident.id}
          about={t("incident.title", { category: categoryWords(incident) })}
        />
      )}
    </>
  );
}

export function PhotoDialog(): JSX.Element | null {
  return openPhoto.value === "" ? null : <Photo photo={openPhoto.value} />;
}

function Photo({ photo }: { photo: string }): JSX.Element {
  const dialog = useModal();
  const incident = incidentsOfTheDay.value.find((each) => each.photos?.includes(photo));
  const shut = (): void => {
    openPhoto.value = "";
  };
  return (
    <dialog ref={dialog} class="dialog photo-dialog" aria-label={t("incident.photo")} onClose={shut} onCancel={shut}>
      <header class="dialog-head">
        <h2>{t("incident.photo")}</h2>
        <button class="icon-button" aria-label={t("dialog.close")} title={t("dialog.close")} onClick={shut}>
          <Icon name="close" />
        </button>
      </header>
      <div class="photo">
        <img src={`/api/photos/${photo}`} alt={t("incident.photo")} />
      </div>
      {incident !== undefined && <PhotoOriginals incident={incident} photos={[photo]} whole />}
    </dialog>
  );
}
