/** Hand-offs: what the other bank offers, what became of our own offers, and the word over the map that one waits. */
import type { ComponentChildren, JSX } from "preact";
import { speedWords } from "../../../geo/place-words.ts";
import { unreadIncidents } from "../../../live/incidents.ts";
import { unread, writers } from "../../../live/radio-texts.ts";
import { agencyName } from "../../../session/agencies.ts";
import { now } from "../../../session/clock.ts";
import { timeZone } from "../../../session/session.ts";
import { ageSeconds, ageWords, minuteWords } from "../../../session/times.ts";
import { Icon } from "../../../widgets/icons.tsx";
import { tip } from "../../../widgets/tip.ts";
import type { HandOff } from "../../../wire/documents.ts";
import { t, type Words, wordsIfAny } from "../../../words/index.ts";
import {
  choosing,
  current,
  inView,
  isOpen,
  markRead,
  mayAnswer,
  mayOffer,
  offers,
  ours,
  waiting,
} from "../desk/queue.ts";
import { accept, callBack, decline } from "../desk/queue-acts.ts";
import { countdownWords, landingWords, offerName, sightingWords } from "../desk/queue-words.ts";
import { openTab } from "../desk/selection.ts";
import { flyToPlace } from "../map/map-sync.ts";

export function OfferCard({ offer }: { offer: HandOff }): JSX.Element {
  return (
    <article
      id={`card-${offer.id}`}
      tabIndex={-1}
      class="offer rings"
      aria-current={current.value?.id === offer.id}
      aria-label={t("offer.from", { agency: agencyName(offer.agency) })}
      {...choosing(offer.id)}
    >
      <Head offer={offer} words={t("offer.from", { agency: agencyName(offer.agency) })} />
      <Facts offer={offer} />
      {mayAnswer.value && (
        <div class="alert-acts">
          <button class="button primary" title={tip(t("offer.accept"), "y")} onClick={() => accept(offer)}>
            {t("offer.accept")}
          </button>
          <button class="button" title={tip(t("offer.decline"), "x")} onClick={() => decline(offer)}>
            {t("offer.decline")}
          </button>
        </div>
      )}
    </article>
  );
}

/** One of ours under way, or one of the other node's that we accepted and wait for. */
export function OwnOffer({ offer }: { offer: HandOff }): JSX.Element {
  const mine = offer.agency === ours.value;
  const words = stateWords(offer, agencyName(mine ? offer.to : offer.agency));
  return (
    <article id={`card-${offer.id}`} tabIndex={-1} class="offer offer-own" aria-label={words}>
      <Head offer={offer} words={words} />
      <Facts offer={offer} />
      {mine && isOpen(offer) && mayOffer.value && (
        <div class="alert-acts">
          <button class="button" title={tip(t("offer.call_back"), "b")} onClick={() => callBack(offer)}>
            {t("offer.call_back")}
          </button>
        </div>
      )}
    </article>
  );
}

