/** Who or what is followed: the same that the map shows, in words. */
import type { JSX } from "preact";
import { agencyName } from "../../../session/agencies.ts";
import { now } from "../../../session/clock.ts";
import { MESSAGE_RADIOS } from "../../../session/permissions.ts";
import { may } from "../../../session/session.ts";
import { ageSeconds, ageWords } from "../../../session/times.ts";
import { ProtectedButton } from "../../../widgets/dialogs/protected-button.tsx";
import { Icon } from "../../../widgets/icons.tsx";
import { OnRadios, sendToRadios } from "../../../widgets/radio-share.tsx";
import type { Target } from "../../../wire/documents.ts";
import { t } from "../../../words/index.ts";
import { mayOffer, ours, targets } from "../desk/queue.ts";
import { handOver } from "../desk/queue-acts.ts";
import { landingWords, sightingWords } from "../desk/queue-words.ts";
import { notify } from "../desk/selection.ts";
import { flyToPlace } from "../map/map-sync.ts";

export function TargetList(): JSX.Element | null {
  if (targets.value.length === 0) return null;
  return (
    <>
      <h3 class="queue-head">{t("targets.title")}</h3>
      <ul class="queue">
        {targets.value.map((target) => (
          <Card key={target.id} target={target} />
        ))}
      </ul>
    </>
  );
}

function Card({ target }: { target: Target }): JSX.Element {
  const last = target.sightings?.at(-1);
  const landing = target.prediction?.landing;
  const own = target.agency === ours.value;
  const offers = own && (target.state ?? "followed") === "followed" && mayOffer.value;
  const shows = own && last !== undefined && may(MESSAGE_RADIOS);
  const has = target.custodian ?? target.agency;
  return (
    <li class="alert">
      <button class="alert-what" title={t("alert.show")} onClick={() => last && flyToPlace(last.lon, last.lat)}>
        <Icon name="target" />
        <span class="alert-title">{target.name}</span>
        {last && <span class="alert-age num">{ageWords(ageSeconds(last.at, now.value) ?? 0)}</span>}
        <span class="alert-who">
          {has === ours.value ? t("target.ours") : t("target.theirs", { agency: agencyName(has) })}
        </span>
        {last && <span class="alert-place num">{sightingWords(last)}</span>}
        {landing && <span class="alert-state num">{t("target.lands_there", { where: landingWords(landing) })}</span>}
      </button>
      {shows && (
        <div class="alert-more">
          <OnRadios place={target} />
        </div>
      )}
      {own && (
        <div class="alert-acts">
          {offers && (
            <button class="button" onClick={() => handOver(target)}>
              {t("target.hand_over")}
            </button>
          )}
          {shows && (
            <button class="button" onClick={() => void sendToRadios(target, notify)}>
              {t("mark.to_radios")}
            </button>
          )}
          <ProtectedButton kind="target" id={target.id} about={target.name} />
        </div>
      )}
    </li>
  );
}
