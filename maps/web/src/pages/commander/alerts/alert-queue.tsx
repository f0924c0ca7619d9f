/**
 * What waits for a person: calls for help on top, always; then offers of the other bank, other alerts, and what is
 * shared.
 */
import type { JSX } from "preact";
import { type Standing, standing } from "../../../live/alerts.ts";
import { allow, muted } from "../../../live/bell.ts";
import { unreadIncidents } from "../../../live/incidents.ts";
import { writers } from "../../../live/radio-texts.ts";
import { documents, live, liveStatus } from "../../../live/signals.ts";
import { Boundary } from "../../../widgets/frame/boundary.tsx";
import { Icon } from "../../../widgets/icons.tsx";
import { Empty, Loading } from "../../../widgets/load-states.tsx";
import type { Alert } from "../../../wire/documents.ts";
import { t } from "../../../words/index.ts";
import { alerts, calls, ended, offers, ours, underWay, waiting } from "../desk/queue.ts";
import { AlertCard } from "./alert-card.tsx";
import { IncidentCards, IncidentsOfTheDay } from "./incident-cards.tsx";
import { EndedOffer, OfferCard, OwnOffer } from "./offer-cards.tsx";
import { MuteChoice } from "./sound-mute.tsx";
import { SuspendedBars, SuspensionNotices } from "./suspension-notices.tsx";
import { TargetList } from "./target-list.tsx";
import { RadioTextCards } from "./text-cards.tsx";

const GROUPS: Standing[] = ["known", "aside"];

export function AlertQueue(): JSX.Element {
  const known = documents.value !== null;
  const stopped = liveStatus.value.stale || liveStatus.value.refused !== null;
  const empty =
    alerts.value.length +
      offers.value.length +
      underWay.value.length +
      ended.value.length +
      writers.value.length +
      unreadIncidents.value.length ===
    0;
  return (
    <section class="panel" aria-labelledby="alerts-title">
      <header class="panel-head">
        <h2 id="alerts-title">{t("alerts.title")}</h2>
        <span class="count num">
          {known ? t("alerts.count", { n: waiting.value + writers.value.length + unreadIncidents.value.length }) : ""}
        </span>
        <MuteChoice />
      </header>
      <div class="scroll">
        <Muted />
        {stopped && (
          <div class="broken">
            <Icon name="warn" />
            <p>
              <b>{t("alerts.stopped")}</b> {t("alerts.stopped_what")}
            </p>
            {liveStatus.value.refused === null && (
              <button class="button" onClick={() => live.retryNow()}>
                {t("stale.retry")}
              </button>
            )}
          </div>
        )}
        {!known && !stopped && <Loading />}
        <Cards alerts={calls.value} />
        {offers.value.map((offer) => (
          <Boundary key={offer.id} name={`offer ${offer.id}`}>
            <OfferCard offer={offer} />
          </Boundary>
        ))}
        <Boundary name="SuspendedBars">
          <SuspendedBars />
        </Boundary>
        {ended.value.map((offer) => (
          <Boundary key={offer.id} name={`offer ${offer.id}`}>
            <EndedOffer offer={offer} />
          </Boundary>
        ))}
        {underWay.value.map((offer) => (
          <Boundary key={offer.id} name={`offer ${offer.id}`}>
            <OwnOffer offer={offer} />
          </Boundary>
        ))}
        {known && empty && <Empty title={t("alerts.empty")}>{t("alerts.empty_how")}</Empty>}
        <Group group="waiting" />
        <Boundary name="SaidCards">
          <RadioTextCards />
        </Boundary>
        <Boundary name="IncidentCards">
          <IncidentCards />
        </Boundary>
        {GROUPS.map((group) => (
          <Group key={group} group={group} />
        ))}
        <Boundary name="IncidentsOfTheDay">
          <IncidentsOfTheDay />
        </Boundary>
        <Boundary name="TargetList">
          <TargetList />
        </Boundary>
        <Boundary name="Sharing">
          <SuspensionNotices />
        </Boundary>
      </div>
    </section>
  );
}

function Group({ group }: { group: Standing }): JSX.Element | null {
  const mine = alerts.value.filter((alert) => !calls.value.includes(alert) && standing(alert) === group);
  if (mine.length === 0) return null;
  return (
    <>
      {group !== "waiting" && <h3 class="queue-head">{t(`alerts.${group}`)}</h3>}
      <Cards alerts={mine} />
    </>
  );
}

function Cards({ alerts: some }: { alerts: readonly Alert[] }): JSX.Element | null {
  if (some.length === 0) return null;
  return (
    <ul class="queue">
      {some.map((alert) => (
        <Boundary key={alert.id} name={`alert ${alert.id}`} as="li">
          <AlertCard alert={alert} own={alert.agency === ours.value} />
        </Boundary>
      ))}
    </ul>
  );
}

/** Says that the page cannot sound, until it may. */
function Muted(): JSX.Element | null {
  if (!muted.value) return null;
  return (
    <div class="queue-bar" role="status">
      <Icon name="mute" />
      <p>{t("bell.muted")}</p>
      <button class="button" onClick={allow}>
        {t("bell.allow")}
      </button>
    </div>
  );
}