/** How one ended, until it has been read. */
export function EndedOffer({ offer }: { offer: HandOff }): JSX.Element {
  const other = agencyName(offer.agency === ours.value ? offer.to : offer.agency);
  return (
    <div class="queue-bar" role="status">
      <Icon name="give" />
      <p>
        <b>{offerName(offer)}</b> · {stateWords(offer, other)}
        {offer.reason ? (
          <>
            : <q>{offer.reason}</q>
          </>
        ) : null}
      </p>
      <button
        class="icon-button"
        title={t("dialog.close")}
        aria-label={t("offer.read", { name: offerName(offer) })}
        onClick={() => markRead(offer.id)}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}

function Head({ offer, words }: { offer: HandOff; words: string }): JSX.Element {
  const last = offer.fixes?.at(-1);
  return (
    <button class="alert-what" title={t("alert.show")} onClick={() => last && flyToPlace(last.lon, last.lat)}>
      <Icon name="give" />
      <span class="alert-title">{words}</span>
      <span class="alert-age num">{ageWords(ageSeconds(offer.offered_at, now.value) ?? 0)}</span>
      <span class="alert-who">{offerName(offer)}</span>
      {offer.description && <span class="alert-place">{offer.description}</span>}
    </button>
  );
}

function Facts({ offer }: { offer: HandOff }): JSX.Element {
  const last = offer.fixes?.at(-1);
  const speed = offer.prediction?.speed_mps ?? last?.speed_mps ?? null;
  const landing = offer.prediction?.landing;
  const eta = landing?.eta ? Date.parse(landing.eta) : null;
  const left = Date.parse(offer.lapses_at) - now.value;
  return (
    <dl class="offer-facts">
      {landing && (
        <Fact words="offer.lands">
          {landingWords(landing)}
          {eta !== null && (
            <b class="offer-eta num">
              {eta >= now.value
                ? t("offer.lands_in", {
                    time: countdownWords(eta - now.value),
                    clock: minuteWords(eta, now.value, timeZone.value),
                  })
                : t("offer.landed", {
                    time: countdownWords(now.value - eta),
                    clock: minuteWords(eta, now.value, timeZone.value),
                  })}
            </b>
          )}
        </Fact>
      )}
      {last && (
        <Fact words="offer.last_seen">
          {sightingWords(last)}{" "}
          <span class="dim">{t("age.ago", { age: ageWords(ageSeconds(last.at, now.value) ?? 0) })}</span>
        </Fact>
      )}
      {speed !== null && <Fact words="unit.speed">{speedWords(speed)}</Fact>}
      {offer.note && (
        <Fact words="offer.note">
          <q>{offer.note}</q>
        </Fact>
      )}
      {isOpen(offer) && (
        <Fact words="offer.lapses">
          {left > 0 ? t("offer.lapses_in", { time: countdownWords(left) }) : t("offer.lapses_now")}
        </Fact>
      )}
    </dl>
  );
}

function Fact({ words, children }: { words: Words; children: ComponentChildren }): JSX.Element {
  return (
    <div>
      <dt>{t(words)}</dt>
      <dd class="num">{children}</dd>
    </div>
  );
}

/** Over the map, while the queue is out of sight: what waits, and the way to it. An offer takes the whole breadth. */
export function WaitingCard(): JSX.Element | null {
  const first = offers.value[0];
  const quiet = [
    ...(writers.value.length === 0 ? [] : [t("texts.wait", { n: unread.value.length })]),
    ...(unreadIncidents.value.length === 0 ? [] : [t("incident.wait", { n: unreadIncidents.value.length })]),
  ];
  const texts = quiet.length === 0 ? null : quiet.join(" ");
  if (inView.value || (waiting.value === 0 && texts === null)) return null;
  const eta = first?.prediction?.landing?.eta;
  const soon = eta ? Date.parse(eta) - now.value : 0;
  const left = first === undefined ? 0 : Date.parse(first.lapses_at) - now.value;
  return (
    <div
      class={
        first ? "waiting-card offer waiting-offer" : waiting.value > 0 ? "waiting-card" : "waiting-card waiting-texts"
      }
      role="status"
    >
      <Icon name={first ? "give" : waiting.value > 0 ? "bell" : "message"} />
      <p>
        <b>
          {first
            ? t("offer.waits", { agency: agencyName(first.agency), name: offerName(first) })
            : waiting.value > 0
              ? t("alerts.wait", { n: waiting.value })
              : texts}
        </b>
        {first && soon > 0 && (
          <span class="num" aria-live="off">
            {" "}
            {t("offer.lands_soon", { time: countdownWords(soon) })}
          </span>
        )}
        {first && left > 0 && (
          <span class="num" aria-live="off">
            {" "}
            {t("offer.answer_within", { time: countdownWords(left) })}
          </span>
        )}
        {first && waiting.value > 1 && <span> {t("alerts.also", { n: waiting.value - 1 })}</span>}
        {waiting.value > 0 && texts !== null && <span> {texts}</span>}
      </p>
      <button class="button" title={tip(t("key.alerts"), "q")} onClick={() => openTab("alerts")}>
        {t("distress.show")}
      </button>
    </div>
  );
}

function stateWords(offer: HandOff, agency: string): string {
  return wordsIfAny(`offer.state.${offer.state ?? "offered"}`, { agency }) ?? t("state.unknown");
}
